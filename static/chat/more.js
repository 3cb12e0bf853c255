// The small menu of one message: copy, forward, pin, recall, keep as material. Knows which lines fit; does no work.

import { el, icon } from "./dom.js";

const RECALL_WITHIN = 120000;

/** The lines of the menu for a message: [{icon, label, hand}]. */
export function lines(message, room, { evidence }) {
  const own = message.author_id !== null && message.author_id === room.me;
  const young = Date.now() - new Date(message.at).getTime() < RECALL_WITHIN;
  const pinned = room.state.now?.pins.some((pin) => pin.seq === message.seq);
  const found = [];
  if (message.text) found.push({ icon: "copy", label: "复制", hand: "copy" });
  if (!room.info.sealed && message.kind !== "announcement") found.push({ icon: "arrow-forward-up", label: "转发", hand: "forward" });
  if (room.can("pin")) found.push({ icon: "pin", label: pinned ? "取消置顶" : "置顶消息", hand: pinned ? "unpin" : "pin" });
  if (evidence && message.file && !message.seconds) found.push({ icon: "file-plus", label: "存为材料", hand: "evidence" });
  if (own && young && room.info.writable) found.push({ icon: "rotate", label: "撤回", hand: "recall" });
  else if (!own && room.can("recall")) found.push({ icon: "rotate", label: "撤回（管理）", hand: "recallOther" });
  return found;
}

/** Open the menu below `anchor` within `root`; closes by itself. */
export function openMenu(root, anchor, entries, choose) {
  root.querySelector(".im-menu")?.remove();
  const menu = el(
    "ul.im-menu",
    { role: "menu" },
    entries.map((entry) =>
      el("li", { role: "none" }, el("button", { type: "button", role: "menuitem", onclick: () => (close(), choose(entry.hand)) }, icon(entry.icon), entry.label)),
    ),
  );
  const outside = (event) => menu.contains(event.target) || close();
  const key = (event) => {
    if (event.key === "Escape") close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...menu.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  };
  function close() {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", key, true);
  }
  root.append(menu);
  const from = anchor.getBoundingClientRect();
  const within = root.getBoundingClientRect();
  const top = Math.min(from.bottom - within.top, within.height - menu.offsetHeight - 8);
  const left = Math.min(Math.max(8, from.left - within.left - menu.offsetWidth / 2), within.width - menu.offsetWidth - 8);
  menu.style.top = `${Math.max(8, top)}px`;
  menu.style.left = `${left}px`;
  menu.querySelector("button")?.focus();
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", key, true);
}

// A picture in full: the arrows go to the pictures before and after it in what is loaded, Escape closes.

import { el, icon } from "./dom.js";

/** Show `file` of the room in the dialog. */
export function show(dialog, room, file) {
  const pictures = room.timeline.messages.map((message) => message.file).filter((one) => one?.mime.startsWith("image/"));
  let at = Math.max(0, pictures.findIndex((one) => one.id === file.id));
  const draw = () => {
    const now = pictures[at] ?? file;
    const url = `${room.address}/files/${now.id}`;
    const step = (by, name, label) =>
      el("button.im-link", { type: "button", "aria-label": label, disabled: !pictures[at + by], onclick: () => go(by) }, icon(name));
    dialog.replaceChildren(
      el("img", { src: url, alt: now.name, onclick: () => dialog.close() }),
      el(
        "div.im-viewer-bar",
        {},
        step(-1, "chevron-left", "上一张"),
        el("span", {}, pictures.length > 1 ? `${at + 1}/${pictures.length}　${now.name}` : now.name),
        step(1, "chevron-right", "下一张"),
        el("a", { href: `${url}?download`, download: now.name }, icon("download"), "下载"),
        el("button.im-link", { type: "button", onclick: () => dialog.close() }, "关闭"),
      ),
    );
  };
  const go = (by) => {
    if (!pictures[at + by]) return;
    at += by;
    draw();
  };
  dialog.onkeydown = (event) => {
    if (event.key === "ArrowLeft") go(-1);
    if (event.key === "ArrowRight") go(1);
  };
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  draw();
  dialog.showModal();
}

// The page of all group chats: the list with what waits, a room beside it, new groups, search over all rooms.

import { askPeople } from "./asking.js";
import { connection } from "./connection.js";
import { el, icon, useIcons } from "./dom.js";
import { Finder } from "./finder.js";
import { day, dayName, time } from "./words.js";

const SOON = 400; // several messages at once are one look
const LOOK_EVERY = 60000;

class Page {
  constructor(root) {
    const { base, icons, open, csrf, me } = root.dataset;
    useIcons(icons);
    this.root = root;
    this.base = base;
    this.csrf = csrf;
    this.me = Number(me);
    this.open = Number(open) || null;
    this.tab = "open"; // or closed, or moderated: rooms one keeps order in
    this.rooms = [];
    this.part = (name) => root.querySelector(`[data-${name}]`);
    this.finder = new Finder(this.part("finder"), base, { jump: (hit) => this.show(hit.room_id, hit.seq) });
    this.#listen();
    this.look();
  }

  #listen() {
    const { root } = this;
    const line = connection(this.base);
    for (const name of ["online", "message", "mine", "change", "gone"]) line.addEventListener(name, () => this.#soon());
    line.addEventListener("read", ({ detail }) => detail.marks.some(([who]) => who === this.me) && this.#soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.#soon());
    setInterval(() => document.hidden || this.look(), LOOK_EVERY);
    this.part("filter").addEventListener("input", () => {
      this.#draw();
      if (this.tab === "moderated") this.#soon();
    });
    this.part("new").addEventListener("click", () => this.#found());
    this.part("search").addEventListener("click", () => this.#search());
    for (const tab of root.querySelectorAll("[data-tab]")) tab.addEventListener("click", () => this.#tab(tab));
    root.addEventListener("click", (event) => event.target.closest("[data-back]") && this.#back());
    addEventListener("popstate", () => this.#arrive());
  }

  #soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.look(), SOON);
  }

  /** Ask for the list anew. */
  async look() {
    const mine = (this.turn = (this.turn ?? 0) + 1);
    try {
      const words = this.part("filter").value.trim();
      const which = { open: "", closed: "?closed=1", moderated: `?moderated=${encodeURIComponent(words)}` }[this.tab];
      const response = await fetch(`${this.base}/chat/rooms${which}`, { headers: { Accept: "application/json" } });
      if (!response.ok || mine !== this.turn) return;
      const { rooms, unread } = await response.json();
      this.rooms = rooms;
      this.loaded = true;
      document.title = document.title.replace(/^\(\d+\) /, "").replace(/^/, unread ? `(${unread}) ` : "");
      this.#draw();
    } catch {
      // the next look will do
    }
  }

  #draw() {
    const words = this.part("filter").value.trim().toLowerCase();
    const shown = this.rooms.filter((room) => room.title.toLowerCase().includes(words));
    this.part("rooms").replaceChildren(...shown.map((room) => this.#line(room)));
    const none = this.part("none");
    none.hidden = !this.loaded || shown.length > 0;
    const nothing = { open: "您还没有加入群聊", closed: "没有已关闭的群聊", moderated: "没有您负责管理的群聊" };
    none.textContent = words ? "没有这样的群聊" : nothing[this.tab];
  }

  #line(room) {
    const about = room.subject.startsWith("ticket:");
    const here = room.id === this.open;
    const marks = ["im-room", here && "here", room.pinned && "pinned"].filter(Boolean).join(".");
    return el(
      "li",
      {},
      el(
        `a.${marks}`,
        {
          href: `${this.base}/chat?room=${room.id}`,
          "aria-current": here ? "true" : null,
          onclick: (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            this.show(room.id);
          },
        },
        el(`span.im-room-mark${about ? ".about" : ""}`, { "aria-hidden": "true" }, icon(about ? "clipboard-text" : "users-group")),
        el(
          "span.im-room-words",
          {},
          el("span.im-room-title", {}, el("b", {}, room.title), el("time", {}, when(room.last_at))),
          el("span.im-room-last", {}, room.mentions ? el("em", {}, "[有人@我]") : null, el("span", {}, room.last || "还没有消息"), room.pinned && icon("pin"), room.quiet && icon("volume"), badge(room)),
        ),
      ),
    );
  }

  /** Open a room beside the list, at a message when there is one. */
  async show(id, seq = 0) {
    const query = `room=${id}${seq ? `&seq=${seq}` : ""}`;
    history.pushState({}, "", `${this.base}/chat?${query}`);
    await this.#load(id, seq);
  }

  async #load(id, seq) {
    this.open = id;
    document.body.classList.toggle("chat-in-room", Boolean(id));
    this.#draw();
    if (!id) return this.part("pane").replaceChildren();
    return globalThis.htmx.ajax("GET", `${this.base}/chat/rooms/${id}/pane${seq ? `?seq=${seq}` : ""}`, { target: "#chats-pane", swap: "innerHTML" });
  }

  #arrive() {
    const asked = new URLSearchParams(location.search);
    this.#load(Number(asked.get("room")) || null, Number(asked.get("seq")) || 0);
  }

  #back() {
    history.pushState({}, "", `${this.base}/chat`);
    this.#load(null, 0);
    this.look();
  }

  #tab(tab) {
    this.tab = tab.dataset.tab;
    for (const one of this.root.querySelectorAll("[data-tab]")) one.setAttribute("aria-selected", String(one === tab));
    this.loaded = false;
    this.look();
  }

  #search() {
    const box = this.part("finder");
    box.hidden = !box.hidden;
    this.part("search").setAttribute("aria-expanded", String(!box.hidden));
    this.root.classList.toggle("searching", !box.hidden);
    if (!box.hidden) this.finder.focus();
  }

  async #found() {
    const key = crypto.randomUUID();
    const chosen = await askPeople({ title: "新建群聊", base: this.base, named: true, except: new Set([this.me]), action: "建群" });
    if (!chosen) return;
    const answer = await fetch(`${this.base}/chat/groups`, {
      method: "POST",
      body: JSON.stringify({ key, ...chosen }),
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf, Accept: "application/json" },
    })
      .then((response) => response.json())
      .catch(() => ({ error: { message: "网络不通，请稍后再试" } }));
    if (answer.error) {
      const notice = document.getElementById("notices");
      notice.replaceChildren(el("div.notice.notice-danger", { role: "alert" }, answer.error.message));
      return;
    }
    await this.show(answer.room);
    this.look();
  }
}

function badge(room) {
  if (!room.unread) return null;
  return el(`i.im-badge-count${room.quiet && !room.mentions ? ".quiet" : ""}`, { "aria-label": `${room.unread} 条未读` }, room.unread > 99 ? "99+" : String(room.unread));
}

function when(at) {
  if (!at) return "";
  return day(at) === day(Date.now()) ? time(at) : dayName(at);
}

const root = document.querySelector("[data-chats]");
if (root) new Page(root);

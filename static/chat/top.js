// What stays on top of the messages: the announcement until one has read it, and the pinned messages.

import { el, icon } from "./dom.js";

export class Top {
  constructor(part, room, find) {
    this.told = part("announcement");
    this.pins = part("pins");
    this.room = room;
    this.find = find;
    this.drawn = "";
  }

  draw() {
    const { room } = this;
    const { announcement = null, pins = [] } = room.state.now ?? {};
    const open = Boolean(announcement && room.info.member && !room.state.seen.has(room.me));
    const mark = JSON.stringify([announcement, pins, open]);
    if (mark === this.drawn) return;
    this.drawn = mark;
    this.told.hidden = !open;
    if (open) this.#announcement(announcement);
    this.pins.hidden = !pins.length;
    this.pins.replaceChildren(
      icon("pin"),
      el("div", {}, ...pins.map((pin) => el("button", { type: "button", onclick: () => this.find(pin.seq) }, el("b", {}, `${pin.author}：`), pin.text))),
    );
  }

  #announcement({ seq, author, text }) {
    this.told.replaceChildren(
      icon("speakerphone"),
      el("button.im-announcement-text", { type: "button", onclick: () => this.find(seq) }, el("b", {}, `群公告 · ${author}`), el("span", {}, text)),
      el("button.im-main", { type: "button", onclick: () => this.room.act("see", { seq }) }, "知道了"),
    );
  }
}

// The list of messages: keeps one element per line, redraws only what changed, and minds the scroll position.

import { bubble, daySeparator, notice, onItsWay, unreadDivider } from "./bubble.js";
import { day, dayName } from "./words.js";

const CLOSE = 180000; // messages of one author within three minutes stand together
const NEAR = 60; // pixels from the bottom that still count as being there

/** Who took it back, and why: one's own, another's own, or somebody who keeps order. */
function recalledWords(message, own) {
  const by = message.recalled_by || message.author;
  if (by === message.author && !message.reason) return own ? "您撤回了一条消息" : `${message.author} 撤回了一条消息`;
  return `${by} 撤回了 ${own ? "您" : message.author} 的一条消息${message.reason ? `，原因：${message.reason}` : ""}`;
}

export class List {
  constructor(box, room, hands) {
    this.box = box;
    this.scroller = box.parentElement;
    this.room = room;
    this.hands = hands;
    this.drawn = new Map();
    this.dividerAfter = null;
  }

  get atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  get nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 300;
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Draw what there is; `keep` holds the place of what is being read while older lines come in above it. */
  draw(uploads, { keep = false } = {}) {
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    const wanted = this.#lines(uploads);
    const kept = new Map();
    let at = this.box.firstElementChild;
    for (const { key, mark, make } of wanted) {
      const old = this.drawn.get(key);
      const element = old?.mark === mark ? old.element : make();
      kept.set(key, { mark, element });
      if (element === at) {
        at = at.nextElementSibling;
        continue;
      }
      const focused = old && old.element !== element && old.element.contains(document.activeElement);
      this.box.insertBefore(element, at);
      if (old && old.element !== element) {
        if (old.element === at) at = at.nextElementSibling;
        old.element.remove();
        if (focused) element.querySelector(".im-bubble")?.focus({ preventScroll: true });
      }
    }
    for (const [key, { element }] of this.drawn) if (!kept.has(key)) element.remove();
    this.drawn = kept;
    if (keep) this.scroller.scrollTop = this.scroller.scrollHeight - before;
  }

  find(seq) {
    return this.drawn.get(`m${seq}`)?.element ?? null;
  }

  #lines(uploads) {
    const { room } = this;
    const lines = [];
    let previous = null;
    let divided = false;
    for (const message of room.timeline.messages) {
      if (message.kind === "recall") continue;
      if (!previous || day(previous.at) !== day(message.at)) {
        const name = dayName(message.at);
        lines.push({ key: `d${message.seq}`, mark: name, make: () => daySeparator(name) });
        previous = null;
      }
      if (!divided && this.#isNew(message)) {
        divided = true;
        previous = null;
        lines.push({ key: "unread", mark: "", make: unreadDivider });
      }
      lines.push(this.#line(message, previous));
      previous = message;
    }
    for (const item of [...room.waiting, ...uploads]) lines.push(this.#waiting(item));
    return lines;
  }

  #isNew(message) {
    return this.dividerAfter !== null && message.seq > this.dividerAfter && message.author_id !== this.room.me;
  }

  #line(message, previous) {
    const { room } = this;
    const key = `m${message.seq}`;
    const own = message.author_id !== null && message.author_id === room.me;
    if (message.recalled) {
      const text = recalledWords(message, own);
      return { key, mark: text, make: () => notice(text) };
    }
    if (message.kind === "notice") return { key, mark: message.text, make: () => notice(message.text) };
    const joined = Boolean(
      previous &&
        previous.kind !== "notice" &&
        !previous.recalled &&
        previous.author_kind === message.author_kind &&
        previous.author_id === message.author_id &&
        new Date(message.at) - new Date(previous.at) < CLOSE,
    );
    const unread = own ? room.unreadBy(message).map((who) => who.name) : [];
    const mark = JSON.stringify([joined, own, unread, room.staff.length, room.info.writable, message.quote?.text]);
    const { hands } = this;
    return { key, mark, make: () => bubble(message, room, { own, joined, hands }) };
  }

  #waiting(item) {
    const { online } = this.room.connection;
    return {
      key: `w${item.client_id}`,
      mark: JSON.stringify([item.refused, online, Boolean(item.uploading)]),
      make: () => onItsWay(item, this.room, { online, hands: this.hands }),
    };
  }
}

// One chat on the page: ties the room, the list and the composer together.

import { Composer } from "./composer.js";
import { connection } from "./connection.js";
import { el, icon, useIcons } from "./dom.js";
import { Uploads } from "./files.js";
import { List } from "./list.js";
import { Room } from "./room.js";
import { inOneLine } from "./words.js";

const PAGES_BACK = 40; // how far to look for a quoted message

export class Chat {
  constructor(root) {
    const { room, base, csrf, icons } = root.dataset;
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    useIcons(icons);
    this.root = root;
    this.part = part;
    this.room = new Room(Number(room), connection(base), base);
    this.uploads = new Uploads(this.room, csrf, () => this.#draw());
    this.composer = new Composer(root, this.room, this.uploads);
    this.fresh = 0;
    this.list = new List(part("list"), this.room, {
      reply: (message) => this.composer.reply(message),
      recall: (message) => this.#recall(message),
      retry: (item) => (item.source ? this.uploads.retry(item) : this.room.retry(item.client_id)),
      discard: (item) => (item.source ? this.uploads.discard(item) : this.room.discard(item.client_id)),
      find: (seq) => this.#find(seq),
      open: (file, url) => this.#open(file, url),
      grown: () => this.stuck && this.list.toBottom(),
    });
    this.stuck = true;
    this.room.addEventListener("change", ({ detail }) => this.#changed(detail));
    part("scroll").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    part("fresh").addEventListener("click", () => this.list.toBottom());
    part("count").addEventListener("click", () => this.#showMembers());
    part("viewer").addEventListener("click", (event) => {
      if (event.target.tagName !== "A") part("viewer").close();
    });
    const heard = { signal: this.room.stop.signal };
    document.addEventListener("visibilitychange", () => this.#looked(), heard);
    new ResizeObserver(() => this.stuck && this.list.toBottom()).observe(part("scroll"));
    this.#draw();
  }

  close() {
    this.room.close();
  }

  #changed({ placed = [], first = false, sending = false, older = false }) {
    if (first) {
      const unread = placed.some((message) => message.seq > this.room.readSeq && message.author_id !== this.room.me);
      this.list.dividerAfter = unread ? this.room.readSeq : null;
    }
    const stay = !first && !sending && !this.stuck;
    this.#draw(older);
    if (!stay && !older) this.list.toBottom();
    const others = first ? [] : placed.filter((one) => one.author_id !== this.room.me && one.kind !== "recall");
    if (others.length) {
      if (stay) this.fresh += others.length;
      const last = others.at(-1);
      this.part("told").textContent = `${last.author}：${inOneLine(last)}`;
    }
    this.#drawFresh();
    this.#seen();
  }

  #draw(keep = false) {
    const { room, part } = this;
    const { info, connection: line } = room;
    const writable = Boolean(info?.writable);
    part("loading").hidden = room.timeline.started || Boolean(room.problem);
    part("offline").hidden = line.online || line.ended;
    part("ended").hidden = !line.ended;
    part("problem").hidden = !room.problem;
    part("problem").textContent = room.problem;
    part("closed").hidden = !info?.closed;
    part("left").hidden = !info || info.member || info.closed;
    this.composer.allow(writable);
    if (!info) return;
    part("title").textContent = info.title;
    part("count").querySelector("span").textContent = `${room.staff.length}`;
    part("begin").hidden = room.timeline.more;
    this.list.draw(this.uploads.items, { keep });
    if (!part("members").hidden) this.#drawMembers();
  }

  #scrolled() {
    this.stuck = this.list.atBottom;
    if (this.stuck) this.fresh = 0;
    this.#drawFresh();
    this.#seen();
    if (this.part("scroll").scrollTop < 80) this.room.older();
  }

  #drawFresh() {
    const button = this.part("fresh");
    button.hidden = !this.fresh;
    button.querySelector("span").textContent = `${this.fresh} 条新消息`;
  }

  #seen() {
    if (!document.hidden && this.stuck) this.room.seen();
  }

  /** Back at this page: what came meanwhile stands below a line. */
  #looked() {
    if (document.hidden) this.list.dividerAfter = this.room.timeline.last;
    else this.#seen();
  }

  async #recall(message) {
    const problem = await this.room.recall(message.seq);
    if (problem) this.#say(problem);
  }

  #say(text) {
    const box = this.part("said");
    box.textContent = text;
    box.hidden = false;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (box.hidden = true), 5000);
  }

  async #find(seq) {
    for (let page = 0; page < PAGES_BACK && !this.list.find(seq); page += 1) {
      if (!(await this.room.older())) break;
    }
    const line = this.list.find(seq);
    if (!line) return this.#say("没有找到原消息");
    line.scrollIntoView({ block: "center" });
    line.classList.add("found");
    setTimeout(() => line.classList.remove("found"), 2000);
    return line.querySelector(".im-bubble")?.focus({ preventScroll: true });
  }

  #open(file, url) {
    const viewer = this.part("viewer");
    viewer.replaceChildren(
      el("img", { src: url, alt: file.name }),
      el(
        "div.im-viewer-bar",
        {},
        el("span", {}, file.name),
        el("a", { href: `${url}?download`, download: file.name }, icon("download"), "下载"),
        el("button.im-link", { type: "button" }, "关闭"),
      ),
    );
    viewer.showModal();
  }

  #showMembers() {
    const box = this.part("members");
    box.hidden = !box.hidden;
    this.part("count").setAttribute("aria-expanded", String(!box.hidden));
    if (!box.hidden) this.#drawMembers();
  }

  #drawMembers() {
    this.part("members").replaceChildren(
      ...this.room.members.map((who) =>
        el(`span.im-person${who.kind === "bot" ? ".bot" : ""}`, {}, icon(who.kind === "bot" ? "robot" : "user"), who.name),
      ),
    );
  }
}

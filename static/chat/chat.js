// One chat on the page: ties the room, the list, the composer and what stands beside them together.

import { askText } from "./asking.js";
import { Composer } from "./composer.js";
import { connection } from "./connection.js";
import { useIcons } from "./dom.js";
import { Uploads } from "./files.js";
import { Finder } from "./finder.js";
import { List } from "./list.js";
import { lines, openMenu } from "./more.js";
import { chooseRoom, Panel } from "./panel.js";
import { Room } from "./room.js";
import { Top } from "./top.js";
import { show } from "./viewer.js";
import { inOneLine } from "./words.js";

export class Chat {
  constructor(root) {
    const { room, base, csrf, icons, seq } = root.dataset;
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    useIcons(icons);
    this.root = root;
    this.part = part;
    this.csrf = csrf;
    this.first = Number(seq) || null; // the message to begin at
    this.room = new Room(Number(room), connection(base), base);
    this.uploads = new Uploads(this.room, csrf, () => this.#draw());
    this.composer = new Composer(root, this.room, this.uploads);
    this.fresh = 0;
    this.list = new List(part("list"), this.room, {
      reply: (message) => this.composer.reply(message),
      more: (message, anchor) => this.#more(message, anchor),
      retry: (item) => (item.source ? this.uploads.retry(item) : this.room.retry(item.client_id)),
      discard: (item) => (item.source ? this.uploads.discard(item) : this.room.discard(item.client_id)),
      find: (seq_) => this.find(seq_),
      open: (file) => show(part("viewer"), this.room, file),
      grown: () => this.stuck && this.list.toBottom(),
    });
    this.stuck = true;
    this.panel = new Panel(root, this.room, (text) => this.#say(text));
    this.top = new Top(part, this.room, (seq_) => this.find(seq_));
    this.finder = new Finder(part("finder"), base, {
      room: this.room.id,
      people: () => this.room.staff,
      jump: (hit) => this.find(hit.seq),
    });
    this.room.addEventListener("change", ({ detail }) => this.#changed(detail));
    part("scroll").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    part("fresh").addEventListener("click", () => this.#toLatest());
    part("count").addEventListener("click", () => this.#info());
    root.addEventListener("im-info", () => this.#info());
    part("find").addEventListener("click", () => this.#search());
    const heard = { signal: this.room.stop.signal };
    document.addEventListener("visibilitychange", () => this.#looked(), heard);
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape());
    new ResizeObserver(() => this.stuck && this.list.toBottom()).observe(part("scroll"));
    this.#draw();
  }

  close() {
    this.composer.voice.cancel();
    this.room.close();
  }

  #changed({ placed = [], first = false, sending = false, older = false, newer = false, jumped = false, typing = false }) {
    if (typing) return this.#drawTyping();
    if (first) {
      const unread = placed.some((message) => message.seq > this.room.readSeq && message.author_id !== this.room.me);
      this.list.dividerAfter = unread ? this.room.readSeq : null;
    }
    if (sending && this.room.timeline.later) this.#toLatest();
    const stay = !first && !sending && !this.stuck;
    this.#draw(older);
    if (!stay && !older && !newer && !jumped && !this.room.timeline.later) this.list.toBottom();
    const others = first || newer || jumped ? [] : placed.filter((one) => one.author_id !== this.room.me && one.kind !== "recall");
    if (others.length) {
      if (stay) this.fresh += others.length;
      const last = others.at(-1);
      this.part("told").textContent = `${last.author}：${inOneLine(last)}`;
    }
    this.#drawFresh();
    this.#seen();
    if (first && this.first) {
      const wanted = this.first;
      this.first = null;
      this.find(wanted);
    }
    return undefined;
  }

  #draw(keep = false) {
    const { room, part } = this;
    const { info, connection: line } = room;
    const now = room.state.now;
    const writable = Boolean(info?.writable);
    part("loading").hidden = room.timeline.started || Boolean(room.problem);
    part("offline").hidden = line.online || line.ended;
    part("ended").hidden = !line.ended;
    part("problem").hidden = !room.problem;
    part("problem").textContent = room.problem;
    part("closed").hidden = !info?.closed;
    part("left").hidden = !info || info.member || info.closed || info.moderates;
    part("looking").hidden = !info || info.member || !info.moderates;
    part("hushed").hidden = !info?.member || info.closed || writable;
    part("hushed").textContent = info?.hushed ? "您已被禁言，暂时不能发言。" : "全员禁言中，只有群主和管理员可以发言。";
    part("quiet").hidden = !room.mine.quiet;
    this.composer.allow(writable);
    if (!info) return;
    part("title").textContent = now?.title ?? info.title;
    part("count").querySelector("span").textContent = `${room.staff.length}`;
    part("begin").hidden = room.timeline.more;
    this.list.draw(this.uploads.items, { keep });
    this.top.draw();
    this.panel.draw();
    this.#drawTyping();
  }

  #drawTyping() {
    const names = this.room.typing;
    const words = names.length > 2 ? `${names.length} 人正在输入…` : names.length ? `${names.join("、")} 正在输入…` : "";
    this.part("typing").textContent = words;
  }

  #scrolled() {
    const { timeline } = this.room;
    this.stuck = this.list.atBottom && !timeline.later;
    if (this.stuck) this.fresh = 0;
    this.#drawFresh();
    this.#seen();
    if (this.part("scroll").scrollTop < 80) this.room.older();
    if (timeline.later && this.list.nearEnd) this.room.newer();
  }

  #drawFresh() {
    const button = this.part("fresh");
    const { later } = this.room.timeline;
    button.hidden = !this.fresh && !later;
    button.querySelector("span").textContent = later ? "回到最新消息" : `${this.fresh} 条新消息`;
  }

  async #toLatest() {
    if (this.room.timeline.later) await this.room.latest();
    this.list.toBottom();
  }

  #seen() {
    if (!document.hidden && this.stuck) this.room.seen();
  }

  /** Back at this page: what came meanwhile stands below a line. */
  #looked() {
    if (document.hidden) this.list.dividerAfter = this.room.timeline.last;
    else this.#seen();
  }

  #more(message, anchor) {
    const entries = lines(message, this.room, { evidence: "evidence" in this.root.dataset });
    if (!entries.length) return this.#say("没有可用的操作");
    return openMenu(this.root, anchor, entries, (hand) => this.#hand(hand, message));
  }

  async #hand(hand, message) {
    const { room } = this;
    const { seq } = message;
    if (hand === "copy") await navigator.clipboard?.writeText(message.text);
    if (hand === "pin" || hand === "unpin") this.#say(await room.act("pin", { seq, on: hand === "pin" }));
    if (hand === "recall") this.#say(await room.recall(seq));
    if (hand === "recallOther") {
      const reason = await askText({ title: `撤回 ${message.author} 的消息`, hint: "群成员会看到撤回人和原因。", action: "撤回", danger: true });
      if (reason) this.#say(await room.recall(seq, reason));
    }
    if (hand === "forward") await this.#forward(seq);
    if (hand === "evidence") await this.#evidence(seq);
  }

  async #forward(seq) {
    const to = await chooseRoom(this.room.base, this.room.id);
    if (to === null) return;
    const problem = await this.room.act("forward", { seq, to, client_id: crypto.randomUUID() });
    this.#say(problem || "已转发");
  }

  async #evidence(seq) {
    try {
      const response = await fetch(`${this.room.address}/messages/${seq}/evidence`, {
        method: "POST",
        headers: { "X-CSRF-Token": this.csrf, Accept: "application/json" },
      });
      const answer = await response.json();
      this.#say(answer.error?.message ?? answer.said);
    } catch {
      this.#say("网络不通，请稍后再试");
    }
  }

  #say(text) {
    if (!text) return;
    const box = this.part("said");
    box.textContent = text;
    box.hidden = false;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (box.hidden = true), 5000);
  }

  /** Show the message of this number among those around it. */
  async find(seq) {
    if (!this.list.find(seq) && !(await this.room.around(seq))) return this.#say("没有找到原消息");
    const line = this.list.find(seq);
    if (!line) return this.#say("原消息已撤回");
    this.stuck = false;
    line.scrollIntoView({ block: "center" });
    line.classList.add("found");
    setTimeout(() => line.classList.remove("found"), 2000);
    if (innerWidth <= 600) this.part("finder").hidden = true;
    return line.querySelector(".im-bubble")?.focus({ preventScroll: true });
  }

  #info() {
    this.part("finder").hidden = true;
    this.part("count").setAttribute("aria-expanded", String(this.panel.toggle()));
  }

  #search() {
    if (this.panel.open) this.#info();
    const box = this.part("finder");
    box.hidden = !box.hidden;
    this.part("find").setAttribute("aria-expanded", String(!box.hidden));
    if (!box.hidden) this.finder.focus();
  }

  #escape() {
    if (this.panel.open) this.#info();
    this.part("finder").hidden = true;
  }
}

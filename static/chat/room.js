// One room as this page knows it: keeps the timeline whole, sends what waits, moves read marks. No DOM.
//
// Emits "change" {placed} whenever there is something else to show. Heals by asking for what came after
// the last number: at every connection, when a number is missing, when members change, every half minute.

import { Offline } from "./connection.js";
import { Outbox } from "./outbox.js";
import { State } from "./state.js";
import { Timeline } from "./timeline.js";

const HEAL_EVERY = 30000;
const LOOK_EVERY = 5000; // for who looks in from outside and is told nothing
const TYPING_EVERY = 3000;
const TYPING_LASTS = 5000;
const TRY_AGAIN = 3000;
const READ_AFTER = 2000;
const KEEP_TRYING = new Set(["error", "internal", "too_many", "unauthenticated"]);

export class Room extends EventTarget {
  constructor(id, connection, base) {
    super();
    this.id = id;
    this.connection = connection;
    this.base = base;
    this.address = `${base}/chat/rooms/${id}`;
    this.timeline = new Timeline();
    this.state = new State();
    this.may = new Set();
    this.mine = { quiet: false, pinned: false };
    this.online = new Set();
    this.typists = new Map();
    this.outbox = new Outbox(id);
    this.info = null;
    this.me = null;
    this.problem = "";
    this.readSeq = 0;
    this.stop = new AbortController();
    const heard = { signal: this.stop.signal };
    connection.addEventListener("online", () => this.#online(), heard);
    connection.addEventListener("offline", () => this.#changed(), heard);
    connection.addEventListener("message", ({ detail }) => this.#message(detail), heard);
    connection.addEventListener("change", ({ detail }) => detail.room === id && this.#change(detail), heard);
    // the room was closed to this person with its past: what stands on the screen goes too
    connection.addEventListener("gone", ({ detail }) => detail.room === id && globalThis.location.reload(), heard);
    connection.addEventListener("mine", ({ detail }) => detail.room === id && this.sync(), heard);
    connection.addEventListener("seen", ({ detail }) => detail.room === id && this.#seenBy(detail), heard);
    connection.addEventListener("typing", ({ detail }) => detail.room === id && this.#typist(detail), heard);
    connection.addEventListener("read", ({ detail }) => this.#marks(detail), heard);
    document.addEventListener("visibilitychange", () => document.hidden || this.sync(), heard);
    this.healing = setInterval(() => this.#heal(), LOOK_EVERY);
    this.healed = Date.now();
    if (connection.online) this.#online();
  }

  close() {
    this.stop.abort();
    clearInterval(this.healing);
  }

  get members() {
    return this.state.members;
  }

  get staff() {
    return this.members.filter((member) => member.kind === "staff");
  }

  /** Messages on their way that are not in the timeline yet. */
  get waiting() {
    return this.outbox.items.filter((item) => !this.timeline.sent.has(item.client_id));
  }

  /** Names of those who have not read this message of mine. */
  unreadBy(message) {
    return this.staff.filter((who) => who.staff_id !== message.author_id && who.read_seq < message.seq);
  }

  can(right) {
    return this.may.has(right);
  }

  /** Names of those who are typing now. */
  get typing() {
    const now = Date.now();
    return this.staff.filter((who) => (this.typists.get(who.staff_id) ?? 0) > now).map((who) => who.name);
  }

  #heal() {
    const looking = this.info && !this.info.member && this.info.moderates;
    if (document.hidden || Date.now() - this.healed < (looking ? LOOK_EVERY : HEAL_EVERY)) return;
    this.healed = Date.now();
    this.sync();
  }

  async #online() {
    await this.sync();
    await this.flush();
  }

  /** Fetch what is missing; asked while it runs, it runs once more. */
  async sync() {
    if (this.syncing) {
      this.again = true;
      return;
    }
    this.syncing = true;
    try {
      do {
        this.again = false;
        const since = this.timeline.started ? this.timeline.last : null;
        const { later } = this.timeline;
        const answer = await this.connection.ask("join", { room: this.id, since, only_state: later });
        if (answer.error) {
          this.problem = answer.error.message;
          this.#changed();
          return;
        }
        this.#take(answer, since === null);
        if (since !== null && answer.more) this.again = true;
      } while (this.again);
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
      this.#changed();
    } finally {
      this.syncing = false;
    }
  }

  #take(answer, first) {
    this.problem = "";
    this.me = answer.me;
    this.info = answer.room;
    this.state.take(answer.state, answer.members, answer.seen);
    this.may = new Set(answer.may);
    this.mine = answer.mine;
    this.mirror = answer.mirror;
    this.online = new Set(answer.online);
    this.readSeq = this.#mine()?.read_seq ?? 0; // behind what was told when a process died: told again
    const { timeline } = this;
    const { placed } = first
      ? timeline.start(answer.messages, answer.more)
      : timeline.add(answer.messages);
    this.#changed({ placed, first });
  }

  #mine() {
    return this.members.find((member) => member.staff_id === this.me);
  }

  #message({ room, message }) {
    if (room !== this.id || !this.timeline.started) return;
    const { placed, gap } = this.timeline.add([message]);
    if (placed.length) this.#changed({ placed });
    if (gap) this.sync();
  }

  #marks({ room, marks }) {
    if (room !== this.id) return;
    this.state.marks(marks);
    this.#changed();
  }

  /** The room itself changed; what it means for one's own rights only the server says. */
  #change(detail) {
    const before = this.state.now;
    const { applied, stale } = this.state.change(detail);
    const mine = detail.gone.includes(this.me) || detail.members.some((who) => who.staff_id === this.me);
    const { closed, hushed } = detail.state;
    if (applied) this.#changed();
    if (stale || mine || before?.closed !== closed || before?.hushed !== hushed) this.sync();
  }

  #seenBy({ seq, staff_id }) {
    this.state.sawAnnouncement(seq, staff_id);
    this.#changed();
  }

  #typist({ staff_id }) {
    this.typists.set(staff_id, Date.now() + TYPING_LASTS);
    this.#changed({ typing: true });
    setTimeout(() => this.#changed({ typing: true }), TYPING_LASTS + 50);
  }

  /** This person is typing: told to the others now and then. */
  type() {
    if (Date.now() - (this.typed ?? 0) < TYPING_EVERY || !this.info?.writable) return;
    this.typed = Date.now();
    this.connection.ask("typing", { room: this.id }).catch(() => {});
  }

  /** Have something done in the room; the reason why not, or "". */
  async act(act, data = {}) {
    try {
      return (await this.connection.ask("act", { room: this.id, act, ...data })).error?.message ?? "";
    } catch {
      return "网络不通，请稍后再试";
    }
  }

  send(draft) {
    this.outbox.add(draft);
    this.#changed({ sending: true });
    this.flush();
  }

  retry(clientId) {
    this.outbox.retry(clientId);
    this.#changed();
    this.flush();
  }

  discard(clientId) {
    this.outbox.remove(clientId);
    this.#changed();
  }

  /** Send what waits, one after the other, so that they stand in the order they were written. */
  async flush() {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (let item; (item = this.outbox.next()) && !this.stop.signal.aborted; ) {
        const { client_id, text, mentions, reply_to, file, to_all = false, seconds = null } = item;
        const draft = { room: this.id, client_id, text, mentions, reply_to, to_all, seconds, file_id: file?.id ?? null };
        const { error, message } = await this.connection.ask("post", draft);
        if (error && KEEP_TRYING.has(error.code)) throw new Offline();
        if (error) this.outbox.refuse(client_id, error.message);
        else this.#sent(client_id, message);
        this.#changed();
      }
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
      if (this.connection.online) setTimeout(() => this.flush(), TRY_AGAIN);
    } finally {
      this.flushing = false;
    }
  }

  #sent(clientId, message) {
    const { placed, gap } = this.timeline.add([message]);
    this.outbox.remove(clientId);
    if (placed.length) this.#changed({ placed });
    if (gap) this.sync();
  }

  /** Everything shown has been seen; told a moment later, once for all. */
  seen() {
    const { last } = this.timeline;
    if (last <= this.readSeq || this.timeline.later || this.reading || !this.info?.member) return;
    this.reading = setTimeout(async () => {
      this.reading = null;
      const upTo = this.timeline.last;
      try {
        const answer = await this.connection.ask("read", { room: this.id, seq: upTo });
        if (!answer.error) this.readSeq = Math.max(this.readSeq, upTo);
      } catch (error) {
        if (!(error instanceof Offline)) throw error;
      }
    }, READ_AFTER);
  }

  /** Take a message back; the reason why not, or "". */
  async recall(seq, reason = "") {
    try {
      return (await this.connection.ask("recall", { room: this.id, seq, reason })).error?.message ?? "";
    } catch {
      return "网络不通，请稍后再试";
    }
  }

  /** Fetch the page before the first message shown; false when there is none or the network is away. */
  async older() {
    if (this.fetching || !this.timeline.more) return false;
    this.fetching = true;
    try {
      const page = await this.#page(`before=${this.timeline.first}`);
      if (!page) return false;
      const taken = this.timeline.older(page.messages, page.more);
      if (taken) this.#changed({ older: true });
      return taken;
    } catch {
      return false;
    } finally {
      this.fetching = false;
    }
  }

  /** Fetch the page after the last message shown, after a jump into the past. */
  async newer() {
    if (this.fetching || !this.timeline.later) return;
    this.fetching = true;
    try {
      const page = await this.#page(`after=${this.timeline.last}`);
      if (!page) return;
      this.timeline.newer(page.messages, page.more);
      this.#changed({ newer: true });
      if (!this.timeline.later) this.sync();
    } finally {
      this.fetching = false;
    }
  }

  /** Show the messages around this one; false when there is no such message or the network is away. */
  async around(seq) {
    const page = await this.#page(`around=${seq}`);
    if (!page) return false;
    this.timeline.start(page.messages, page.more, page.newer);
    this.#changed({ jumped: true });
    return true;
  }

  /** Back to the latest messages. */
  async latest() {
    this.timeline.started = false;
    this.timeline.later = false;
    this.timeline.early.clear();
    await this.sync();
  }

  async #page(what) {
    try {
      const response = await fetch(`${this.address}/messages?${what}`, { headers: { Accept: "application/json" } });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  #changed(detail = {}) {
    if (!this.stop.signal.aborted) this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

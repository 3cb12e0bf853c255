// One room as this page knows it: keeps the timeline whole, sends what waits, moves read marks. No DOM.
//
// Emits "change" {placed} whenever there is something else to show. Heals by asking for what came after
// the last number: at every connection, when a number is missing, when members change, every half minute.

import { Offline } from "./connection.js";
import { Outbox } from "./outbox.js";
import { Timeline } from "./timeline.js";

const HEAL_EVERY = 30000;
const TRY_AGAIN = 3000;
const READ_AFTER = 2000;
const KEEP_TRYING = new Set(["error", "internal", "too_many", "unauthenticated"]);

export class Room extends EventTarget {
  constructor(id, connection, base) {
    super();
    this.id = id;
    this.connection = connection;
    this.address = `${base}/chat/rooms/${id}`;
    this.timeline = new Timeline();
    this.outbox = new Outbox(id);
    this.info = null;
    this.me = null;
    this.members = [];
    this.problem = "";
    this.readSeq = 0;
    this.stop = new AbortController();
    const heard = { signal: this.stop.signal };
    connection.addEventListener("online", () => this.#online(), heard);
    connection.addEventListener("offline", () => this.#changed(), heard);
    connection.addEventListener("message", ({ detail }) => this.#message(detail), heard);
    connection.addEventListener("members", ({ detail }) => detail.room === id && this.sync(), heard);
    connection.addEventListener("read", ({ detail }) => this.#marks(detail), heard);
    document.addEventListener("visibilitychange", () => document.hidden || this.sync(), heard);
    this.healing = setInterval(() => document.hidden || this.sync(), HEAL_EVERY);
    if (connection.online) this.#online();
  }

  close() {
    this.stop.abort();
    clearInterval(this.healing);
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
        const answer = await this.connection.ask("join", { room: this.id, since });
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
    this.members = answer.members;
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
    const moved = new Map(marks);
    this.members = this.members.map((member) => {
      const seq = moved.get(member.staff_id) ?? 0;
      return seq > member.read_seq ? { ...member, read_seq: seq } : member;
    });
    this.#changed();
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
        const { client_id, text, mentions, reply_to, file } = item;
        const draft = { room: this.id, client_id, text, mentions, reply_to, file_id: file?.id ?? null };
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
    if (last <= this.readSeq || this.reading || !this.info?.member) return;
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
  async recall(seq) {
    try {
      return (await this.connection.ask("recall", { room: this.id, seq })).error?.message ?? "";
    } catch {
      return "网络不通，请稍后再试";
    }
  }

  /** Fetch the page before the first message shown; false when there is none or the network is away. */
  async older() {
    if (this.fetching || !this.timeline.more) return false;
    this.fetching = true;
    try {
      const response = await fetch(`${this.address}/messages?before=${this.timeline.first}`, {
        headers: { Accept: "application/json" },
      });
      if (!response.ok) return false;
      const page = await response.json();
      const taken = this.timeline.older(page.messages, page.more);
      if (taken) this.#changed({ older: true });
      return taken;
    } catch {
      return false;
    } finally {
      this.fetching = false;
    }
  }

  #changed(detail = {}) {
    if (!this.stop.signal.aborted) this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

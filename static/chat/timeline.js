// The messages of a room in order, whatever the network does to them. Pure: no DOM, no socket, no clock.
//
// `last` is the number up to which nothing is missing. A message beyond a gap is held until the gap is
// filled; whoever holds the timeline then asks the server for what came after `last`. After a jump into the
// past the list ends before the latest messages (`later`); what comes meanwhile waits until one gets there.

export class Timeline {
  constructor() {
    this.messages = [];
    this.last = 0;
    this.more = false;
    this.later = false;
    this.started = false;
    this.early = new Map();
    this.recalled = new Map();
    this.sent = new Set();
  }

  get first() {
    return this.messages.length ? this.messages[0].seq : this.last + 1;
  }

  /** Begin with the latest page, or with one in the past when there are newer ones. */
  start(messages, more, later = false) {
    this.started = true;
    this.messages = [];
    this.more = more;
    this.later = later;
    this.last = messages.length ? messages[0].seq - 1 : 0;
    return this.add(messages);
  }

  /** Take messages that came by any road; gives those now in place, in order, and whether some are missing. */
  add(messages) {
    const placed = [];
    for (const message of messages) {
      if (message.seq > this.last) this.early.set(message.seq, message);
      if (message.kind === "recall") this.#recall(message);
    }
    for (let next; (next = this.early.get(this.last + 1)); ) {
      this.early.delete(next.seq);
      this.last = next.seq;
      this.messages.push(next);
      this.sent.add(next.client_id);
      placed.push(next);
    }
    for (const seq of this.early.keys()) if (seq <= this.last) this.early.delete(seq);
    this.messages = this.messages.map((message) => this.#asItStands(message));
    return { placed, gap: this.early.size > 0 && !this.later };
  }

  /** Put a newer page behind; `later`: there are still newer ones beyond it. */
  newer(messages, later) {
    const { placed } = this.add(messages);
    this.later = later && !this.early.has(this.last + 1);
    return placed;
  }

  /** Put an older page in front; a page that does not end where ours begins is ignored. */
  older(messages, more) {
    if (messages.length && messages.at(-1).seq !== this.first - 1) return false;
    for (const message of messages) {
      this.sent.add(message.client_id);
      if (message.kind === "recall") this.#recall(message);
    }
    this.messages = [...messages, ...this.messages].map((message) => this.#asItStands(message));
    this.more = more;
    return true;
  }

  #recall(message) {
    this.recalled.set(message.recalls, { recalled_by: message.author, reason: message.reason });
  }

  /** The message without the words of what was recalled; the same object when nothing changes. */
  #asItStands(message) {
    const recall = this.recalled.get(message.seq);
    if (recall && !message.recalled) {
      const gone = { text: "", file: null, seconds: null, mentions: [], to_all: false, quote: null };
      return { ...message, ...gone, recalled: true, ...recall };
    }
    if (message.quote?.text && this.recalled.has(message.quote.seq)) {
      return { ...message, quote: { ...message.quote, text: "" } };
    }
    return message;
  }
}

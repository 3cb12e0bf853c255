// Messages not yet acknowledged, kept in this tab's sessionStorage so that a reload loses none of them.
// Sent again with the same client id they are the same message, so sending twice does no harm.

export class Outbox {
  constructor(room, storage = globalThis.sessionStorage) {
    this.key = `huiyin-chat:${room}`;
    this.storage = storage;
    this.items = this.#load();
  }

  add(draft) {
    const item = { client_id: crypto.randomUUID(), at: new Date().toISOString(), refused: "", ...draft };
    this.items.push(item);
    this.#save();
    return item;
  }

  /** The next one to send: refused ones wait for the person. */
  next() {
    return this.items.find((item) => !item.refused);
  }

  refuse(clientId, reason) {
    this.#change(clientId, { refused: reason });
  }

  retry(clientId) {
    this.#change(clientId, { refused: "" });
  }

  remove(clientId) {
    this.items = this.items.filter((item) => item.client_id !== clientId);
    this.#save();
  }

  #change(clientId, what) {
    this.items = this.items.map((item) => (item.client_id === clientId ? { ...item, ...what } : item));
    this.#save();
  }

  #load() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  #save() {
    try {
      if (this.items.length) this.storage.setItem(this.key, JSON.stringify(this.items));
      else this.storage.removeItem(this.key);
    } catch {
      // storage full or forbidden: the queue still lives as long as the page
    }
  }
}

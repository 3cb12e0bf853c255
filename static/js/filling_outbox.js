// What was answered and is not on the server yet: a queue by question, sent one after another, tried again until it is
// through. Kept in localStorage while it waits, so that a closed page loses nothing; on screens of the hospital in
// memory alone. The last writer of an answer wins by `counter`, on all devices alike.

const PAUSES = [1000, 2000, 5000, 10000, 30000];

export class Outbox {
  constructor({ form, setting, say, over, refused }) {
    Object.assign(this, { setting, say, over, refused, api: form.dataset.api, via: form.dataset.via, token: form.dataset.token });
    this.prefix = this.api.slice(0, -"/p/api/responses".length);
    this.name = `huiyin-filling:${location.pathname}`;
    this.ahead = setting.now - Date.now();
    this.queue = {};
    this.closing = false;
    this.failures = 0;
    this.busy = false;
    this.timer = 0;
    this.last = 0;
    addEventListener("online", () => this.go());
    document.addEventListener("visibilitychange", () => this.go(true));
  }

  /** What waits from before: answers by code, the screen one was on, or another address where the response goes on. */
  open() {
    let kept = null;
    try {
      kept = this.setting.store ? JSON.parse(localStorage.getItem(this.name) || "null") : null;
    } catch {
      kept = null; // somebody else's, or no storage at all
    }
    if (!kept) return { queue: {} };
    if (kept.begun && kept.id !== this.setting.id && this.via === "s") {
      const there = `${this.prefix}/p/r/${kept.id.replaceAll("-", "")}${kept.key}`;
      this.forget();
      this.name = `huiyin-filling:${there}`;
      this.#store({ ...kept });
      return { queue: {}, elsewhere: there };
    }
    if (this.via !== "s" && kept.id !== this.setting.id && this.setting.begun) {
      this.queue = kept.queue || {}; // another device began it meanwhile: our answers go there
    } else {
      Object.assign(this.setting, { id: kept.id, key: kept.key, begun: this.setting.begun || kept.begun });
      this.queue = kept.queue || {};
    }
    return { queue: this.queue, where: kept.where };
  }

  #store(what) {
    if (!this.setting.store) return;
    try {
      localStorage.setItem(this.name, JSON.stringify(what));
    } catch {
      // full or forbidden: it stays in memory
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.name);
    } catch {
      // no storage, nothing to forget
    }
  }

  remember(more = {}) {
    this.where = more.where ?? this.where;
    const { id, key, begun } = this.setting;
    this.#store({ id, key, begun, queue: this.queue, where: this.where });
  }

  /** An answer to be sent; `pause` waits for more typing. */
  put(code, answer, ms, pause = 0) {
    this.last = Math.max(this.last + 1, Date.now() + this.ahead);
    this.queue[code] = { answer, ms, counter: this.last };
    this.remember();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.go(), pause);
  }

  /** Send what waits, one after another. `leaving`: the page may be gone in a moment. */
  async go(leaving = false) {
    if (this.closing || (this.busy && !leaving)) return;
    this.busy = true;
    try {
      if (!(await this.#begun())) return;
      for (let code; (code = Object.keys(this.queue)[0]) !== undefined; ) {
        const sent = this.queue[code];
        const answer = await this.#send("PUT", `/${this.setting.id}/answers/${encodeURIComponent(code)}`, sent);
        if (!answer) return;
        if (answer.status === 404) {
          this.setting.begun = false;
          if (!(await this.#begun())) return;
          continue;
        }
        if (answer.status === 409) {
          this.forget();
          this.over();
          return;
        }
        if (this.queue[code] === sent) delete this.queue[code];
        if (answer.status === 422) this.refused(code, answer.told.error.details[0]?.reason || answer.told.error.message);
        this.remember();
      }
      this.failures = 0;
      if (this.setting.begun) this.say("saved");
    } finally {
      this.busy = false;
    }
  }

  async #begun(always = false) {
    if (this.setting.begun) return true;
    if (!always && !Object.keys(this.queue).length) return false;
    const answer = await this.#send("POST", "", { id: this.setting.id, key: this.setting.key, via: this.via, token: this.token });
    if (!answer) return false;
    if (answer.status !== 200 || answer.told.completed) {
      this.forget();
      this.over();
      return false;
    }
    Object.assign(this.setting, { id: answer.told.id, key: answer.told.key, begun: true });
    this.remember();
    return true;
  }

  /** The answer of the server, or null when it has to be tried again later. */
  async #send(method, path, body) {
    let response = null;
    try {
      response = await fetch(this.api + path, {
        method,
        keepalive: true,
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-Response-Key": this.setting.key },
        body: JSON.stringify(body),
      });
    } catch {
      this.#later(this.setting.store ? "offline" : "waiting");
      return null;
    }
    if (response.status === 429 || response.status >= 500) {
      this.#later("busy", Number(response.headers.get("Retry-After")) * 1000);
      return null;
    }
    return { status: response.status, told: await response.json() };
  }

  #later(words, pause = 0) {
    this.say(this.closing ? "ending" : words);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.go(), Math.max(pause, PAUSES[Math.min(this.failures, PAUSES.length - 1)]));
    this.failures += 1;
  }

  /** Keep a file; its id, or "" when that failed. */
  async upload(file) {
    if (!(await this.#begun(true))) return "";
    const data = new FormData();
    data.append("file", file);
    try {
      const answer = await fetch(`${this.api}/${this.setting.id}/files`, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        headers: { Accept: "application/json", "X-Response-Key": this.setting.key },
      });
      return answer.ok ? (await answer.json()).id : "";
    } catch {
      return "";
    }
  }

  /** Hand it in, with what was not sent yet: what the server says, {then} or {details}; waits as long as it takes. */
  async end(times) {
    this.say("sending");
    this.closing = true;
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#try(times);
      if (answer) {
        this.closing = false;
        return answer;
      }
      clearTimeout(this.timer);
      await new Promise((wake) => {
        addEventListener("online", wake, { once: true });
        setTimeout(wake, PAUSES[Math.min(tries, PAUSES.length - 1)]);
      });
    }
  }

  async #try(times) {
    const answers = Object.fromEntries(Object.entries(this.queue).map(([code, { answer }]) => [code, answer]));
    const { id, key } = this.setting;
    const begin = this.setting.begun || this.via === "r" ? null : { id, key, via: this.via, token: this.token };
    const answer = await this.#send("POST", `/${id}/end`, { answers, times, begin });
    if (!answer) return null;
    if (answer.status === 422) {
      this.say("");
      return { details: answer.told.error.details };
    }
    this.forget();
    if (answer.status >= 400) {
      this.over();
      return {};
    }
    return answer.told;
  }
}

// What the designer asks the server: preview, save, publish. Answers are JSON; a refusal is a Problem with its faults.

export class Problem extends Error {
  constructor({ message, details = [] }, status) {
    super(message);
    this.details = details;
    this.status = status;
  }
}

export class Server {
  constructor({ base, csrf }) {
    this.base = base;
    this.csrf = csrf;
  }

  async ask(what, body) {
    let answer;
    try {
      answer = await fetch(`${this.base}/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": this.csrf, "HX-Request": "true" },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Problem({ message: "网络不通，稍后会再试" }, 0);
    }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(told.error ?? { message: "登录已失效或系统故障，请刷新页面" }, answer.status);
    return { ...told, goTo: answer.headers.get("HX-Redirect") };
  }
}

/** Saves the draft a moment after the last change, one request at a time, and says how it stands. */
export class Saver {
  #timer = null;
  #running = null;
  #dirty = false;

  constructor(server, store, revision, say) {
    Object.assign(this, { server, store, revision, say });
  }

  later() {
    this.#dirty = true;
    this.say("待保存…");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now().catch(() => {}), 900);
  }

  get waiting() {
    return this.#dirty || this.#running !== null;
  }

  /** Save what is not saved yet; throws the Problem when it is refused. */
  async now() {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running.catch(() => {});
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#running = this.#send();
    try {
      await this.#running;
      this.say(this.#dirty ? "待保存…" : "草稿已保存");
    } catch (problem) {
      this.#dirty = true;
      this.say(`没有保存：${problem.message}`, true);
      if (problem.status === 0) this.#timer = setTimeout(() => this.now().catch(() => {}), 5000);
      throw problem;
    } finally {
      this.#running = null;
    }
  }

  async #send() {
    const told = await this.server.ask("save", { draft: this.store.draft, revision: this.revision });
    this.revision = told.revision;
  }
}

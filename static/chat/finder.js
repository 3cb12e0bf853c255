// Search: what was said in this room or in all of one's rooms; person, files and days narrow it. Draws hits, jumps nowhere.

import { el, icon } from "./dom.js";
import { dayName, time } from "./words.js";

const WAIT = 250;

export class Finder {
  /** `room` null: in all rooms. `people` gives [{staff_id, name}] to choose from; `jump(hit)` shows a hit. */
  constructor(box, base, { room = null, people = () => [], jump }) {
    this.box = box;
    this.base = base;
    this.room = room;
    this.people = people;
    this.jump = jump;
    this.turn = 0;
    this.#build();
  }

  #build() {
    const field = (attributes) => el("input", { ...attributes, oninput: () => this.#soon() });
    this.q = field({ type: "search", placeholder: this.room ? "搜索聊天记录" : "搜索所有群聊", "aria-label": "搜索聊天记录", maxlength: 100 });
    this.author = el("select", { "aria-label": "发言人", onchange: () => this.#soon() }, el("option", { value: "" }, "所有人"));
    this.files = field({ type: "checkbox" });
    this.since = field({ type: "date", "aria-label": "起始日期" });
    this.until = field({ type: "date", "aria-label": "结束日期" });
    this.list = el("ol.im-hits");
    this.told = el("p.im-hits-none", { role: "status" }, "输入一个字也可以搜索");
    this.again = el("button.im-link", { type: "button", hidden: true, onclick: () => this.#ask(true) }, "更早的结果");
    const filters = [this.room && this.author, el("label.im-check", {}, this.files, "只看文件"), el("span.im-days", {}, this.since, "至", this.until)];
    this.box.replaceChildren(
      el("div.im-finder-bar", {}, icon("search"), this.q),
      el("details.im-filters", {}, el("summary", {}, "筛选"), el("div", {}, ...filters.filter(Boolean))),
      el("div.im-hits-box", {}, this.told, this.list, this.again),
    );
  }

  focus() {
    const known = new Set([...this.author.options].map((one) => one.value));
    for (const who of this.people()) {
      if (!known.has(String(who.staff_id))) this.author.append(el("option", { value: who.staff_id }, who.name));
    }
    this.q.focus();
  }

  #soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#ask(false), WAIT);
  }

  async #ask(more) {
    const mine = (this.turn += 1);
    const words = this.q.value.trim();
    const asked = new URLSearchParams();
    if (words) asked.set("q", words);
    if (this.room) asked.set("room", this.room);
    if (this.author.value) asked.set("author", this.author.value);
    if (this.files.checked) asked.set("files", "true");
    if (this.since.value) asked.set("since", this.since.value);
    if (this.until.value) asked.set("until", this.until.value);
    if (more && this.last) asked.set("before", this.last);
    let found = null;
    try {
      const response = await fetch(`${this.base}/chat/search?${asked}`, { headers: { Accept: "application/json" } });
      found = await response.json();
    } catch {
      found = { error: { message: "网络不通，请稍后再试" } };
    }
    if (mine === this.turn) this.#show(found, words, more);
  }

  #show({ hits = [], more: further = false, error }, words, more) {
    this.told.textContent = error?.message ?? (hits.length || more ? "" : "没有找到相关消息");
    this.told.hidden = !this.told.textContent;
    const lines = hits.map((hit) => this.#line(hit, words));
    if (more) this.list.append(...lines);
    else this.list.replaceChildren(...lines);
    this.last = hits.at(-1)?.id ?? this.last;
    this.again.hidden = !further;
  }

  #line(hit, words) {
    const when = `${dayName(hit.at)} ${time(hit.at)}`;
    const what = hit.file ? `${hit.mime.startsWith("image/") ? "[图片]" : "[文件]"} ${hit.file} ${hit.text}` : hit.text;
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", onclick: () => this.jump(hit) },
        el("span.im-hit-head", {}, el("b", {}, hit.author), this.room ? null : el("em", {}, hit.title), el("small", {}, when)),
        el("span.im-hit-text", {}, lit(around(what, words), words)),
      ),
    );
  }
}

/** The part of a long text that holds the first of the words. */
function around(text, words) {
  const line = text.replace(/\s+/g, " ");
  const at = line.toLowerCase().indexOf(words.toLowerCase().split(/\s+/)[0] ?? "");
  return at > 30 ? `…${line.slice(at - 20, at + 100)}` : line.slice(0, 120);
}

function lit(text, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const low = text.toLowerCase();
  const found = [];
  let done = 0;
  while (done < text.length) {
    const next = wanted.map((word) => [low.indexOf(word, done), word]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0])[0];
    if (!next) break;
    const [at, word] = next;
    found.push(text.slice(done, at), el("mark", {}, text.slice(at, at + word.length)));
    done = at + word.length;
  }
  return [...found, text.slice(done)];
}

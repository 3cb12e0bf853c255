// How the draft looks, on a phone or a desk, to be tried; and why each question is shown or not.

import { el, icon } from "../../chat/dom.js";
import { evaluate } from "../logic.js";
import { enliven } from "../question_kinds.js";
import { attach } from "../questionnaire.js";
import { Reader } from "./readout.js";

export class Preview {
  #timer = null;
  #asked = 0;

  constructor(box, store, server, facts, hear, { languages = [], steps = [] } = {}) {
    Object.assign(this, { box, store, server, facts, hear, languages, language: "", steps, without: new Set() });
    this.way = el("div.design-chips.design-way", { role: "group", "aria-label": "这次就诊经过的环节" });
    this.sheet = el("div.design-sheet");
    this.trace = el("ol.design-trace");
    this.said = el("p.design-said", { role: "status" });
    this.form = el("form", { onsubmit: (event) => event.preventDefault() }, this.sheet);
    box.replaceChildren(this.#head(), this.way, this.said, el("div.design-device", { "data-look": "phone" }, this.form), this.#tracing());
    store.listen((what) => (what === "draft" ? this.later() : this.#look("phone"))); // what is chosen wants the editor
  }

  #head() {
    const all = [["phone", "手机", "device-mobile"], ["desk", "电脑", "device-desktop"], ["kiosk", "自助机", "building-hospital"], ["large", "大字", "eye"]];
    const looks = all.map(([look, label, picture]) =>
      el("button.btn.btn-sm", { type: "button", "data-look": look, "aria-pressed": String(look === "phone"), onclick: () => this.#look(look) }, icon(picture), label),
    );
    const reset = el("button.btn.btn-sm", { type: "button", onclick: () => this.draw() }, icon("refresh"), "重填");
    const spoken = el(
      "select.form-select.form-select-sm",
      { "aria-label": "语言", onchange: () => this.#speak(spoken.value) },
      ...[["", "中文"], ...this.languages].map(([code, words]) => el("option", { value: code }, words)),
    );
    const tools = this.languages.length ? [spoken, reset] : [reset];
    return el("div.design-preview-head", {}, el("h2.design-head", {}, icon("eye"), "预览与试填"), el("div.btn-group", {}, ...looks), ...tools);
  }

  /** For a questionnaire by steps of care: which steps the tried visit has. */
  #steps() {
    const named = new Set(this.store.questions.map((item) => item.step).filter(Boolean));
    const chips = this.steps.filter(([step]) => named.has(step)).map(([step, words]) => {
      const on = !this.without.has(step);
      const press = () => {
        this.without[on ? "add" : "delete"](step);
        this.draw();
      };
      return el(`button.design-chip${on ? ".on" : ""}`, { type: "button", "aria-pressed": String(on), onclick: press }, words);
    });
    this.way.replaceChildren(...(chips.length ? [el("small", {}, "就诊环节："), ...chips] : []));
  }

  #speak(language) {
    this.language = language;
    this.draw();
  }

  #look(look) {
    this.box.closest(".design").classList.toggle("design-wide", look === "desk" || look === "kiosk");
    this.box.querySelector(".design-device").dataset.look = look;
    for (const button of this.box.querySelectorAll("[data-look]")) button.setAttribute("aria-pressed", String(button.dataset.look === look));
  }

  #tracing() {
    return el("details.design-tracing", {}, el("summary", {}, icon("route"), "逻辑跟踪：每道题为什么显示或不显示"), this.trace);
  }

  later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.draw({ keep: true }), 350);
  }

  /** Ask the server how it looks; an answer that was overtaken is dropped. With `keep`, what was tried stays where it still fits. */
  async draw({ keep = false } = {}) {
    const mine = ++this.#asked;
    this.#steps();
    let told;
    try {
      told = await this.server.ask("preview", { draft: this.store.draft, language: this.language, without: [...this.without] });
    } catch (problem) {
      if (mine !== this.#asked) return;
      this.said.textContent = [problem.message, ...problem.details.map((fault) => `${fault.label}：${fault.reason}`)].join("；");
      return;
    }
    if (mine !== this.#asked) return;
    const { html, sound, problems } = told;
    this.said.textContent = sound ? "" : "显示条件或跳题有误，改好之前预览显示全部题目。";
    const part = document.createElement("template");
    part.innerHTML = html;
    const tried = keep ? this.#tried() : null;
    this.sheet.replaceChildren(part.content);
    if (tried) this.#again(tried);
    const root = this.sheet.querySelector("[data-questionnaire]");
    root.dataset.awake = "";
    const { conditions } = JSON.parse(root.dataset.questionnaire);
    this.#lines = [];
    root.addEventListener("answered", () => this.#showTrace());
    attach(root, (code, seen, values) => {
      if (code === this.store.questions[0]?.code) this.#lines = [];
      this.#lines.push(this.#line(code, seen, values, conditions[code]));
    });
    this.#showTrace();
    enliven(this.sheet);
    this.hear(problems);
  }

  /** What was filled in so far, and which controls were there to be filled in. */
  #tried() {
    return { names: new Set([...this.form.elements].map((control) => control.name)), data: new FormData(this.form) };
  }

  #again({ names, data }) {
    for (const control of this.form.elements) {
      if (!control.name || !names.has(control.name) || control.type === "file") continue;
      if (control.type === "radio" || control.type === "checkbox") control.checked = data.getAll(control.name).includes(control.value);
      else if (data.has(control.name)) control.value = data.get(control.name);
    }
  }

  #lines = [];

  #showTrace() {
    this.trace.replaceChildren(...this.#lines);
  }

  /** One question: shown or not, and each of its conditions with what it came to. */
  #line(code, seen, values, node) {
    const reader = new Reader(this.store.questions, this.facts, this.store.fixed);
    const words = (found) => (found === true ? "成立" : found === false ? "不成立" : "未知（还没有回答）");
    const parts = !node ? [] : node.op === "and" ? node.args : [node];
    return el(
      `li.design-step${seen ? ".on" : ""}`,
      {},
      el("b", {}, `${seen ? "显示" : "隐藏"} ${reader.subject({ q: code })}`),
      ...parts.map((part) => {
        const jump = part.op === "not" && part.args[0].op === "holds";
        const inner = jump ? part.args[0].args[0] : part;
        return el("small", {}, `${jump ? "跳题条件：" : "显示条件："}${reader.say(inner)} → ${words(evaluate(inner, values))}`);
      }),
      parts.length ? null : el("small", {}, "没有条件，始终显示"),
    );
  }
}

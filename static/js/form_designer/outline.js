// The list of questions: pages, order by dragging or by keyboard, what each one's rules say, where something is wrong.

import { el, icon, iconButton } from "../../chat/dom.js";
import { readable } from "./pipes.js";
import { Reader } from "./readout.js";

export class Outline {
  #dragged = null;

  constructor(box, store, facts, { bank = null, comments = null } = {}) {
    Object.assign(this, { store, facts, bank, comments, problems: [] });
    this.box = el("div");
    box.replaceChildren(this.box, this.#adding()); // what can be added stays open while the list is drawn anew
    store.listen(() => this.draw());
  }

  show(problems) {
    this.problems = problems;
    this.draw();
  }

  /** Draw anew; not under the hands of somebody who drags a question or types a page's title. */
  draw() {
    const { store } = this;
    if (this.#dragged !== null || (document.activeElement?.tagName === "INPUT" && this.box.contains(document.activeElement))) return;
    const reader = new Reader(store.questions, this.facts, store.fixed);
    const focused = document.activeElement?.closest?.("[data-line]")?.dataset.line;
    const wanted = document.activeElement?.dataset?.press;
    this.box.replaceChildren(this.#whole(), ...store.draft.pages.map((page, at) => this.#page(page, at, reader)));
    if (focused) {
      const line = this.box.querySelector(`[data-line="${focused}"]`);
      (line?.querySelector(wanted ? `[data-press="${wanted}"]` : ".design-line-go") ?? line)?.focus({ preventScroll: true });
    }
  }

  /** Title and introduction of the form. */
  #whole() {
    const here = this.problems.some((problem) => !problem.question);
    return el(
      `button.design-whole${this.store.selected === null ? ".here" : ""}`,
      { type: "button", onclick: () => this.store.select(null) },
      icon("forms"),
      el("span", {}, this.store.draft.title || (this.bank ? "未命名的问卷" : "未命名的表单")),
      here ? el("span.design-bad", { title: "有需要修改的地方" }, "!") : null,
    );
  }

  #page(page, at, reader) {
    const many = this.store.draft.pages.length > 1;
    const list = el("ol.design-lines", { "data-page": at }, ...page.items.map((item) => this.#line(item, reader)));
    list.addEventListener("dragover", (event) => this.#over(event, list));
    list.addEventListener("drop", (event) => this.#drop(event, list, at));
    return el("div.design-page", {}, many ? this.#pageHead(page, at) : null, list);
  }

  #pageHead(page, at) {
    const title = el("input.form-control.form-control-sm", {
      value: page.title,
      maxlength: 100,
      placeholder: "页标题（可不填）",
      "aria-label": `第 ${at + 1} 页的标题`,
      onchange: (event) => this.store.change("", (draft) => (draft.pages[at].title = event.target.value)),
      onblur: () => setTimeout(() => this.draw()),
    });
    const off = at ? iconButton("x", "并入上一页", () => this.store.removePage(at), ".design-press") : null;
    return el("div.design-page-head", {}, el("b", {}, `第 ${at + 1} 页`), title, off);
  }

  #line(item, reader) {
    const { store } = this;
    const kind = store.kinds.get(item.kind);
    const wrong = this.problems.filter((problem) => problem.question === item.code).length;
    const number = reader.numbers.get(item.code);
    const rules = [item.show_if ? reader.shown(item.show_if) : "", ...item.jumps.map((jump) => reader.jump(jump, item))];
    const press = (name, label, work) => {
      const button = iconButton(name, label, work, ".design-press");
      button.dataset.press = name;
      return button;
    };
    const line = el(
      `li.design-line${store.selected === item.code ? ".here" : ""}${wrong ? ".bad" : ""}`,
      { draggable: "true", "data-line": item.code },
      el(
        "button.design-line-go",
        { type: "button", onclick: () => store.select(item.code), title: "Alt+↑/↓ 调整顺序，Delete 删除" },
        icon(kind.icon),
        el(
          "span.design-line-words",
          {},
          el("b", {}, `${number ? `${number}. ` : ""}${item.title ? readable(item.title, store, this.facts) : "未命名的题目"}`, item.required ? el("i.must", {}, "*") : null),
          el("small", {}, kind.label),
          ...rules.filter(Boolean).map((rule) => el("small.design-rule", {}, icon("subtask"), rule)),
        ),
        this.comments?.of(item.code).length ? el("span.design-said-here", { title: "有未处理的意见" }, icon("message-dots")) : null,
        wrong ? el("span.design-bad", { title: `${wrong} 处需要修改` }, String(wrong)) : null,
      ),
      el(
        "span.design-line-acts",
        {},
        press("chevron-up", "上移", () => store.nudge(item.code, -1)),
        press("chevron-down", "下移", () => store.nudge(item.code, 1)),
        press("copy", "复制", () => store.copy(item.code)),
        press("trash", "删除", () => store.remove(item.code)),
      ),
    );
    line.addEventListener("keydown", (event) => this.#key(event, item.code));
    line.addEventListener("dragstart", (event) => {
      this.#dragged = item.code;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", item.title);
      line.classList.add("dragged");
    });
    line.addEventListener("dragend", () => {
      this.#dragged = null;
      this.draw();
    });
    return line;
  }

  #key(event, code) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step && event.altKey) {
      event.preventDefault();
      this.store.nudge(code, step);
    } else if (step && event.target.classList.contains("design-line-go")) {
      event.preventDefault();
      const all = [...this.box.querySelectorAll(".design-line-go")];
      all[all.indexOf(event.target) + step]?.focus();
    } else if (event.key === "Delete" && event.target.classList.contains("design-line-go")) {
      event.preventDefault();
      this.store.remove(code);
      this.box.querySelector(".design-line.here .design-line-go")?.focus();
    }
  }

  /** How many of the other lines stand above the pointer. */
  #place(event, list) {
    const others = [...list.children].filter((line) => line.dataset.line && line.dataset.line !== this.#dragged);
    const below = others.findIndex((line) => {
      const { top, height } = line.getBoundingClientRect();
      return event.clientY < top + height / 2;
    });
    return { others, at: below < 0 ? others.length : below };
  }

  #over(event, list) {
    if (this.#dragged === null) return;
    event.preventDefault();
    const { others, at } = this.#place(event, list);
    for (const line of this.box.querySelectorAll(".drop-before, .drop-after")) line.classList.remove("drop-before", "drop-after");
    if (others[at]) others[at].classList.add("drop-before");
    else others.at(-1)?.classList.add("drop-after");
  }

  #drop(event, list, pageAt) {
    if (this.#dragged === null) return;
    event.preventDefault();
    const { at } = this.#place(event, list);
    const code = this.#dragged;
    this.#dragged = null;
    this.store.move(code, pageAt, at);
  }

  #adding() {
    const { store } = this;
    const add = (kind) => (event) => {
      event.currentTarget.closest("details").open = false;
      store.add(kind);
    };
    return el(
      "div.design-adding",
      {},
      el(
        "details.design-kinds",
        {},
        el("summary.btn.btn-primary", {}, icon("plus"), "添加题目"),
        el(
          "div.design-kinds-grid",
          {},
          ...[...store.kinds.values()].map((kind) =>
            el("button.design-kind", { type: "button", "data-kind": kind.kind, onclick: add(kind.kind) }, icon(kind.icon), kind.label),
          ),
        ),
      ),
      el("button.btn", { type: "button", onclick: () => store.addPage() }, icon("file-plus"), "添加一页"),
      this.bank ? this.bank.chooser() : null,
    );
  }
}

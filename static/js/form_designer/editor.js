// The selected question, all that can be said about it; or, with none selected, the form's title and introduction.

import { el, icon, iconButton } from "../../chat/dom.js";
import { Subjects, conditionRows } from "./conditions.js";
import { decimal, field, line, pick, tick, whole } from "./fields.js";
import { languageList } from "./languages.js";
import { optionList } from "./options.js";
import { pictureField } from "./pictures.js";
import { pipes } from "./pipes.js";
import { Reader } from "./readout.js";
import { scoreList } from "./scores.js";
import { surveySettings } from "./survey_settings.js";

const NOTHING = new Set(["paragraph", "picture"]); // kinds that nobody answers

export class Editor {
  /** `more`: {start, server, pictures, bank, comments}; for feedback forms without bank and comments. */
  constructor(box, store, facts, more) {
    Object.assign(this, { box, store, facts, more, problems: [] });
    store.listen((what, detail) => {
      if (what === "selection" || !detail.includes("typed")) this.draw();
      else this.#readouts();
    });
  }

  show(problems) {
    this.problems = problems;
    this.#faults();
  }

  draw() {
    const key = document.activeElement?.dataset?.key;
    const grown = document.activeElement?.dataset?.adds;
    const { item } = this.store;
    this.box.replaceChildren(...(item ? this.#question(item) : this.#form()));
    this.#readouts();
    this.#faults();
    const back = grown ? [...this.box.querySelectorAll(`[data-key^="${grown}."]`)].at(-1) : key && this.box.querySelector(`[data-key="${key}"]`);
    back?.focus();
  }

  /** Problems told beside what they are about. */
  #faults() {
    for (const old of this.box.querySelectorAll(".fault")) old.remove();
    const code = this.store.selected ?? "";
    for (const { question, place, reason } of this.problems) {
      if (question !== code) continue;
      const steps = place.split(".");
      let spot = null;
      while (!spot && steps.length) {
        spot = this.box.querySelector(`[data-place="${steps.join(".")}"]`);
        steps.pop();
      }
      (spot ?? this.box.firstElementChild)?.append(el("div.fault", { role: "alert" }, reason));
    }
  }

  #readouts() {
    const reader = new Reader(this.store.questions, this.facts, this.store.fixed);
    const { item } = this.store;
    for (const words of this.box.querySelectorAll("[data-readout]")) {
      const which = words.dataset.readout;
      words.textContent = which === "show_if" ? reader.shown(item.show_if) || "始终显示" : reader.jump(item.jumps[Number(which)], item);
    }
  }

  #form() {
    const { draft } = this.store;
    const write = (name) => (text) => this.store.change(`typed ${name}`, (it) => (it[name] = text));
    return [
      el("h2.design-head", {}, this.more.start.survey ? "整份问卷" : "整份表单"),
      field(this.more.start.survey ? "问卷名称" : "表单名称", line(draft.title, write("title"), { most: 100, key: "title" }), { place: "title" }),
      field("填写说明", line(draft.intro, write("intro"), { most: 2000, area: true, key: "intro" }), { hint: "显示在所有题目之前" }),
      this.more.start.survey ? scoreList(this.store, this.more.start) : null,
      this.more.start.survey ? languageList(this.store, this.more.start.languages) : null,
      this.more.comments?.box(""),
      draft.pages.some((page) => page.items.length) ? null : el("div", { "data-place": "pages" }, el("p.hint", {}, "在左边添加题目。")),
    ].filter(Boolean);
  }

  #question(item) {
    const write = (what, work) => this.store.edit(what, work);
    const set = (name) => (value) => write(`typed ${name}`, (it) => (it[name] = value));
    const kinds = [...this.store.kinds.values()].map((kind) => [kind.kind, kind.label]);
    return [
      el("h2.design-head", {}, icon(this.store.kinds.get(item.kind).icon), "题目"),
      field("题型", pick(kinds, item.kind, (kind) => write("", (it) => this.#become(it, kind)))),
      field("题目", line(item.title, set("title"), { most: 500, area: true, key: "title" }), { place: "title" }),
      field("提示", line(item.hint, set("hint"), { most: 500, key: "hint", placeholder: "可不填，显示在题目下面" }), { place: "hint" }),
      pipes(this.store, item, this.facts, () => this.draw()),
      NOTHING.has(item.kind)
        ? null
        : el(
            "div.design-ticks",
            {},
            tick("必填", item.required, (on) => write("", (it) => (it.required = on))),
            tick("计入统计", item.counted, (on) => write("", (it) => (it.counted = on))),
          ),
      ...this.#special(item, write, set),
      this.#showIf(item, write),
      NOTHING.has(item.kind) ? null : this.#jumps(item, write),
      this.more.start.survey ? surveySettings(item, write, set, this.more.start) : null,
      this.more.bank?.keeper(item),
      this.more.comments?.box(item.code),
      el("p.hint.mono", {}, `编码 ${item.code}`),
    ].filter(Boolean);
  }

  /** Another kind: what both have stays. */
  #become(item, kind) {
    const fresh = JSON.parse(JSON.stringify(this.store.kinds.get(kind).fresh));
    for (const name of Object.keys(item)) {
      if (!(name in fresh)) delete item[name];
      else if (name !== "kind" && typeof fresh[name] === typeof item[name] && !(kind === "matrix" && name === "options")) fresh[name] = item[name];
    }
    Object.assign(item, fresh, { kind });
  }

  #special(item, write, set) {
    const number = (label, name, limits) => field(label, whole(item[name], set(name), limits), { place: name, row: true });
    switch (item.kind) {
      case "single": case "dropdown":
        return [optionList(item, "options", write, { title: "选项", full: true, scored: true })];
      case "multiple":
        return [
          optionList(item, "options", write, { title: "选项", full: true, scored: true }),
          number("最少选几项", "least", { low: 1, high: 100, empty: true }),
          number("最多选几项", "most", { low: 1, high: 100, empty: true }),
        ];
      case "stars":
        return [number("几颗星", "stars", { low: 3, high: 10 })];
      case "scale":
        return [
          number("从", "low", { low: 0, high: 1 }),
          number("到", "high", { low: 2, high: 10 }),
          field("最低分的含义", line(item.low_label, set("low_label"), { most: 40 }), { place: "low_label", row: true }),
          field("最高分的含义", line(item.high_label, set("high_label"), { most: 40 }), { row: true }),
        ];
      case "blank":
        return [number("最多字数", "longest", { low: 1, high: 500 })];
      case "long_text":
        return [number("最少字数", "shortest", { low: 0, high: 500 }), number("最多字数", "longest", { low: 1, high: 5000 })];
      case "blanks":
        return [optionList(item, "blanks", write, { title: "各空的名称", most: 20 }), number("每空最多字数", "longest", { low: 1, high: 500 })];
      case "number":
        return [
          field("最小值", decimal(item.low, set("low"), { placeholder: "不限" }), { place: "low", row: true }),
          field("最大值", decimal(item.high, set("high"), { placeholder: "不限" }), { place: "high", row: true }),
          number("小数位数", "places", { low: 0, high: 4 }),
          field("单位", line(item.unit, set("unit"), { most: 20 }), { row: true }),
        ];
      case "paragraph":
        return [field("说明文字", line(item.text, set("text"), { most: 3000, area: true }))];
      case "picture":
        return [
          pictureField(item.picture, set("picture"), this.more.pictures, { place: "picture", after: () => this.draw() }),
          field("图片内容（给看不到图片的人）", line(item.text, set("text"), { most: 200, key: "text" }), { place: "text" }),
        ];
      case "picture_choice":
        return [
          optionList(item, "options", write, { title: "选项", full: true, scored: true, most: 30, pictures: this.more.pictures }),
          number("最多选几项", "most", { low: 1, high: 30 }),
        ];
      case "ranking":
        return [optionList(item, "rows", write, { title: "要排序的各项", most: 20 }), number("只排前几位", "most", { low: 1, high: 20, empty: true })];
      case "body_map":
        return [
          field("显示", pick([["both", "正面和背面"], ["front", "只有正面"], ["back", "只有背面"]], item.sides, (side) => write("", (it) => (it.sides = side))), { row: true }),
          number("最多选几处", "most", { low: 1, high: 50, empty: true }),
        ];
      case "file":
        return [number("最多几个文件", "most", { low: 1, high: 20 })];
      case "matrix":
        return [
          optionList(item, "rows", write, { title: "各行", most: 30 }),
          optionList(item, "options", write, { title: "各列", scored: true, most: 10 }),
        ];
      default:
        return [];
    }
  }

  #before(item, own) {
    const all = this.store.questions;
    return all.slice(0, all.findIndex((one) => one.code === item.code) + (own ? 1 : 0));
  }

  #showIf(item, write) {
    const subjects = new Subjects(this.#before(item, false), this.facts, this.store.kinds);
    return el(
      "section.design-logic",
      { "data-place": "show_if" },
      el("h3", {}, icon("eye"), "什么时候显示"),
      el("p.design-readout", { "data-readout": "show_if" }),
      conditionRows(item.show_if, subjects, (tree) => write("", (it) => (it.show_if = tree))),
    );
  }

  #jumps(item, write) {
    const own = new Subjects([item], [], this.store.kinds);
    const before = new Subjects(this.#before(item, true), this.facts, this.store.kinds);
    const later = this.store.questions.slice(this.#before(item, true).length);
    const reader = new Reader(this.store.questions, this.facts, this.store.fixed);
    const aims = [...later.map((one) => [one.code, `${reader.numbers.get(one.code) || "说明"} ${one.title || "未命名的题目"}`]), ["end", "结尾"]];
    const one = (jump, at) => {
      const simple = own.of(jump.when.args?.[0] ?? {});
      return el(
        "div.design-jump",
        { "data-place": `jumps.${at}` },
        el("p.design-readout", { "data-readout": at }),
        conditionRows(jump.when, simple ? own : before, (tree) => write("", (it) => (tree ? (it.jumps[at].when = tree) : it.jumps.splice(at, 1))), { fixed: Boolean(simple) }),
        el(
          "div.design-row",
          {},
          el("span.design-to", {}, icon("corner-up-left"), "跳到"),
          pick(aims.some(([code]) => code === jump.to) ? aims : [[jump.to, "（已删除的题目）"], ...aims], jump.to, (to) => write("", (it) => (it.jumps[at].to = to)), { label: "跳到", small: true }),
          iconButton("x", "去掉这个跳转", () => write("", (it) => it.jumps.splice(at, 1)), ".design-press"),
        ),
      );
    };
    const [subject] = own.all.values();
    const add = () =>
      write("", (it) => {
        const first = (it.options ?? [])[0]?.code;
        const when =
          subject.type === "code"
            ? { op: "eq", args: [subject.subject, { code: first ?? "" }] }
            : subject.type === "codes"
              ? { op: "has_any", args: [subject.subject, { codes: first ? [first] : [] }] }
              : { op: "answered", args: [subject.subject] };
        it.jumps.push({ when, to: later[1]?.code ?? "end" });
      });
    return el(
      "section.design-logic",
      { "data-place": "jumps" },
      el("h3", {}, icon("route"), "跳题"),
      ...item.jumps.map(one),
      subject ? el("button.btn.btn-sm", { type: "button", "data-adds": "jump", onclick: add }, icon("plus"), "添加跳转") : el("p.hint", {}, "多空和矩阵题请用后面题目的显示条件。"),
    );
  }
}

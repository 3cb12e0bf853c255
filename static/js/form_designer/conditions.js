// Conditions by clicking: rows of "question – is – answer", read out below in plain words.

import { el, icon, iconButton } from "../../chat/dom.js";
import { decimal, line, pick } from "./fields.js";
import { RULES, freshRow, rowsOf, treeOf, withRule } from "./rules.js";

const TYPES = { code: "code", codes: "codes", number: "number", day: "day", text: "text", files: "number", signature: "number" };
const keyOf = (subject) => ("fact" in subject ? `f:${subject.fact}` : subject.part ? `q:${subject.q}.${subject.part}` : `q:${subject.q}`);

/** What a condition may be about: earlier questions and their parts, facts of the visit. */
export class Subjects {
  constructor(questions, facts, kinds) {
    this.all = new Map();
    for (const item of questions) {
      const { shape, fixed = [] } = kinds.get(item.kind);
      const title = item.title || "未命名的题目";
      const options = item.options ? item.options.map((option) => [option.code, option.label]) : fixed;
      if (TYPES[shape]) this.#add({ q: item.code }, title, TYPES[shape], options);
      if (shape === "grid") for (const row of item.rows) this.#add({ q: item.code, part: row.code }, `${title}：${row.label}`, "code", options);
      if (shape === "ranking") for (const row of item.rows) this.#add({ q: item.code, part: row.code }, `${title}：${row.label} 的名次`, "number", []);
      if (shape === "blanks") for (const blank of item.blanks) this.#add({ q: item.code, part: blank.code }, `${title}：${blank.label}`, "text", []);
    }
    for (const fact of facts) this.#add({ fact: fact.name }, `［就诊］${fact.label}`, fact.type, fact.options);
  }

  #add(subject, label, type, options) {
    this.all.set(keyOf(subject), { subject, label, type, options });
  }

  get list() {
    return [...this.all].map(([key, { label }]) => [key, label]);
  }

  of(subject) {
    return this.all.get(keyOf(subject)) ?? null;
  }

  typeOf = (subject) => this.of(subject)?.type ?? null;
}

/**
 * Rows for one condition. `write(tree or null)` takes the changed one; `fixed` leaves the choice of the question out.
 * A tree that rows cannot say is only read out; it can be taken away.
 */
export function conditionRows(tree, subjects, write, { fixed = false } = {}) {
  const found = rowsOf(tree, subjects.typeOf);
  if (!found) {
    return el(
      "div.design-rows",
      {},
      el("p.hint", {}, "这是导入的复杂条件，或它所引用的题目已删除，不能在这里逐项修改。"),
      el("button.btn.btn-sm", { type: "button", onclick: () => write(null) }, icon("trash"), "去掉这个条件"),
    );
  }
  const put = (rows, mode = found.mode) => write(treeOf({ mode, rows }, subjects.typeOf));
  const replaced = (at, row) => found.rows.map((old, place) => (place === at ? row : old));
  const rows = found.rows.map((row, at) =>
    el(
      "div.design-row",
      {},
      fixed
        ? null
        : pick(subjects.list, keyOf(row.subject), (key) => {
            const { subject, type } = subjects.all.get(key);
            put(replaced(at, freshRow(subject, type)));
          }, { label: "题目", small: true }),
      ruleOf(row, subjects, (changed) => put(replaced(at, changed))),
      fixed ? null : iconButton("x", "去掉这一条", () => put(found.rows.filter((_, place) => place !== at)), ".design-press"),
    ),
  );
  const [first] = subjects.all.values();
  return el(
    "div.design-rows",
    {},
    found.rows.length > 1
      ? pick([["and", "以下条件全部满足"], ["or", "以下条件满足任意一条"]], found.mode, (mode) => put(found.rows, mode), { label: "怎样组合", small: true })
      : null,
    ...rows,
    fixed || !first
      ? null
      : el("button.btn.btn-sm", { type: "button", "data-adds": "row", onclick: () => put([...found.rows, freshRow(lastOf(subjects), subjects.typeOf(lastOf(subjects)))]) }, icon("plus"), "添加条件"),
  );
}

/** The nearest question before; a fact when there is none. */
function lastOf(subjects) {
  const all = [...subjects.all.values()];
  return (all.filter(({ subject }) => "q" in subject).at(-1) ?? all[0]).subject;
}

function ruleOf(row, subjects, write) {
  const { type, options } = subjects.of(row.subject);
  const kind = RULES[type].find(([name]) => name === row.rule)[2];
  return el(
    "div.design-rule-line",
    {},
    pick(RULES[type].map(([name, words]) => [name, words]), row.rule, (rule) => write(withRule(row, rule, type)), { label: "怎样比较", small: true }),
    kind ? valueOf(kind, row, options, (value) => write({ ...row, value })) : null,
  );
}

function valueOf(kind, row, options, write) {
  if (kind === "option") return pick([["", "请选择"], ...options], row.value, write, { label: "答案", small: true });
  if (kind === "options") {
    return el(
      "div.design-chips",
      { role: "group", "aria-label": "答案" },
      ...options.map(([code, label]) => {
        const on = row.value.includes(code);
        const next = on ? row.value.filter((one) => one !== code) : [...row.value, code];
        return el(`button.design-chip${on ? ".on" : ""}`, { type: "button", "aria-pressed": String(on), onclick: () => write(next) }, label);
      }),
    );
  }
  if (kind === "number") return decimal(row.value, write, { label: "数值", placeholder: "数值", none: "0" });
  if (kind === "day") {
    const control = el("input.form-control.form-control-sm", { type: "date", "aria-label": "日期", onchange: () => control.value && write(control.value) });
    control.value = row.value;
    return control;
  }
  const text = line(row.value, () => {}, { label: "文字", most: 200 });
  text.addEventListener("change", () => write(text.value.trim()));
  return text;
}

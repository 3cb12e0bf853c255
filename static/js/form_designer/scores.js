// Scores of a questionnaire, declared: which questions, how they are put together, onto which scale.

import { el, icon, iconButton } from "../../chat/dom.js";
import { decimal, field, line, pick, tick, whole } from "./fields.js";

const SCALES = [
  ["", "不换算", null],
  ["times", "x × 20（1 分→20，5 分→100）", { name: "五分制 ×20", low: "0", high: "5" }],
  ["zero", "(x − 1) ÷ 4 × 100（1 分→0，5 分→100）", { name: "五分制 0–100", low: "1", high: "5" }],
  ["own", "自定两端", null],
];
const same = (one, other) => one && other && one.low === other.low && one.high === other.high;
const scaleOf = (rule) => (rule.to_100 ? SCALES.find(([, , known]) => same(known, rule.to_100))?.[0] ?? "own" : "");

/** Questions that give points. */
const scored = (store) =>
  store.questions.filter((item) => {
    const { shape } = store.kinds.get(item.kind);
    return shape === "number" || (["code", "codes", "grid"].includes(shape) && (item.options ?? []).some((option) => option.score !== null));
  });

const opened = new Set(); // keys of the scores whose boxes are open, over redrawing

export function scoreList(store, { methods, dimensions }) {
  const rules = store.draft.scores ?? [];
  const change = (at, what, work) => store.change(`${what}${at}`, (draft) => work(draft.scores[at]));
  const add = () =>
    store.change("", (draft) => {
      const taken = new Set((draft.scores ?? []).map((rule) => rule.key));
      let number = taken.size + 1;
      while (taken.has(`score${number}`)) number += 1;
      draft.scores = [
        ...(draft.scores ?? []),
        { key: `score${number}`, label: "", questions: scored(store).map((item) => item.code), method: "mean", weights: {}, top: null, to_100: SCALES[2][2], min_answered: 1, dimension: "", by_unit: false },
      ];
    });
  return el(
    "details.design-more",
    { open: rules.length > 0, "data-place": "scores" },
    el("summary", {}, icon("gauge"), `计分（${rules.length}）`),
    ...rules.map((rule, at) => one(store, rule, at, change, methods, dimensions)),
    el("button.btn.btn-sm", { type: "button", "data-adds": "scores", onclick: add }, icon("plus"), "添加得分"),
    el("p.hint", {}, "只有数字类题目和选项有分值的题目能计分；隐藏和没有回答的题不计。"),
  );
}

function one(store, rule, at, change, methods, dimensions) {
  const set = (name) => (value) => change(at, `typed ${name}`, (it) => (it[name] = value));
  const redo = (name) => (value) => change(at, "", (it) => (it[name] = value));
  const scale = scaleOf(rule);
  const chips = scored(store).map((item) => {
    const on = rule.questions.includes(item.code);
    const next = on ? rule.questions.filter((code) => code !== item.code) : [...rule.questions, item.code];
    return el(`button.design-chip${on ? ".on" : ""}`, { type: "button", "aria-pressed": String(on), title: item.title, onclick: () => redo("questions")(next) }, item.title || item.code);
  });
  const box = el(
    "details.design-score",
    { "data-place": `scores.${at}`, open: opened.has(rule.key) || !rule.label, ontoggle: () => opened[box.open ? "add" : "delete"](rule.key) },
    el("summary", {}, el("b", {}, rule.label || "未命名的得分"), el("small", {}, ` ${rule.questions.length} 题 · ${SCALES.find(([key]) => key === scale)[1].split("（")[0]}`)),
    el(
      "div.design-score-head",
      {},
      line(rule.label, set("label"), { most: 60, label: "得分名称", placeholder: "得分名称，如“护士沟通”", key: `score.${at}` }),
      iconButton("x", "去掉这个得分", () => store.change("", (draft) => draft.scores.splice(at, 1)), ".design-press"),
    ),
    field("算法", pick(methods, rule.method, redo("method")), { row: true }),
    rule.method === "topbox" ? field("几分及以上算高分", decimal(rule.top, set("top")), { row: true }) : null,
    field("换算百分制", pick(SCALES.map(([key, words]) => [key, words]), scale, (key) => redo("to_100")(key === "own" ? { name: "", low: "0", high: "10" } : SCALES.find(([known]) => known === key)[2])), { row: true }),
    scale === "own"
      ? field("0 分对应", decimal(rule.to_100.low, (low) => change(at, "typed low", (it) => (it.to_100 = { ...it.to_100, low })), { none: "0" }), { row: true })
      : null,
    scale === "own"
      ? field("100 分对应", decimal(rule.to_100.high, (high) => change(at, "typed high", (it) => (it.to_100 = { ...it.to_100, high })), { none: "10" }), { row: true })
      : null,
    field("至少答几题才计分", whole(rule.min_answered, set("min_answered"), { low: 1, high: 300 }), { row: true }),
    field("国家维度", pick([["", "无"], ...dimensions.map((known) => [known.code, known.label])], rule.dimension, redo("dimension")), { row: true }),
    tick("按提供服务的科室分别计分", rule.by_unit, redo("by_unit")),
    el("div.form-label", {}, "计分的题目"),
    el("div.design-chips", { role: "group", "aria-label": "计分的题目" }, ...chips),
    rule.method === "weighted" ? weights(store, rule, at, change) : null,
  );
  return box;
}

function weights(store, rule, at, change) {
  const titles = new Map(store.questions.map((item) => [item.code, item.title]));
  return el(
    "div",
    {},
    el("div.form-label", {}, "权重（不填为 1）"),
    ...rule.questions.map((code) =>
      field(titles.get(code) || code, decimal(rule.weights[code], (weight) => change(at, `typed weight ${code}`, (it) => {
        if (weight === null) delete it.weights[code];
        else it.weights[code] = weight;
      }), { placeholder: "1" }), { row: true }),
    ),
  );
}

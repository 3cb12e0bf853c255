// Rows that an administrator clicks together ↔ a tree of ../logic.js. A tree that no rows can say stays as it is.
// Pure: no DOM.

/** What can be asked of each type of value: how it is called, and what must be filled in beside it. */
export const RULES = {
  code: [
    ["eq", "是", "option"],
    ["ne", "不是", "option"],
    ["in", "是其中之一", "options"],
    ["answered", "已回答", null],
    ["unanswered", "没有回答", null],
  ],
  codes: [
    ["has_any", "选了其中之一", "options"],
    ["has_all", "全都选了", "options"],
    ["has_none", "一个也没选", "options"],
    ["answered", "已回答", null],
    ["unanswered", "没有回答", null],
  ],
  number: [
    ["eq", "等于", "number"],
    ["ne", "不等于", "number"],
    ["lt", "小于", "number"],
    ["le", "不大于", "number"],
    ["gt", "大于", "number"],
    ["ge", "不小于", "number"],
    ["answered", "已回答", null],
    ["unanswered", "没有回答", null],
  ],
  day: [
    ["lt", "早于", "day"],
    ["eq", "就是", "day"],
    ["gt", "晚于", "day"],
    ["answered", "已回答", null],
    ["unanswered", "没有回答", null],
  ],
  text: [
    ["eq", "等于", "text"],
    ["answered", "已填写", null],
    ["unanswered", "没有填写", null],
  ],
};

const LEAF = { option: "code", options: "codes", number: "num", day: "day", text: "text" };
const empty = (kind) => (kind === "options" ? [] : "");

/** A row as a tree: {subject, rule, value} with the subject {"q": …} or {"fact": …}. */
export function treeOfRow({ subject, rule, value }, type) {
  if (rule === "answered") return { op: "answered", args: [subject] };
  if (rule === "unanswered") return { op: "not", args: [{ op: "answered", args: [subject] }] };
  const kind = RULES[type].find(([name]) => name === rule)[2];
  const leaf = { [LEAF[kind]]: value };
  if (rule === "has_none") return { op: "not", args: [{ op: "has_any", args: [subject, leaf] }] };
  return { op: rule, args: [subject, leaf] };
}

/** The row that says this tree, or null. */
export function rowOf(tree, typeOf) {
  if (!tree?.op) return null;
  const inner = tree.op === "not" ? tree.args[0] : tree;
  if (!inner?.op) return null;
  const [subject, leaf] = inner.args;
  if (!subject || !("q" in subject || "fact" in subject)) return null;
  const type = typeOf(subject);
  if (inner.op === "answered") return { subject, rule: tree === inner ? "answered" : "unanswered", value: "" };
  const rule = tree === inner ? inner.op : inner.op === "has_any" ? "has_none" : "";
  const known = type ? RULES[type]?.find(([name]) => name === rule) : null;
  if (!known || inner.args.length !== 2 || !leaf || !(LEAF[known[2]] in leaf)) return null;
  return { subject, rule, value: leaf[LEAF[known[2]]] };
}

/** All rows of a condition: {mode: "and" | "or", rows}, or null when rows cannot say it. */
export function rowsOf(tree, typeOf) {
  if (!tree) return { mode: "and", rows: [] };
  const many = tree.op === "and" || tree.op === "or";
  const rows = (many ? tree.args : [tree]).map((part) => rowOf(part, typeOf));
  return rows.includes(null) ? null : { mode: many ? tree.op : "and", rows };
}

/** The condition that these rows say; null when there is none. */
export function treeOf({ mode, rows }, typeOf) {
  const trees = rows.map((row) => treeOfRow(row, typeOf(row.subject)));
  return trees.length > 1 ? { op: mode, args: trees } : trees[0] || null;
}

/** A first row about a subject. */
export function freshRow(subject, type) {
  const [rule, , kind] = RULES[type][0];
  return { subject, rule, value: empty(kind) };
}

/** The same subject with another rule; the value stays where it fits. */
export function withRule(row, rule, type) {
  const kindOf = (name) => RULES[type].find(([known]) => known === name)?.[2] ?? null;
  const kind = kindOf(rule);
  if (kind === kindOf(row.rule)) return { ...row, rule };
  const codes = [row.value].flat().filter(Boolean);
  const value = kind === "options" ? codes : kind === "option" ? codes[0] || "" : "";
  return { ...row, rule, value };
}

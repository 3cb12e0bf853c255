// Conditions and sums as a JSON tree: what surveys/logic.py does, to the last digit. No dependency, no DOM, no clock;
// the page, the designer and the tests (under node) import it. One case file and a fuzz compare the two.
//
// Numbers are whole ten-thousandths and days ordinals (0001-01-01 is 1), both as BigInt; a choice is its code, several
// are a Set. What was not answered is null, and null is neither true nor false.

const DIGITS = 4;
const SCALE = 10000n;
const DAY = 86400000;
const FIRST_DAY = Date.UTC(1970, 0, 1) / DAY + 719163; // 1970-01-01 as an ordinal

/** "3.5" → 35000n. */
export function scaled(text) {
  const [, sign, whole, places] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  const size = BigInt(whole) * SCALE + BigInt((places || "").padEnd(DIGITS, "0"));
  return sign ? -size : size;
}

/** 35000n → "3.5". */
export function plain(number) {
  const size = number < 0n ? -number : number;
  const places = String(size % SCALE).padStart(DIGITS, "0").replace(/0+$/, "");
  return `${number < 0n ? "-" : ""}${size / SCALE}${places ? `.${places}` : ""}`;
}

/** "2026-03-02" → its ordinal, as a BigInt. */
export function ordinal(day) {
  const [year, month, date] = day.split("-").map(Number);
  const at = new Date(Date.UTC(2000, month - 1, date));
  at.setUTCFullYear(year, month - 1, date); // Date.UTC takes the years 0 to 99 for 1900 to 1999
  return BigInt(at.getTime() / DAY + FIRST_DAY);
}

const size = (number) => (number < 0n ? -number : number);

/** The quotient, half away from zero. */
export function divided(above, below) {
  const found = (2n * size(above) + size(below)) / (2n * size(below));
  return above < 0n !== below < 0n ? -found : found;
}

const known = (work) => (args) => (args.includes(null) ? null : work(...args));
const some = (work) => (args) => {
  const there = args.filter((value) => value !== null);
  return there.length ? work(there) : null;
};
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0n);
const amount = (many) => BigInt(many) * SCALE;

const WORK = {
  and: (args) => (args.includes(false) ? false : args.includes(null) ? null : true),
  or: (args) => (args.includes(true) ? true : args.includes(null) ? null : false),
  not: known((a) => !a),
  holds: ([a]) => a === true,
  answered: ([a]) => a !== null,
  eq: known((a, b) => a === b),
  ne: known((a, b) => a !== b),
  lt: known((a, b) => a < b),
  le: known((a, b) => a <= b),
  gt: known((a, b) => a > b),
  ge: known((a, b) => a >= b),
  between: known((a, low, high) => low <= a && a <= high),
  in: known((a, codes) => codes.has(a)),
  has_any: known((a, codes) => [...a].some((code) => codes.has(code))),
  has_all: known((a, codes) => [...codes].every((code) => a.has(code))),
  count(args) {
    if (args.length === 1 && (args[0] === null || args[0] instanceof Set)) {
      return args[0] === null ? null : amount(args[0].size);
    }
    return amount(args.filter((value) => value === true).length);
  },
  score: ([a]) => a,
  add: known((...a) => total(a)),
  sub: known((a, b) => a - b),
  mul: known((...a) => a.reduce((x, y) => divided(x * y, SCALE))),
  div: known((a, b) => (b === 0n ? null : divided(a * SCALE, b))),
  sum: some(total),
  mean: some((a) => divided(total(a), BigInt(a.length))),
  min: some((a) => a.reduce((x, y) => (y < x ? y : x))),
  max: some((a) => a.reduce((x, y) => (y > x ? y : x))),
  round: known((a, digits) => {
    const unit = 10n ** (BigInt(DIGITS) - digits / SCALE);
    return divided(a, unit) * unit;
  }),
  days_between: known((a, b) => (b - a) * SCALE),
  if: ([test, yes, no]) => (test === null ? null : test ? yes : no),
};

/** Under which name the values hold an answer. */
export const nameOf = (node) => (node.part ? `q:${node.q}.${node.part}` : `q:${node.q}`);

/** What a checked tree comes to; `values` is a Map of "q:…", "s:…" and "f:…". Of an unchecked tree nothing is promised. */
export function evaluate(node, values) {
  const named = (name) => (values.has(name) ? values.get(name) : null);
  if ("op" in node) {
    if (node.op === "score") return named(`s:${node.args[0].q}`);
    return WORK[node.op](node.args.map((part) => evaluate(part, values)));
  }
  if ("q" in node) return named(nameOf(node));
  if ("fact" in node) return named(`f:${node.fact}`);
  if ("num" in node) return scaled(node.num);
  if ("code" in node) return node.code;
  if ("codes" in node) return new Set(node.codes);
  if ("text" in node) return node.text;
  return ordinal(node.day);
}

// --- answers --------------------------------------------------------------------------------------

const NUMBER = /^-?[0-9]{1,9}(\.[0-9]{1,4})?$/;
const counted = (things) => (things.length ? amount(things.length) : null);
const filled = (parts) => Object.entries(parts || {}).filter(([, value]) => value.length);
const WHOLE = {
  code: (a) => a.c?.[0] ?? null,
  codes: (a) => (a.c?.length ? new Set(a.c) : null),
  number: (a) => (a.n && NUMBER.test(a.n) ? scaled(a.n) : null),
  text: (a) => a.t || null,
  day: (a) => (a.d ? ordinal(a.d) : null),
  files: (a) => counted(a.f || []),
  blanks: (a) => counted(filled(a.b)),
  grid: (a) => counted(filled(a.m)),
  ranking: (a) => counted(filled(a.m)),
  signature: (a) => (a.f?.length || a.t ? amount(1) : null),
  nothing: () => null,
};

/** What a condition may know of an answer: pairs for the Map of `evaluate`. */
export function valuesOf({ code, shape, scores = {} }, answer) {
  const found = [];
  const whole = WHOLE[shape](answer);
  if (whole !== null) found.push([`q:${code}`, whole]);
  if (shape === "blanks") for (const [part, text] of filled(answer.b)) found.push([`q:${code}.${part}`, text]);
  if (shape === "grid") for (const [part, codes] of filled(answer.m)) found.push([`q:${code}.${part}`, codes[0]]);
  if (shape === "ranking") {
    for (const [part, [place]] of filled(answer.m)) if (/^[0-9]{1,2}$/.test(place)) found.push([`q:${code}.${part}`, amount(Number(place))]);
  }
  const earned = (answer.c || []).filter((chosen) => chosen in scores).map((chosen) => scaled(scores[chosen]));
  if (earned.length && (shape === "code" || shape === "codes")) found.push([`s:${code}`, total(earned)]);
  return found;
}

// --- the way through ------------------------------------------------------------------------------

/** When each question is shown, jumps as visibility of what lies between; as surveys/definition.py: conditions. */
export function conditionsOf(questions) {
  const order = questions.map((item) => item.code);
  const found = new Map();
  const add = (code, node) => found.set(code, [...(found.get(code) || []), node]);
  for (const item of questions) if (item.show_if) add(item.code, item.show_if);
  questions.forEach((item, at) => {
    for (const jump of item.jumps || []) {
      const aim = order.indexOf(jump.to);
      const until = jump.to === "end" ? order.length : aim < 0 ? at : aim;
      const node = { op: "not", args: [{ op: "holds", args: [jump.when] }] };
      for (const code of order.slice(at + 1, until)) add(code, node);
    }
  });
  return Object.fromEntries(
    [...found].map(([code, nodes]) => [code, nodes.length === 1 ? nodes[0] : { op: "and", args: nodes }]),
  );
}

/**
 * The codes of what is shown, as answered so far, in one pass: a condition looks back only.
 * `answers`: code → answer; `facts`: pairs "f:…"; `told(code, seen, values)` is called for each question, for a trace.
 */
export function walk(questions, conditions, answers, facts = [], told = () => {}) {
  const values = new Map(facts);
  const path = [];
  for (const item of questions) {
    const node = conditions[item.code];
    const seen = !node || evaluate(node, values) === true;
    told(item.code, seen, values);
    if (!seen) continue;
    path.push(item.code);
    for (const [name, value] of valuesOf(item, answers[item.code] || {})) values.set(name, value);
  }
  return path;
}

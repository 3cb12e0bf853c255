// Runs the page's own evaluator: reads a JSON line per case on stdin ({tree, values} or {questions, answers}),
// prints a JSON line each, in the form of tests/surveys/both.py.
import { createInterface } from "node:readline";
import { conditionsOf, evaluate, ordinal, plain, scaled, walk } from "../../static/js/logic.js";

const READ = { bool: (v) => v, num: scaled, day: ordinal, code: (v) => v, text: (v) => v, codes: (v) => new Set(v) };

function value(wire) {
  const [[kind, given]] = Object.entries(wire);
  return READ[kind](given);
}

function shown(found) {
  if (found === null || typeof found === "boolean" || typeof found === "string") return found;
  if (found instanceof Set) return [...found].sort();
  return { units: String(found) };
}

const pairs = (values) => Object.entries(values || {}).map(([name, wire]) => [name, value(wire)]);
const out = [];
for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  if (given.plain) out.push(plain(scaled(given.plain)));
  else if (given.tree) out.push(shown(evaluate(given.tree, new Map(pairs(given.values)))));
  else out.push(walk(given.questions, conditionsOf(given.questions), given.answers, pairs(given.facts)));
}
process.stdout.write(out.map((one) => JSON.stringify(one)).join("\n"));

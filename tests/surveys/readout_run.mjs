// Runs the designer's own read-out and rows: {questions, facts, trees, jumps} on stdin → what each says.
import { Subjects } from "../../static/js/form_designer/conditions.js";
import { Reader } from "../../static/js/form_designer/readout.js";
import { rowsOf, treeOf } from "../../static/js/form_designer/rules.js";

let text = "";
for await (const piece of process.stdin) text += piece;
const { questions, kinds, facts, trees, jumps } = JSON.parse(text);
const reader = new Reader(questions, facts);
const subjects = new Subjects(questions, facts, new Map(kinds));
const there = (tree) => {
  const rows = rowsOf(tree, subjects.typeOf);
  return rows && treeOf(rows, subjects.typeOf);
};
process.stdout.write(
  JSON.stringify({
    shown: trees.map((tree) => reader.shown(tree)),
    again: trees.map(there),
    jumps: jumps.map((jump) => reader.jump(jump, questions[0])),
  }),
);

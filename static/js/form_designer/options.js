// Options, blanks and rows of a question: added, named, moved, taken away; points, "other" and exclusive ones.

import { el, icon, iconButton } from "../../chat/dom.js";
import { decimal, line, tick } from "./fields.js";
import { pictureField } from "./pictures.js";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

function freeCode(list) {
  const taken = new Set(list.map((one) => one.code));
  for (const letter of LETTERS) if (!taken.has(letter)) return letter;
  let number = list.length + 1;
  while (taken.has(`o${number}`)) number += 1;
  return `o${number}`;
}

/**
 * The list `name` of the item. `write(what, work)` changes the item; `what` "typed …" does not draw the editor anew.
 * `full`: options of a choice, with points and more; otherwise only words (blanks, rows).
 */
export function optionList(item, name, write, { title, full = false, scored = false, most = 100, pictures = null }) {
  const list = item[name];
  const one = (option, at) =>
    el(
      "li.design-option",
      { "data-place": `${name}.${at}` },
      el(
        "div.design-option-line",
        {},
        line(option.label, (text) => write(`typed ${name}.${at}`, (it) => (it[name][at].label = text)), {
          label: `第 ${at + 1} 项`,
          key: `${name}.${at}`,
          placeholder: "写出内容",
        }),
        scored
          ? decimal(option.score, (text) => write(`typed ${name}.${at}.score`, (it) => (it[name][at].score = text)), {
              label: `第 ${at + 1} 项的分值`,
              placeholder: "分值",
            })
          : null,
        iconButton("chevron-up", "上移", () => write("", (it) => swap(it[name], at, at - 1)), ".design-press"),
        iconButton("chevron-down", "下移", () => write("", (it) => swap(it[name], at, at + 1)), ".design-press"),
        iconButton("x", "删除这一项", () => write("", (it) => it[name].splice(at, 1)), ".design-press"),
      ),
      full
        ? el(
            "div.design-option-more",
            {},
            tick("可填写说明", option.other, (on) => write("", (it) => (it[name][at].other = on))),
            ["multiple", "picture_choice"].includes(item.kind) ? tick("与其他互斥", option.exclusive, (on) => write("", (it) => (it[name][at].exclusive = on))) : null,
          )
        : null,
      pictures ? pictureField(option.picture, (id) => write("", (it) => (it[name][at].picture = id)), pictures, { small: true }) : null,
    );
  const add = () =>
    write("", (it) => {
      const code = freeCode(it[name]);
      it[name].push(scored || full ? { code, label: "", score: null, exclusive: false, other: false } : { code, label: "" });
    });
  return el(
    "div.design-field",
    { "data-place": name },
    el("div.form-label", {}, title),
    el("ol.design-options", {}, ...list.map(one)),
    list.length < most ? el("button.btn.btn-sm", { type: "button", "data-adds": name, onclick: add }, icon("plus"), "添加一项") : null,
  );
}

function swap(list, from, to) {
  if (to < 0 || to >= list.length) return;
  [list[from], list[to]] = [list[to], list[from]];
}

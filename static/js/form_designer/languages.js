// Translations beside the Chinese words: place → words, kept in the draft by language.

import { el, icon } from "../../chat/dom.js";
import { line } from "./fields.js";

const LISTS = ["options", "rows", "blanks"];

/** All words that people read: [place, words]; as surveys/definition.py: texts. */
export function texts(store) {
  const { draft, kinds } = store;
  const found = [["title", draft.title], ["intro", draft.intro]];
  draft.pages.forEach((page, at) => found.push([`page.${at + 1}`, page.title]));
  for (const item of store.questions) {
    for (const name of kinds.get(item.kind).worded) found.push([`q:${item.code}.${name}`, item[name]]);
    for (const name of LISTS) for (const thing of item[name] ?? []) found.push([`q:${item.code}.${name}.${thing.code}`, thing.label]);
  }
  for (const rule of draft.scores ?? []) found.push([`score:${rule.key}`, rule.label]);
  return found.filter(([, words]) => words);
}

export function languageList(store, languages) {
  return el(
    "details.design-more",
    {},
    el("summary", {}, icon("language"), "其他语言"),
    ...languages.map(([code, words]) => language(store, code, words)),
  );
}

function language(store, code, words) {
  const all = texts(store);
  const said = store.draft.languages?.[code];
  if (!said) {
    const begin = () => store.change("", (draft) => (draft.languages = { ...draft.languages, [code]: {} }));
    return el("button.btn.btn-sm", { type: "button", onclick: begin }, icon("plus"), `添加 ${words}`);
  }
  const missing = all.filter(([place]) => !said[place]).length;
  const off = () => store.change("", (draft) => delete draft.languages[code]);
  return el(
    "div",
    {},
    el("p.hint", {}, `${words}：${missing ? `还有 ${missing} 处没有译文，填写时显示中文` : "已全部翻译"} `, el("button.btn.btn-sm", { type: "button", onclick: off }, icon("trash"), `去掉 ${words}`)),
    el(
      "div.design-words",
      {},
      ...all.map(([place, text]) =>
        el(
          "div.design-word",
          {},
          el("span", {}, text),
          line(said[place] ?? "", (given) => store.change(`typed ${code} ${place}`, (draft) => {
            if (given) draft.languages[code][place] = given;
            else delete draft.languages[code][place];
          }), { most: 3000, area: text.length > 40, label: `${words}：${text}`, key: `${code}.${place}` }),
        ),
      ),
    ),
  );
}

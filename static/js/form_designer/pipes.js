// Words of earlier answers and of the visit, put into a title: "{q:name}", "{f:visit.doctor}".

import { el } from "../../chat/dom.js";
import { pick } from "./fields.js";

const SAID = new Set(["code", "codes", "number", "text", "day"]);

/** A choice that adds a placeholder to the end of the title. */
export function pipes(store, item, facts, after) {
  const all = store.questions;
  const before = all.slice(0, all.findIndex((one) => one.code === item.code)).filter((one) => SAID.has(store.kinds.get(one.kind).shape));
  const options = [
    ["", "插入前面的回答或就诊信息…"],
    ...before.map((one) => [`{q:${one.code}}`, `“${one.title || "未命名的题目"}”的回答`]),
    ...facts.map((fact) => [`{f:${fact.name}}`, `［就诊］${fact.label}`]),
  ];
  const choice = pick(options, "", (words) => {
    if (!words) return;
    store.edit("", (it) => (it.title = `${it.title}${words}`));
    after();
  }, { label: "在题目中插入", small: true });
  return el("div.design-pipes", {}, choice);
}

// Words of earlier answers and of the visit, put into a title: "{q:name}", "{f:visit.doctor}".

import { el } from "../../chat/dom.js";
import { pick } from "./fields.js";

const SAID = new Set(["code", "codes", "number", "text", "day"]);

/** A title with its placeholders as people read them: “｛科室｝快吗”. */
export function readable(title, store, facts) {
  return title.replace(/\{([qf]):([a-z0-9_.]+)\}/g, (whole, kind, name) => {
    if (kind === "q") return `［${store.questions.find((item) => item.code === name)?.title || name}］`;
    if (name.startsWith("unit.")) return "［科室］";
    return `［${facts.find((fact) => fact.name === name)?.label ?? name}］`;
  });
}

/** A choice that adds a placeholder to the end of the title. */
export function pipes(store, item, facts, after) {
  const all = store.questions;
  const before = all.slice(0, all.findIndex((one) => one.code === item.code)).filter((one) => SAID.has(store.kinds.get(one.kind).shape));
  const options = [
    ["", "插入前面的回答或就诊信息…"],
    ...before.map((one) => [`{q:${one.code}}`, `“${one.title || "未命名的题目"}”的回答`]),
    ...facts.map((fact) => [`{f:${fact.name}}`, `［就诊］${fact.label}`]),
    ...(item.step ? [[`{f:unit.${item.step}}`, "［就诊］提供这项服务的科室"]] : []),
  ];
  const choice = pick(options, "", (words) => {
    if (!words) return;
    store.edit("", (it) => (it.title = `${it.title}${words}`));
    after();
  }, { label: "在题目中插入", small: true });
  return el("div.design-pipes", {}, choice);
}

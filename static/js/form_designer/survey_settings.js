// What only questionnaires ask of a question: category, national dimension, LOINC code, step of care.

import { el, icon } from "../../chat/dom.js";
import { field, line, pick } from "./fields.js";

const LOINC = /^[0-9]{1,7}-[0-9]$/;

export function surveySettings(item, write, set, { dimensions, steps }) {
  const loinc = el("input.form-control", {
    placeholder: "如 72514-3",
    maxlength: 9,
    onchange() {
      const code = loinc.value.trim();
      loinc.setCustomValidity(code && !LOINC.test(code) ? "LOINC 编码形如 72514-3" : "");
      if (loinc.reportValidity()) set("loinc")(code);
    },
  });
  loinc.value = item.loinc;
  const none = ["", "无"];
  return el(
    "details.design-more",
    { open: Boolean(item.category || item.dimension || item.loinc || item.step) },
    el("summary", {}, icon("tags"), "统计与编码"),
    field("类别", line(item.category, set("category"), { most: 40, key: "category", placeholder: "统计时归为一类，如“就医环境”" }), { row: true }),
    field("国家维度", pick([none, ...dimensions.map((one) => [one.code, one.label])], item.dimension, (code) => write("", (it) => (it.dimension = code))), { row: true }),
    field("就诊环节", pick([none, ...steps], item.step, (code) => write("", (it) => (it.step = code))), { row: true, hint: "按就诊过程组卷时，只有经过这个环节的患者才会看到" }),
    field("LOINC 编码", loinc, { row: true }),
  );
}

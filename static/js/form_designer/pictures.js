// A picture of a question: chosen, sent at once, shown small; the draft holds its id.

import { el, icon } from "../../chat/dom.js";

/** `page`: {pictures, prefix, csrf} of the designer; `write(id or null)`; `after()` once it has changed. */
export function pictureField(id, write, page, { place = "", small = false, after = () => {} } = {}) {
  const said = el("span.hint", { role: "status" });
  const shown = el("img", { alt: "" });
  const show = (now) => {
    shown.hidden = !now;
    if (now) shown.src = `${page.prefix}/pictures/${now}`;
  };
  const off = el("button.btn.btn-sm", { type: "button", hidden: !id, onclick: () => done(null) }, icon("x"), "去掉图片");
  const done = (now) => {
    show(now);
    off.hidden = !now;
    write(now);
    after();
  };
  const file = el("input", {
    type: "file",
    accept: "image/png,image/jpeg,image/gif,image/webp",
    "aria-label": "图片",
    onchange: async () => {
      if (!file.files.length) return;
      said.textContent = "正在上传…";
      const body = new FormData();
      body.append("csrf_token", page.csrf);
      body.append("picture", file.files[0]);
      try {
        const answer = await fetch(page.pictures, { method: "POST", body, headers: { Accept: "application/json", "X-CSRF-Token": page.csrf } });
        const told = await answer.json().catch(() => ({}));
        if (!answer.ok) throw new Error(told.error?.details?.map((fault) => fault.reason).join("；") || told.error?.message || "没有上传");
        said.textContent = "";
        done(told.id);
      } catch (problem) {
        said.textContent = problem.message === "Failed to fetch" ? "网络不通，请再试一次" : problem.message;
      }
    },
  });
  file.className = "form-control form-control-sm";
  show(id);
  return el(`div.design-field${small ? ".design-thumb" : ""}`, { "data-place": place }, small ? null : el("div.form-label", {}, "图片"), el("div.design-thumb", {}, shown, file, off), said);
}

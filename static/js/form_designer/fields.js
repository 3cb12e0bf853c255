// Controls of the editor: each shows one value of the selected question and writes it back.

import { el } from "../../chat/dom.js";

let count = 0;

/** A label with its control; `place` is where the server's problems about it appear. */
export function field(label, control, { place = "", hint = "", row = false } = {}) {
  const id = `design-${++count}`;
  control.id = id;
  return el(
    `div.design-field${row ? ".design-field-row" : ""}`,
    { "data-place": place },
    el("label.form-label", { for: id }, label),
    control,
    hint ? el("div.hint", {}, hint) : null,
  );
}

export function line(value, write, { most = 200, area = false, label = "", key = "", placeholder = "" } = {}) {
  const control = el(area ? "textarea.form-control" : "input.form-control", {
    maxlength: most,
    "aria-label": label || null,
    "data-key": key || null,
    placeholder,
    rows: area ? 2 : null,
    oninput: () => write(control.value),
  });
  control.value = value;
  return control;
}

/** A whole number within limits; empty is null where `empty` says so. */
export function whole(value, write, { low, high, empty = false }) {
  const control = el("input.form-control", {
    type: "number",
    min: low,
    max: high,
    onchange() {
      if (control.value === "" && empty) return write(null);
      const number = Math.min(high, Math.max(low, Math.round(Number(control.value)) || low));
      control.value = String(number);
      return write(number);
    },
  });
  control.value = value ?? "";
  return control;
}

const NUMBER = /^-?[0-9]{1,9}(\.[0-9]{1,4})?$/;

/** A number as text, at most four places; anything else is nothing. */
export function decimal(value, write, { label = "", placeholder = "", none = null } = {}) {
  const control = el("input.form-control", {
    inputmode: "decimal",
    "aria-label": label || null,
    placeholder,
    onchange() {
      const text = control.value.trim();
      if (!NUMBER.test(text)) control.value = "";
      write(NUMBER.test(text) ? text : none);
    },
  });
  control.value = value ?? "";
  return control;
}

export function tick(label, value, write) {
  const box = el("input.form-check-input", { type: "checkbox", onchange: () => write(box.checked) });
  box.checked = value;
  return el("label.design-tick", {}, box, el("span", {}, label));
}

/** `options`: [[value, label], …]. */
export function pick(options, value, write, { label = "", small = false } = {}) {
  const control = el(
    `select.form-select${small ? ".form-select-sm" : ""}`,
    { "aria-label": label || null, onchange: () => write(control.value) },
    ...options.map(([known, words]) => el("option", { value: known }, words)),
  );
  control.value = value;
  return control;
}

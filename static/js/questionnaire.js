// A questionnaire in a page: shows and hides questions as they are answered, by the same logic as the server.
// What is hidden is also disabled, so that it is not sent. The server judges again; this is a courtesy.

import { walk } from "./logic.js";

const READ = {
  code: (fields) => ({ c: fields.chosen(""), o: fields.one("other") }),
  codes: (fields) => ({ c: fields.chosen(""), o: fields.one("other") }),
  number: (fields) => ({ n: fields.chosen("")[0] || fields.one("") }),
  text: (fields) => ({ t: fields.one("") }),
  day: (fields) => ({ d: fields.one("") }),
  files: (fields) => ({ f: fields.files() }),
  blanks: (fields) => ({ b: fields.parts((control) => control.value.trim()) }),
  grid: (fields) => ({ m: fields.parts((control) => (control.checked ? [control.value] : null)) }),
  ranking: (fields) => ({ m: fields.parts((control) => (control.tagName === "SELECT" && control.value ? [control.value] : null)) }),
  signature: (fields) => ({ f: fields.files().filter(Boolean), t: fields.ticked("agreed") ? fields.one("name") : "" }),
  nothing: () => ({}),
};

class Fields {
  constructor(set, code) {
    this.controls = [...set.querySelectorAll("input, select, textarea")];
    this.name = `q.${code}`;
  }

  #of(part) {
    const name = part ? `${this.name}.${part}` : this.name;
    return this.controls.filter((control) => control.name === name);
  }

  chosen(part) {
    return this.#of(part)
      .filter((control) => (control.type === "radio" || control.type === "checkbox" ? control.checked : control.tagName === "SELECT"))
      .map((control) => control.value)
      .filter(Boolean);
  }

  one(part) {
    const texts = this.#of(part).filter((control) => control.type !== "radio" && control.type !== "checkbox");
    return (texts.at(-1)?.value || "").trim();
  }

  ticked(part) {
    return this.#of(part).some((control) => control.checked);
  }

  files() {
    return this.#of("").flatMap((control) => (control.type === "file" ? [...control.files].map((file) => file.name) : [control.value]));
  }

  parts(read) {
    const found = {};
    for (const control of this.controls) {
      if (!control.name.startsWith(`${this.name}.`)) continue;
      const value = read(control);
      if (value?.length) found[control.name.slice(this.name.length + 1)] = value;
    }
    return found;
  }
}

function fact({ units, code }) {
  return units === undefined ? code : BigInt(units);
}

/** Bring a questionnaire to life; `told(code, seen, values)` is called for each question of each round, for a trace. */
export function attach(root, told) {
  const { questions, conditions, facts } = JSON.parse(root.dataset.questionnaire);
  const sets = new Map([...root.querySelectorAll("fieldset[data-code]")].map((set) => [set.dataset.code, set]));
  const known = Object.entries(facts).map(([name, value]) => [name, fact(value)]);
  const seen = root.querySelector("input[name=q-seen]");

  const answers = () =>
    Object.fromEntries(questions.map(({ code, shape }) => [code, READ[shape](new Fields(sets.get(code), code))]));

  function follow() {
    const given = answers();
    const path = walk(questions, conditions, given, known, told);
    for (const [code, set] of sets) {
      set.hidden = set.disabled = !path.includes(code);
      set.classList.toggle("ask-live", true);
      for (const words of set.querySelectorAll(".ask-other")) words.hidden = !set.querySelector("[data-other]:is(:checked)");
    }
    seen.value = path.join(" ");
    root.dispatchEvent(new CustomEvent("answered", { detail: { answers: given, path }, bubbles: true }));
  }

  root.addEventListener("input", follow);
  root.addEventListener("change", (event) => {
    keepApart(event.target);
    follow();
  });
  follow();
}

/** An exclusive option takes the others away, and they take it away. */
function keepApart(box) {
  if (box.type !== "checkbox" || !box.checked) return;
  const alone = "exclusive" in box.dataset;
  for (const other of box.closest("fieldset").querySelectorAll("input[type=checkbox]")) {
    if (other !== box && (alone || "exclusive" in other.dataset)) other.checked = false;
  }
}

const wake = (part) => {
  for (const root of part.querySelectorAll("[data-questionnaire]:not([data-awake])")) {
    root.dataset.awake = "";
    attach(root);
  }
};
if (typeof document !== "undefined") {
  wake(document);
  document.addEventListener("htmx:load", (event) => wake(event.detail.elt.parentElement || document));
}

// The list that opens after typing @: filter by typing on, arrows and Enter choose, Escape closes.

import { el } from "./dom.js";
import { ALL } from "./bubble.js";

const BEFORE_CARET = /@([^\s@]{0,12})$/;

export class Mentions {
  constructor(field, list, people, mayAll) {
    this.mayAll = mayAll;
    this.field = field;
    this.list = list;
    this.people = people;
    this.chosen = new Map();
    this.options = [];
    this.at = 0;
  }

  get open() {
    return !this.list.hidden;
  }

  /** Ids of those whose @name still stands in the text, and whether it speaks to everybody. */
  mentioned(text) {
    const mentions = [...this.chosen].filter(([, name]) => text.includes(`@${name}`)).map(([id]) => id);
    return { mentions, to_all: this.mayAll() && text.includes(`@${ALL}`) };
  }

  reset() {
    this.chosen.clear();
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  /** Look at what stands before the caret. */
  look() {
    const { field } = this;
    const hit = BEFORE_CARET.exec(field.value.slice(0, field.selectionStart));
    if (!hit) return this.close();
    const people = this.people();
    const everybody = people.length > 1 && this.mayAll() ? [{ staff_id: null, name: ALL }] : [];
    this.options = [...everybody, ...people].filter((who) => who.name.includes(hit[1])).slice(0, 50);
    if (!this.options.length) return this.close();
    this.at = 0;
    this.list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    return this.#draw();
  }

  /** Whether the key was meant for the list. */
  key(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.options.length) % this.options.length;
      this.#draw();
    } else if (event.key === "Enter" || event.key === "Tab") {
      this.#choose(this.options[this.at]);
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #choose(who) {
    const { field } = this;
    const caret = field.selectionStart;
    const start = field.value.slice(0, caret).lastIndexOf("@");
    field.setRangeText(`@${who.name} `, start, caret, "end");
    if (who.staff_id !== null) this.chosen.set(who.staff_id, who.name);
    this.close();
    field.dispatchEvent(new Event("input"));
    field.focus();
  }

  #draw() {
    const { list, field } = this;
    list.replaceChildren(
      ...this.options.map((who, index) =>
        el(
          "li",
          {
            id: `${list.id}-${index}`,
            role: "option",
            "aria-selected": String(index === this.at),
            onmousedown: (event) => {
              event.preventDefault();
              this.#choose(who);
            },
          },
          who.name,
        ),
      ),
    );
    field.setAttribute("aria-activedescendant", `${list.id}-${this.at}`);
    list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }
}

// The draft in the browser: one value, changed by functions, with undo; whoever is interested is told. Knows no DOM.

const TOGETHER = 1200; // ms: typing in one field is one step to undo
const MOST = 200;

const fresh = (draft) => JSON.parse(JSON.stringify(draft));

export class Store {
  #past = [];
  #future = [];
  #last = { what: "", at: 0 };
  #told = [];

  constructor(draft, kinds) {
    this.draft = draft;
    this.kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
    this.fixed = new Map(kinds.map((kind) => [kind.kind, kind.fixed ?? []]));
    this.selected = this.questions[0]?.code ?? null;
  }

  get questions() {
    return this.draft.pages.flatMap((page) => page.items);
  }

  get item() {
    return this.questions.find((item) => item.code === this.selected) ?? null;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Be told ("draft" or "selection", and what changed) after each change. */
  listen(hear) {
    this.#told.push(hear);
  }

  #tell(what, detail = "") {
    for (const hear of this.#told) hear(what, detail);
  }

  /** Change the draft; changes of the same `what` in quick succession are one step to undo. */
  change(what, work) {
    const now = Date.now();
    if (!what || what !== this.#last.what || now - this.#last.at > TOGETHER) {
      this.#past.push({ draft: fresh(this.draft), selected: this.selected });
      if (this.#past.length > MOST) this.#past.shift();
    }
    this.#last = { what, at: now };
    this.#future = [];
    const draft = fresh(this.draft);
    work(draft);
    this.draft = draft;
    this.#tell("draft", what);
  }

  /** Change the selected question. */
  edit(what, work) {
    const code = this.selected;
    this.change(`${code}:${what}`, (draft) => {
      for (const page of draft.pages) for (const item of page.items) if (item.code === code) work(item);
    });
  }

  select(code) {
    if (this.selected === code) return;
    this.selected = code;
    this.#tell("selection");
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    const state = from.pop();
    if (!state) return;
    to.push({ draft: this.draft, selected: this.selected });
    this.draft = state.draft;
    this.selected = this.questions.some((item) => item.code === state.selected) ? state.selected : this.questions[0]?.code ?? null;
    this.#last = { what: "", at: 0 };
    this.#tell("draft", "undo");
  }

  /** A new question behind the selected one. */
  add(kind) {
    this.insert(this.kinds.get(kind).fresh);
  }

  /** A question from elsewhere (the bank) behind the selected one, under a free code. */
  insert(made) {
    const item = { ...fresh(made), code: this.#freeCode() };
    this.change("", (draft) => {
      const [page, at] = this.#behind(draft);
      page.items.splice(at, 0, item);
    });
    this.select(item.code);
  }

  #behind(draft) {
    for (const page of draft.pages) {
      const at = page.items.findIndex((item) => item.code === this.selected);
      if (at >= 0) return [page, at + 1];
    }
    const last = draft.pages.at(-1);
    return [last, last.items.length];
  }

  #freeCode() {
    const taken = new Set(this.questions.map((item) => item.code));
    let number = taken.size + 1;
    while (taken.has(`q${number}`)) number += 1;
    return `q${number}`;
  }

  copy(code) {
    const made = this.#freeCode();
    this.change("", (draft) => {
      for (const page of draft.pages) {
        const at = page.items.findIndex((item) => item.code === code);
        if (at < 0) continue;
        page.items.splice(at + 1, 0, { ...fresh(page.items[at]), code: made, jumps: [] });
        break;
      }
    });
    this.select(made);
  }

  remove(code) {
    const order = this.questions.map((item) => item.code);
    const at = order.indexOf(code);
    this.change("", (draft) => {
      for (const page of draft.pages) page.items = page.items.filter((item) => item.code !== code);
    });
    this.select(order[at + 1] ?? order[at - 1] ?? null);
  }

  /** Put a question at a place of a page: `at` counts the other questions of that page. */
  move(code, pageAt, at) {
    this.change("", (draft) => {
      let moved = null;
      for (const page of draft.pages) {
        const from = page.items.findIndex((item) => item.code === code);
        if (from >= 0) [moved] = page.items.splice(from, 1);
      }
      draft.pages[pageAt].items.splice(at, 0, moved);
    });
  }

  /** One step up or down, over the edge of a page too. */
  nudge(code, by) {
    const pages = this.draft.pages;
    const pageAt = pages.findIndex((page) => page.items.some((item) => item.code === code));
    const at = pages[pageAt].items.findIndex((item) => item.code === code);
    if (at + by >= 0 && at + by < pages[pageAt].items.length) this.move(code, pageAt, at + by);
    else if (pages[pageAt + by]) this.move(code, pageAt + by, by > 0 ? 0 : pages[pageAt + by].items.length);
  }

  addPage() {
    this.change("", (draft) => draft.pages.push({ title: "", items: [] }));
  }

  /** Give a page's questions to the one before it. */
  removePage(at) {
    this.change("", (draft) => {
      const [gone] = draft.pages.splice(at, 1);
      draft.pages[Math.max(at - 1, 0)].items.push(...gone.items);
      for (const words of Object.values(draft.languages ?? {})) {
        for (let page = at + 1; page <= draft.pages.length + 1; page += 1) {
          if (words[`page.${page + 1}`] === undefined) delete words[`page.${page}`];
          else words[`page.${page}`] = words[`page.${page + 1}`];
        }
      }
    });
  }
}

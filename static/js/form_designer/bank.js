// The bank of questions beside the draft: taken from by class and words, and put into.

import { el, icon } from "../../chat/dom.js";
import { field, line, pick } from "./fields.js";
import { Problem } from "./server.js";

export class Bank {
  constructor(server, store, groups) {
    Object.assign(this, { server, store, groups });
  }

  /** A box that opens to find questions and take them over. */
  chooser() {
    const list = el("ul.design-bank-items");
    const said = el("p.hint", { role: "status" });
    const asked = { group: "", q: "" };
    let timer = null;
    const find = async () => {
      const query = new URLSearchParams(asked);
      const answer = await fetch(`${this.server.base}/bank?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) {
        said.textContent = "题库没有打开，请稍后再试";
        return;
      }
      const { items } = await answer.json();
      said.textContent = items.length ? "" : "没有符合条件的题目";
      list.replaceChildren(...items.map((one) => this.#line(one)));
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(find, 250);
    };
    const groups = pick([["", "全部大类"], ...this.groups.map(([name]) => [name, name])], "", (group) => {
      asked.group = group;
      find();
    }, { label: "大类", small: true });
    const words = line("", (text) => {
      asked.q = text;
      later();
    }, { most: 100, label: "题目中的字", placeholder: "题目中的字" });
    const box = el("div.design-bank", {}, el("div.design-bank-tools", {}, groups, words), said, list);
    return el("details.design-kinds", { ontoggle: (event) => event.target.open && find() }, el("summary.btn", {}, icon("stack-2"), "从题库选"), box);
  }

  #line({ code, group, subgroup, item }) {
    const kind = this.store.kinds.get(item.kind);
    const take = () => this.store.insert({ ...item, bank: code });
    return el(
      "li",
      {},
      el("button.design-kind", { type: "button", onclick: take }, icon(kind.icon), el("span.design-line-words", {}, el("b", {}, item.title), el("small", {}, `${kind.label} · ${group}${subgroup ? ` / ${subgroup}` : ""}`))),
    );
  }

  /** Put the selected question into the bank, as a new item or as the next version of the one it came from. */
  keeper(item) {
    const given = { group: this.groups[0]?.[0] ?? "", subgroup: "" };
    const said = el("p.hint", { role: "status" });
    const keep = (code) => async () => {
      try {
        const told = await this.server.ask("bank", { item: this.store.item, ...given, code });
        said.textContent = `已存入题库（第 ${told.number} 版）`;
        this.store.edit("typed bank", (it) => (it.bank = told.code));
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        said.textContent = [problem.message, ...problem.details.map((fault) => `${fault.label}：${fault.reason}`)].join("；");
      }
    };
    return el(
      "details.design-more",
      {},
      el("summary", {}, icon("stack-2"), item.bank ? "题库（来自题库）" : "存入题库"),
      field("大类", line(given.group, (text) => (given.group = text), { most: 40, placeholder: "如“满意度”" }), { row: true }),
      field("小类", line("", (text) => (given.subgroup = text), { most: 40, placeholder: "如“就医环境”，可不填" }), { row: true }),
      el(
        "div.design-ticks",
        {},
        el("button.btn.btn-sm", { type: "button", onclick: keep("") }, icon("plus"), "存为新题"),
        item.bank ? el("button.btn.btn-sm", { type: "button", onclick: keep(item.bank) }, icon("refresh"), "存为原题的新版") : null,
      ),
      said,
    );
  }
}

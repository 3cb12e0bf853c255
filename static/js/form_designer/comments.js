// What colleagues said about a question of the draft ("" about the whole), and what is dealt with.

import { el, icon } from "../../chat/dom.js";
import { Problem } from "./server.js";

export class Comments {
  #told = [];

  /** `save()` keeps the draft first: a comment is about a question that the server knows. */
  constructor(server, save, open) {
    Object.assign(this, { server, save, open });
  }

  listen(hear) {
    this.#told.push(hear);
  }

  of(code) {
    return this.open.filter((one) => one.question === code);
  }

  async #send(what, body, said) {
    try {
      await this.save();
      this.open = (await this.server.ask(what, body)).comments;
      for (const hear of this.#told) hear();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      said.textContent = problem.message;
    }
  }

  /** The comments of a question, and a line for a new one. */
  box(code) {
    const here = this.of(code);
    const said = el("span.hint", { role: "status" });
    const words = el("textarea.form-control", { rows: 2, maxlength: 500, "aria-label": "意见", placeholder: "写给一起编制和审核的人" });
    const settle = (one) => () => this.#send(`comments/${one.id}/settle`, {}, said);
    const when = (at) => new Date(at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
    return el(
      "details.design-more",
      { open: here.length > 0 },
      el("summary", {}, icon("message-dots"), `意见（${here.length}）`),
      here.length
        ? el(
            "ul.design-comments",
            {},
            ...here.map((one) => el("li", {}, one.words, el("small", {}, `${one.by} ${when(one.at)} `, el("button.btn.btn-sm", { type: "button", onclick: settle(one) }, icon("check"), "已处理")))),
          )
        : null,
      el(
        "div.design-comment-new",
        {},
        words,
        el("button.btn.btn-sm", { type: "button", onclick: () => words.value.trim() && this.#send("comments", { question: code, words: words.value }, said) }, "记下"),
      ),
      said,
    );
  }
}

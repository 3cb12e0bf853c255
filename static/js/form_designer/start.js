// The designer of forms: puts list, editor and preview together, saves by itself, publishes when asked.

import { el, useIcons } from "../../chat/dom.js";
import { Bank } from "./bank.js";
import { Comments } from "./comments.js";
import { Editor } from "./editor.js";
import { Outline } from "./outline.js";
import { Preview } from "./preview.js";
import { Problem, Saver, Server } from "./server.js";
import { Store } from "./store.js";

const root = document.getElementById("design");
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const button = (name) => document.querySelector(`[data-do="${name}"]`);
const start = JSON.parse(root.dataset.start);
const { draft, revision, kinds, facts } = start;
useIcons(root.dataset.icons);

const store = new Store(draft, kinds);
const server = new Server(root.dataset);
const saver = new Saver(server, store, revision, (words, bad = false) => {
  part("state").textContent = words;
  part("state").classList.toggle("bad", bad);
});
const comments = start.survey ? new Comments(server, () => saver.now(), start.comments) : null;
const bank = start.survey ? new Bank(server, store, start.groups) : null;
const outline = new Outline(part("outline"), store, facts, { bank, comments });
const editor = new Editor(part("editor"), store, facts, { start, server, pictures: root.dataset, bank, comments });
comments?.listen(() => {
  outline.draw();
  editor.draw();
});
const show = (problems) => {
  outline.show(problems);
  editor.show(problems);
};
const preview = new Preview(part("preview"), store, server, facts, show, start.survey ? start : {});

store.listen((what) => {
  if (what === "draft") {
    saver.later();
    document.getElementById("notices").replaceChildren(); // what was told is out of date, and lies over the buttons
  }
  button("undo").disabled = !store.canUndo;
  button("redo").disabled = !store.canRedo;
});
store.listen((what) => {
  if (what === "selection" && store.selected) tab("editor");
});
button("undo").disabled = button("redo").disabled = true;
button("undo").addEventListener("click", () => store.undo());
button("redo").addEventListener("click", () => store.redo());
button("publish").addEventListener("click", publish);

/** On a phone one of the three is shown at a time. */
function tab(name) {
  root.dataset.shows = name;
  for (const one of document.querySelectorAll(".design-tabs .tab")) one.classList.toggle("here", one.dataset.show === name);
}
for (const one of document.querySelectorAll(".design-tabs .tab")) one.addEventListener("click", () => tab(one.dataset.show));

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName) && !event.shiftKey && event.target.closest(".design-preview")) return;
  event.preventDefault();
  if (event.shiftKey) store.redo();
  else store.undo();
});

window.addEventListener("beforeunload", (event) => {
  if (saver.waiting) event.preventDefault();
});

function tell(words, lines = []) {
  const notice = el(
    "div.notice.notice-danger",
    { role: "alert" },
    el("div.notice-words", {}, el("b", {}, words), lines.length ? el("ul", {}, ...lines.map((line) => el("li", {}, line))) : null),
    el("button.notice-close", { type: "button", "data-dismiss": true, "aria-label": "关闭" }, "×"),
  );
  document.getElementById("notices").replaceChildren(notice);
}

/** Save what is left, publish; what hinders is told, marked in the list, and the first of it opened. */
async function publish() {
  button("publish").disabled = true;
  try {
    await saver.now();
    const { goTo } = await server.ask("publish", {
      revision: saver.revision,
      note: document.querySelector("[data-note]")?.value ?? "",
      migrates: document.querySelector("[data-migrates]")?.checked ?? false,
    });
    location.assign(goTo);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    tell(problem.message, problem.details.map((fault) => `${fault.label}：${fault.reason}`));
    const problems = problem.details.map(({ field, reason }) => {
      const at = field.indexOf(":");
      return { question: field.slice(0, at), place: field.slice(at + 1), reason };
    });
    document.getElementById("handing")?.removeAttribute("open");
    if (problems.length) {
      show(problems);
      store.select(problems[0].question || null);
    }
  } finally {
    button("publish").disabled = false;
  }
}

outline.draw();
editor.draw();
preview.draw();

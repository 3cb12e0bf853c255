// The interviewer's sheet: each answer is saved by itself, keys choose and move on. Without it the form is sent as a whole.

import "./questionnaire.js";
import { Watch } from "./filling_watch.js";

const form = document.getElementById("interview");
const root = form.querySelector("[data-questionnaire]");
const setting = JSON.parse(form.dataset.interview);
const state = document.getElementById("call-state");
const watch = new Watch(setting.times);
const ahead = setting.now - Date.now();
const queue = new Map();
let known = null;
let last = 0;
let busy = false;
let timer = 0;

const slim = (answer) => Object.fromEntries(Object.entries(answer).filter(([, value]) => (value && typeof value === "object" ? Object.keys(value).length : value)));

root.addEventListener("answered", ({ detail: { answers, path } }) => {
  const now = Object.fromEntries(Object.entries(answers).map(([code, answer]) => [code, JSON.stringify(slim(answer))]));
  if (known) {
    for (const code of path) {
      if (now[code] === known[code]) continue;
      last = Math.max(last + 1, Date.now() + ahead);
      queue.set(code, { answer: JSON.parse(now[code]), counter: last, ms: watch.on(code) });
    }
    clearTimeout(timer);
    timer = setTimeout(send, document.activeElement?.matches("textarea, input[type=text], input:not([type])") ? 600 : 0);
  }
  known = now;
});
root.dispatchEvent(new Event("input"));

async function send() {
  if (busy) return;
  busy = true;
  for (const [code, one] of queue) {
    let answer = null;
    try {
      answer = await fetch(`${form.dataset.prefix}${setting.api}/${encodeURIComponent(code)}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": form.dataset.csrf },
        body: JSON.stringify(one),
      });
    } catch {
      // away: tried again below
    }
    if (!answer || answer.status >= 500) {
      state.textContent = state.dataset.failed;
      timer = setTimeout(send, 3000);
      busy = false;
      return;
    }
    if (queue.get(code) === one) queue.delete(code);
    state.textContent = answer.ok ? state.dataset.saved : state.dataset.wrong;
  }
  busy = false;
}

// --- keys ----------------------------------------------------------------------------------------

const open = () => [...root.querySelectorAll("fieldset.ask-asks:not([hidden])")];
const here = () => document.activeElement?.closest("fieldset.ask-asks") || open()[0];

function enter(set) {
  if (!set) return form.querySelector(".call-foot .btn").focus();
  const controls = [...set.querySelectorAll("input:not([type=hidden], [type=file]), select, textarea")];
  (controls.find((control) => control.checked) || controls[0])?.focus({ preventScroll: true });
  set.scrollIntoView({ block: "center" });
  return undefined;
}

const step = (by) => {
  const all = open();
  enter(all[all.indexOf(here()) + by]);
};

document.addEventListener("keydown", (event) => {
  if (!form.contains(event.target) && event.target !== document.body) return;
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.target.matches("textarea, input[type=text], input[type=number], input[type=date], input[type=tel], input:not([type]), button")) {
    if (event.key === "Enter" && !event.target.matches("textarea, button") && event.target.closest("fieldset.ask-asks")) {
      event.preventDefault();
      step(1);
    }
    return;
  }
  if (event.key === "Enter" || event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowUp" ? -1 : 1);
    return;
  }
  if (!/^[0-9]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  const set = here();
  const row = event.target.closest(".ask-row") || set?.querySelector(".ask-row:not(:has(:checked))");
  const boxes = [...(row || set).querySelectorAll("input[type=radio], input[type=checkbox]")];
  if (!boxes.length) return;
  event.preventDefault();
  const number = boxes.every((box) => /^[0-9]+$/.test(box.value));
  const box = number ? boxes.find((one) => one.value === event.key) : boxes[(Number(event.key) || 10) - 1];
  if (!box) return;
  box.click();
  const rows = [...set.querySelectorAll(".ask-row")];
  const next = rows[rows.indexOf(row) + 1];
  if (row && next) next.querySelector("input").focus();
  else if (box.type === "radio") step(1);
  else box.focus();
});

enter(root.querySelector("fieldset.ask-bad") || open()[0]);
scrollTo({ top: 0 });

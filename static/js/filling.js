// A patient's questionnaire with scripts: screens are turned here, each answer is saved by itself, and what cannot be
// sent waits in the browser (never on a screen of the hospital) and goes out later. The server judges; this is a courtesy.

import { attach } from "./questionnaire.js";
import { Outbox } from "./filling_outbox.js";
import { screens, place } from "./filling_screens.js";
import { Watch } from "./filling_watch.js";

const form = document.getElementById("filling");
const root = form.querySelector("[data-questionnaire]");
const setting = JSON.parse(form.dataset.filling);
const state = document.getElementById("state");
const box = document.getElementById("faults");
const next = document.getElementById("next");
const back = document.getElementById("back");
const sets = new Map([...root.querySelectorAll("fieldset[data-code]")].map((set) => [set.dataset.code, set]));

/** An answer without what is empty, so that two of them can be compared. */
function slim(answer) {
  const kept = Object.entries(answer).filter(([, value]) => (Array.isArray(value) ? value.length : value && typeof value === "object" ? Object.keys(value).length : value));
  return Object.fromEntries(kept);
}

function say(name) {
  state.textContent = name ? state.dataset[name] : "";
}

const watch = new Watch(setting.times);
const outbox = new Outbox({ form, setting, say, over: () => location.reload(), refused: (code, reason) => fault(code, reason) });
let known = null; // answers as they were last seen, as JSON by code
let answers = {};
let path = [];
let at = 0;
let found = [];

// --- answers -------------------------------------------------------------------------------------

root.addEventListener("answered", (event) => {
  ({ answers, path } = event.detail);
  const now = Object.fromEntries(Object.entries(answers).map(([code, answer]) => [code, JSON.stringify(slim(answer))]));
  if (known !== null) {
    for (const code of path) {
      if (now[code] === known[code]) continue;
      fault(code, "");
      outbox.put(code, JSON.parse(now[code]), watch.on(code), typing(code) ? 700 : 0);
    }
  }
  known = now;
  draw();
});

function typing(code) {
  return sets.get(code).contains(document.activeElement) && document.activeElement.matches("textarea, input:not([type=radio], [type=checkbox], [type=file])");
}

root.addEventListener("change", async (event) => {
  const field = event.target;
  if (field.type !== "file" || !field.files.length) return;
  event.stopPropagation();
  const set = field.closest("fieldset");
  say("upload");
  for (const file of [...field.files]) {
    const id = await outbox.upload(file);
    if (!id) {
      fault(set.dataset.code, state.dataset.full);
      break;
    }
    if (set.classList.contains("ask-signature")) for (const old of set.querySelectorAll("input[type=hidden]")) old.remove();
    const kept = Object.assign(document.createElement("input"), { type: "hidden", name: field.name, value: id });
    field.after(kept);
    const line = Object.assign(document.createElement("div"), { className: "ask-limit", textContent: `✓ ${file.name}` });
    if (!set.classList.contains("ask-signature")) field.after(line);
  }
  say("");
  field.value = "";
  root.dispatchEvent(new Event("input"));
}, true);

/** Put answers that were never sent back into the page. */
function fill(code, answer) {
  const set = sets.get(code);
  if (!set) return;
  for (const control of set.querySelectorAll("input, select, textarea")) {
    const part = control.name.slice(`q.${code}`.length + 1);
    const many = part ? answer.m?.[part] : (answer.c ?? (answer.n ? [answer.n] : []));
    if (control.type === "radio" || control.type === "checkbox") control.checked = (many || []).includes(control.value);
    else if (control.tagName === "SELECT") control.value = (many || [])[0] ?? "";
    else if (control.type === "hidden" || control.type === "file") continue;
    else control.value = part === "other" ? (answer.o ?? "") : part ? (answer.b?.[part] ?? "") : (answer.t ?? answer.n ?? answer.d ?? "");
  }
}

// --- screens -------------------------------------------------------------------------------------

function draw() {
  found = screens(setting.pages, setting.weights, path);
  at = Math.min(at, Math.max(0, found.length - 1));
  const here = new Set(found[at] || []);
  for (const [code, set] of sets) set.classList.toggle("filling-later", !here.has(code));
  const last = at >= found.length - 1;
  next.textContent = last ? next.dataset.end : next.dataset.next;
  back.hidden = at === 0;
  document.getElementById("intro")?.toggleAttribute("hidden", at > 0);
  const bar = document.getElementById("bar");
  bar.max = found.length;
  bar.value = at;
  const step = document.getElementById("step");
  step.textContent = step.dataset.words.replace("{at}", at + 1).replace("{all}", found.length);
}

function turn(to, focus = true) {
  watch.rest(found[at] || []);
  at = Math.max(0, Math.min(to, found.length - 1));
  draw();
  outbox.remember({ where: found[at]?.[0] });
  if (!focus) return;
  scrollTo({ top: 0 });
  const title = sets.get(found[at]?.[0])?.querySelector("legend");
  if (title) {
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }
}

// --- faults --------------------------------------------------------------------------------------

function fault(code, reason) {
  const set = sets.get(code);
  if (!set) return;
  let line = set.querySelector(":scope > .fault");
  set.classList.toggle("ask-bad", Boolean(reason));
  if (!reason) {
    line?.remove();
    box.querySelector(`a[href="#q-${code}-title"]`)?.closest("li").remove();
    if (!root.querySelector(".ask-bad")) box.hidden = true;
    return;
  }
  if (!line) {
    line = Object.assign(document.createElement("div"), { className: "fault", id: `q-${code}-fault` });
    set.append(line);
  }
  line.textContent = reason;
}

function summary(list) {
  box.querySelector("ul").replaceChildren(
    ...list.map(({ code, reason }) => {
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: `#q-${code}-title`, textContent: words(code) });
      link.addEventListener("click", () => turn(place(found, code), false));
      item.append(link, `：${reason}`);
      return item;
    }),
  );
  box.hidden = false;
  box.focus();
}

function words(code) {
  const title = sets.get(code)?.querySelector("legend").cloneNode(true);
  title?.querySelector(".must")?.remove();
  return title?.textContent.trim() ?? code;
}

/** What of this screen must still be answered; a matrix needs all of its rows. */
function missing() {
  return (found[at] || []).filter((code) => {
    const set = sets.get(code);
    if (!set.querySelector(".must")) return false;
    const rows = set.querySelectorAll(".ask-row").length;
    const answer = JSON.parse(known[code] || "{}");
    return rows ? Object.keys(answer.m || {}).length < rows : !Object.keys(answer).length;
  });
}

// --- the way -------------------------------------------------------------------------------------

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter === back) return turn(at - 1);
  const open = missing();
  for (const code of open) fault(code, state.dataset.missing);
  if (open.length) {
    if (open.length > 1) summary(open.map((code) => ({ code, reason: state.dataset.missing })));
    sets.get(open[0]).scrollIntoView({ block: "center" });
    sets.get(open[0]).querySelector("input:not([type=hidden]), select, textarea")?.focus({ preventScroll: true });
    return undefined;
  }
  if (at < found.length - 1) return turn(at + 1);
  watch.rest(found[at] || []);
  next.disabled = true;
  const told = await outbox.end(watch.times);
  next.disabled = false;
  if (told?.then) {
    location.replace(told.then);
  } else if (told?.details) {
    const list = told.details.map(({ field, reason }) => ({ code: field.slice(2), reason }));
    for (const { code, reason } of list) fault(code, reason);
    if (list.length) turn(place(found, list[0].code), false);
    summary(list);
  }
  return undefined;
});

const waiting = outbox.open();
if (waiting.elsewhere) {
  location.replace(waiting.elsewhere);
} else {
  for (const [code, { answer }] of Object.entries(waiting.queue)) fill(code, answer);
  attach(root);
  const where = new URLSearchParams(location.search).get("at") || waiting.where;
  const first = root.querySelector(".ask-bad")?.dataset.code;
  at = place(found, first || where || path.find((code) => setting.asks.includes(code) && known[code] === "{}") || "");
  if (setting.begun || Object.keys(waiting.queue).length) turn(at, false);
  else draw();
  form.classList.add("live");
  outbox.go();
}

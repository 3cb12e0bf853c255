// Small dialogs of the chat: one line of text, a yes, a list to choose from. Each gives a promise; null when given up.

import { el, icon } from "./dom.js";

function open(title, body, foot, begin) {
  return new Promise((answer) => {
    let given = null;
    const give = (value) => {
      given = value;
      dialog.close();
    };
    const form = el(
      "form.im-ask-form",
      { method: "dialog" },
      el("h3", {}, title),
      ...body,
      el("div.im-ask-foot", {}, el("button.im-plain", { type: "button", onclick: () => dialog.close() }, "取消"), ...foot),
    );
    const dialog = el("dialog.im-ask", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(given);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    begin(form, give);
    dialog.showModal();
  });
}

const yes = (words, danger) => el(`button.im-main${danger ? ".danger" : ""}`, { type: "submit" }, words);

/** Ask for a text: `{title, hint, value, long, most, action, needed, danger}`. */
export function askText({ title, hint = "", value = "", long = false, most = 200, action = "确定", needed = true, danger = false }) {
  const field = el(long ? "textarea" : "input", { maxlength: most, "aria-label": title, rows: long ? 5 : false });
  field.value = value;
  return open(title, [hint && el("p", {}, hint), field], [yes(action, danger)], (form, give) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text || !needed) give(text);
      else field.focus();
    });
    setTimeout(() => field.focus());
  });
}

/** Ask for a yes. */
export function askYes({ title, hint = "", action = "确定", danger = false }) {
  return open(title, [hint && el("p", {}, hint)], [yes(action, danger)], (form, give) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      give(true);
    });
  });
}

/** Let one be chosen of `lines` {value, label, note}. */
export function askOne({ title, lines, iconName = "messages" }) {
  const list = el("ul.im-ask-list");
  const draw = (words, give) =>
    list.replaceChildren(
      ...lines
        .filter((line) => line.label.includes(words))
        .map((line) =>
          el("li", {}, el("button", { type: "button", onclick: () => give(line.value) }, icon(iconName), el("span", {}, line.label), line.note && el("small", {}, line.note))),
        ),
    );
  const field = el("input", { type: "search", placeholder: "筛选", "aria-label": "筛选" });
  return open(title, [field, list], [], (form, give) => {
    draw("", give);
    field.addEventListener("input", () => draw(field.value.trim(), give));
    form.addEventListener("submit", (event) => event.preventDefault());
  });
}

/** Let people be chosen: by name or number, or all of a department. Gives {staff_ids, title}; `named`: with a name. */
export async function askPeople({ title, base, except = new Set(), named = false, action = "确定" }) {
  const chosen = new Map();
  const get = async (what) => {
    try {
      const response = await fetch(`${base}/chat/${what}`, { headers: { Accept: "application/json" } });
      return response.ok ? await response.json() : {};
    } catch {
      return {};
    }
  };
  const name = el("input", { maxlength: 40, placeholder: "群名称", "aria-label": "群名称" });
  const field = el("input", { type: "search", placeholder: "输入姓名或工号查找", "aria-label": "姓名或工号" });
  const unit = el("select", { "aria-label": "按科室选择" }, el("option", { value: "" }, "或按科室选择…"));
  const found = el("ul.im-ask-list");
  const taken = el("p.im-ask-taken", { "aria-live": "polite" });
  const told = el("p.im-ask-fault", { role: "alert" });
  const mark = () => {
    taken.replaceChildren(
      ...[...chosen].map(([id, who]) =>
        el("button.im-chip", { type: "button", "aria-label": `去掉 ${who}`, onclick: () => (chosen.delete(id), mark(), tick()) }, who, icon("x")),
      ),
    );
  };
  const tick = () => {
    for (const box of found.querySelectorAll("input")) box.checked = chosen.has(Number(box.value));
  };
  const draw = (people, all) => {
    const new_ = people.filter((who) => !except.has(who.id));
    const row = (who) =>
      el("li", {}, el("label", {}, el("input", { type: "checkbox", value: who.id, onchange: (event) => pick(who, event.target.checked) }), el("span", {}, who.name), el("small", {}, `${who.number} ${who.unit}`)));
    const pick = (who, on) => (on ? chosen.set(who.id, who.name) : chosen.delete(who.id), mark());
    const whole = all && new_.length > 1 && el("li", {}, el("button.im-link", { type: "button", onclick: () => (new_.forEach((who) => chosen.set(who.id, who.name)), mark(), tick()) }, `全选本科室 ${new_.length} 人`));
    found.replaceChildren(...[whole, ...new_.map(row)].filter(Boolean));
    if (!new_.length) found.replaceChildren(el("li.none", {}, people.length ? "都已在群聊中" : "没有找到"));
    tick();
  };
  let turn = 0;
  field.addEventListener("input", async () => {
    const mine = (turn += 1);
    unit.value = "";
    const words = field.value.trim();
    const people = words ? (await get(`people?q=${encodeURIComponent(words)}`)).people ?? [] : [];
    if (mine === turn) words ? draw(people, false) : found.replaceChildren();
  });
  unit.addEventListener("change", async () => {
    const mine = (turn += 1);
    field.value = "";
    const people = unit.value ? (await get(`people?unit=${unit.value}`)).people ?? [] : [];
    if (mine === turn) draw(people, true);
  });
  get("units").then(({ units = [] }) => unit.append(...units.map(({ id, label }) => el("option", { value: id }, label))));
  return open(title, [named && name, field, unit, found, taken, told], [yes(action)], (form, give) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = name.value.trim();
      if (named && !words) told.textContent = "请填写群名称";
      else if (!chosen.size) told.textContent = "请至少选择一位同事";
      else give({ staff_ids: [...chosen.keys()], title: words });
    });
    setTimeout(() => (named ? name : field).focus());
  });
}

/* A template card, drawn as WeCom draws it; its buttons call back through the control API. */

import { h, icon, post } from "./dom.js";

export function card(message, place) {
  const value = message.card;
  const chosen = {};
  const press = (key, extra = {}) => tap(message, place, key, { selected: chosen, ...extra });
  return h("div", { class: `card ${value.card_type}${value.replace_text ? " done" : ""}` },
    head(value, press),
    value.card_image && h("img", { class: "cover", src: value.card_image.url, alt: "" }),
    h("div", { class: "inner" },
      titles(value, place),
      value.emphasis_content && h("div", { class: "emphasis" }, h("b", {}, value.emphasis_content.title), h("span", {}, value.emphasis_content.desc)),
      value.quote_area && quote(value.quote_area, place),
      value.image_text_area && h("div", { class: "image-text" },
        value.image_text_area.image_url && h("img", { src: value.image_text_area.image_url, alt: "" }),
        h("span", {}, h("b", {}, value.image_text_area.title), value.image_text_area.desc)),
      value.sub_title_text && h("p", { class: "subtitle" }, value.sub_title_text),
      value.vertical_content_list.map((part) => h("div", { class: "vertical" }, h("b", {}, part.title), h("p", {}, part.desc))),
      value.horizontal_content_list.map((row) => h("dl", { class: "row" }, h("dt", {}, row.keyname), h("dd", {}, rowValue(row, place)))),
      choices(value, chosen, message.chosen),
    ),
    value.jump_list.map((jump) => h("a", { class: "jump", href: place.link(jump.url || "https://invalid.invalid/"), target: "_blank", rel: "noopener" }, jump.title, icon("next"))),
    buttons(value, press, place),
  );
}

function head(value, press) {
  if (!value.source?.desc && !value.action_menu) return null;
  return h("div", { class: `source color${value.source?.desc_color ?? 0}` },
    value.source?.icon_url && h("img", { src: value.source.icon_url, alt: "" }),
    h("span", {}, value.source?.desc ?? ""),
    value.action_menu && !value.replace_text && menu(value.action_menu, press),
  );
}

function menu(value, press) {
  const box = h("details", { class: "menu" },
    h("summary", { title: value.desc || "更多操作" }, icon("more")),
    h("div", {}, value.desc && h("p", {}, value.desc), value.action_list.map((item) =>
      h("button", { onclick: () => { box.open = false; press(item.key, { menu: true, selected: {} }); } }, item.text))),
  );
  return box;
}

function titles(value, place) {
  const title = value.main_title;
  if (!title) return null;
  const heading = h("h4", {}, title.title);
  const url = value.card_action?.type === 1 && value.card_action.url;
  return [
    url ? h("a", { class: "title-link", href: place.link(url), target: "_blank", rel: "noopener" }, heading) : heading,
    title.desc && h("p", { class: "desc" }, title.desc),
  ];
}

function quote(value, place) {
  const inner = [value.title && h("b", {}, value.title), value.quote_text && h("span", {}, value.quote_text)];
  return value.type === 1 && value.url
    ? h("a", { class: "quote-area", href: place.link(value.url), target: "_blank", rel: "noopener" }, inner)
    : h("div", { class: "quote-area" }, inner);
}

function rowValue(row, place) {
  if (row.type === 1) return h("a", { href: place.link(row.url), target: "_blank", rel: "noopener" }, row.value || row.url);
  if (row.type === 2) return h("a", { href: `/media/${row.media_id}` }, row.value || "附件");
  return row.type === 3 ? h("span", { class: "mention" }, row.value || row.userid) : row.value;
}

/* Fills `chosen` (question key -> option ids) as the person selects. */
function choices(value, chosen, earlier) {
  const done = Boolean(value.replace_text);
  const selectors = [value.button_selection, ...value.select_list].filter(Boolean).map((selector) => {
    const preset = earlier[selector.question_key]?.[0] ?? (selector.selected_id || selector.option_list[0].id);
    chosen[selector.question_key] = [preset];
    return h("label", { class: "selector" }, h("span", {}, selector.title),
      h("select", { disabled: done || selector.disable, onchange: (event) => { chosen[selector.question_key] = [event.target.value]; } },
        selector.option_list.map((option) => h("option", { value: option.id, selected: option.id === preset }, option.text))));
  });
  return [selectors, value.checkbox && vote(value.checkbox, chosen, earlier, done)];
}

function vote(box, chosen, earlier, done) {
  const preset = earlier[box.question_key] ?? box.option_list.filter((option) => option.is_checked).map((option) => option.id);
  chosen[box.question_key] = preset;
  const name = `vote-${Math.random().toString(36).slice(2)}`;
  const field = h("fieldset", {
    class: "vote", disabled: done || box.disable,
    onchange: () => { chosen[box.question_key] = [...field.querySelectorAll("input:checked")].map((input) => input.value); },
  }, box.option_list.map((option) => h("label", {},
    h("input", { type: box.mode === 1 ? "checkbox" : "radio", name, value: option.id, checked: preset.includes(option.id) }),
    h("span", {}, option.text))));
  return field;
}

function buttons(value, press, place) {
  const all = [...value.button_list];
  if (value.submit_button) all.push({ ...value.submit_button, style: 1, type: 0 });
  if (all.length === 0 && !value.replace_text) return null;
  if (value.replace_text) return h("div", { class: "buttons" }, h("button", { class: "style0", disabled: true }, value.replace_text));
  const roomy = all.some((button) => button.text.length > 4);
  const columns = all.length === 1 ? 1 : all.length === 3 && !roomy ? 3 : 2;
  return h("div", { class: `buttons n${columns}` }, all.map((button) => (button.type === 1
    ? h("a", { class: `style${button.style}`, href: place.link(button.url), target: "_blank", rel: "noopener" }, button.text)
    : h("button", { class: `style${button.style}`, onclick: () => press(button.key) }, button.text))));
}

async function tap(message, place, key, extra) {
  await post("/control/press", { userid: place.person.id, task_id: message.card.task_id, key, ...extra });
  place.wake();
}

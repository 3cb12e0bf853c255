/* A message as the phone shows it. */

import { avatar, h, icon } from "./dom.js";
import { card } from "./cards.js";
import { markdown, plain } from "./markdown.js";

export function bubble(message, place) {
  const { person, channel } = place;
  if (message.kind === "event" || message.sender === "system") return h("p", { class: "event" }, message.text);
  if (message.recalled) return h("p", { class: "event" }, `“${senderName(message, place)}”撤回了一条消息`);
  const mine = message.sender === person.id || (channel === "sms" && message.sender !== "sms");
  const link = opener(person, channel);
  const name = senderName(message, place);
  const body = content(message, { ...place, link });
  const wide = message.card || message.note;
  const picture = channel === "sms" ? null
    : mine ? avatar(person.name, person.kind) : face(message, name, channel);
  return h("div", { class: `line ${mine ? "mine" : "theirs"}${wide ? " wide" : ""}`, data: { seq: message.seq } },
    picture,
    h("div", { class: "body" },
      channel === "group" && !mine && h("span", { class: "sender" }, name),
      body,
    ),
  );
}

function senderName(message, place) {
  return place.names[message.sender] ?? (message.sender_name || place.person.name);
}

function face(message, name, channel) {
  const known = { app: "回", bot: "助", wechat: "服" }[message.sender];
  return known ? h("span", { class: `app-icon small ${message.sender}` }, known) : avatar(name, channel);
}

/* Links open as the phone's holder: the log-in page remembers for a minute whose phone it was. */
function opener(person, channel) {
  const system = channel === "wechat" || channel === "sms" ? "wechat" : "wecom";
  return (url) => `/open?${new URLSearchParams({ system, person: person.id, url })}`;
}

function content(message, place) {
  switch (message.kind) {
    case "template_card": return card(message, place);
    case "template": return note(message.note, place);
    case "image": return h("a", { class: "picture", href: `/media/${message.media}`, target: "_blank" },
      message.picture ? h("img", { src: `/media/${message.media}`, alt: message.filename }) : file(message));
    case "file": case "voice": case "video": return file(message);
    case "markdown": return h("div", { class: "bubble" }, markdown(message.text, place.link),
      message.streaming && h("span", { class: "typing" }, "正在输入…"));
    default: return h("div", { class: "bubble" }, plain(message.text, place.link));
  }
}

function file(message) {
  return h("a", { class: "bubble file", href: `/media/${message.media}`, download: message.filename },
    icon("file"), h("span", {}, message.filename));
}

function note(value, place) {
  return h("div", { class: "card note" },
    h("div", { class: "source" }, place.names.wechat),
    h("h4", {}, "服务通知"),
    value.rows.map(([label, text]) => h("dl", { class: "row" }, h("dt", {}, label), h("dd", {}, text))),
    value.url && h("a", { class: "jump", href: place.link(value.url), target: "_blank", rel: "noopener" }, "查看详情", icon("next")),
  );
}

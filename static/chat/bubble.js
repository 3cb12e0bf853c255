// Draws one line of the list: a message, a notice, or a message on its way. Decides nothing.

import { el, icon, iconButton } from "./dom.js";
import { inOneLine, pieces, size, time } from "./words.js";

export const ALL = "所有人";

/** A grey line in the middle. */
export function notice(text) {
  return el("li.im-notice", {}, el("span", {}, text));
}

export function daySeparator(text) {
  return el("li.im-day", {}, el("span", {}, text));
}

export function unreadDivider() {
  return el("li.im-unread", {}, el("span", {}, "以下是新消息"));
}

function avatar(message) {
  if (message.author_kind === "bot") return el("span.im-avatar.bot", { "aria-hidden": "true" }, icon("robot"));
  const colour = `c${(message.author_id ?? 0) % 6}`;
  return el(`span.im-avatar.${colour}`, { "aria-hidden": "true" }, [...message.author].slice(-2).join(""));
}

function words(text, names) {
  return el(
    "p.im-text",
    {},
    pieces(text, names).map(({ kind, text: piece }) => {
      if (kind === "link") return el("a", { href: piece, target: "_blank", rel: "noopener noreferrer" }, piece);
      return kind === "mention" ? el("b.im-mention", {}, piece) : piece;
    }),
  );
}

/** A voice message: plays in place where the browser knows the format, else it can be fetched. */
function voice(message, url) {
  const { file, seconds } = message;
  if (file.mime === "audio/amr") {
    return el("a.im-file", { href: `${url}?download`, download: file.name }, icon("microphone"), `语音 ${seconds}″（下载后播放）`);
  }
  const player = el("audio", { src: url, preload: "none" });
  const label = el("span", {}, `${seconds}″`);
  const button = el("button.im-voice", { type: "button", "aria-label": `播放语音 ${seconds} 秒` }, icon("player-play"), label);
  button.style.setProperty("--long", Math.min(seconds, 60));
  const draw = () => {
    button.querySelector("use").setAttribute("href", icon(player.paused ? "player-play" : "player-pause").firstChild.getAttribute("href"));
    button.classList.toggle("playing", !player.paused);
  };
  button.addEventListener("click", () => (player.paused ? player.play().catch(draw) : player.pause()));
  for (const name of ["play", "pause", "ended"]) player.addEventListener(name, draw);
  return el("span.im-voice-box", {}, button, player);
}

function attachment(file, address, hands) {
  const url = `${address}/files/${file.id}`;
  if (file.mime.startsWith("image/")) {
    const picture = el("img", { src: url, alt: file.name, loading: "lazy" });
    picture.addEventListener("load", hands.grown, { once: true });
    return el(
      "button.im-picture",
      { type: "button", "aria-label": `查看图片 ${file.name}`, onclick: () => hands.open(file, url) },
      picture,
    );
  }
  return el(
    "a.im-file",
    { href: `${url}?download`, download: file.name },
    icon("file-text"),
    el("span.im-file-name", {}, file.name),
    el("span.im-file-size", {}, size(file.size)),
  );
}

function quoted(quote, hands) {
  return el(
    "button.im-quote",
    { type: "button", onclick: () => hands.find(quote.seq), title: "查看原消息" },
    el("b", {}, `${quote.author}：`),
    quote.text || "原消息已撤回",
  );
}

function readState(message, room) {
  const people = room.unreadBy(message);
  if (room.staff.length < 2) return null;
  if (!people.length) return el("span.im-read", {}, "全部已读");
  const names = people.map((who) => who.name).join("、");
  const read = room.staff.filter((who) => who.staff_id !== message.author_id && !people.includes(who));
  const done = read.length ? `　已读：${read.map((who) => who.name).join("、")}` : "";
  const list = el("span.im-read-names", { hidden: true }, `未读：${names}${done}`);
  const button = el(
    "button.im-read.some",
    {
      type: "button",
      "aria-expanded": "false",
      title: names,
      onclick: () => {
        list.hidden = !list.hidden;
        button.setAttribute("aria-expanded", String(!list.hidden));
      },
    },
    `${people.length}人未读`,
  );
  return [button, list];
}

function file(message, room, hands) {
  if (!message.file) return null;
  if (message.seconds) return voice(message, `${room.address}/files/${message.file.id}`);
  return attachment(message.file, room.address, hands);
}

/** A message by a person or the bot. `joined`: follows one of the same author closely. */
export function bubble(message, room, { own, joined, hands }) {
  const names = message.mentions.map((id) => room.members.find((who) => who.staff_id === id)?.name);
  const lit = names.filter(Boolean);
  if (message.to_all) lit.push(ALL);
  const who = own ? ".own" : message.author_kind === "bot" ? ".bot" : ".other";
  const picture = message.file?.mime.startsWith("image/") && !message.text && !message.quote ? ".bare" : "";
  return el(
    `li.im-line${who}${joined ? ".joined" : ""}`,
    { "data-seq": message.seq },
    avatar(message),
    el(
      "div.im-body",
      {},
      joined || own ? null : el("span.im-name", {}, message.author),
      el(
        "div.im-row",
        {},
        el(
          `div.im-bubble${picture}${message.mentions.includes(room.me) || message.to_all ? ".forme" : ""}`,
          { tabindex: "0", "aria-label": `${message.author} ${time(message.at)} ${inOneLine(message)}` },
          message.quote ? quoted(message.quote, hands) : null,
          message.kind === "announcement" ? el("b.im-announced", {}, icon("speakerphone"), "群公告") : null,
          file(message, room, hands),
          message.text ? words(message.text, lit) : null,
        ),
        el(
          "span.im-tools",
          {},
          room.info.writable && iconButton("corner-up-left", "回复", () => hands.reply(message)),
          iconButton("dots", "更多", (event) => hands.more(message, event.currentTarget), ".im-more"),
        ),
      ),
      el("span.im-meta", {}, el("time", { datetime: message.at }, time(message.at)), own ? readState(message, room) : null),
    ),
  );
}

/** A message that the server has not acknowledged yet, or has refused. */
export function onItsWay(item, room, { online, hands }) {
  const state = item.refused
    ? [
        el("span.im-failed", {}, icon("alert-circle"), `未发送：${item.refused}`),
        el("button.im-link", { type: "button", onclick: () => hands.retry(item) }, "重试"),
        el("button.im-link", { type: "button", onclick: () => hands.discard(item) }, "删除"),
      ]
    : [el("span", {}, item.uploading ? "正在上传…" : online ? "发送中…" : "等待网络，恢复后自动发送")];
  const file = item.file ?? item.uploading;
  return el(
    "li.im-line.own.waiting",
    {},
    el(
      "div.im-body",
      {},
      el(
        "div.im-row",
        {},
        el(
          "div.im-bubble",
          {},
          file ? el("span.im-file", {}, icon("file-text"), el("span.im-file-name", {}, file.name)) : null,
          item.text ? words(item.text, []) : null,
        ),
      ),
      el("span.im-meta", {}, ...state),
    ),
  );
}

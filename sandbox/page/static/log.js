/* The traffic between the product and the outside systems, newest first. */

import { calmly, get, h, seconds } from "./dom.js";

const SYSTEMS = { "": "全部", wecom: "企业微信", wechat: "微信", sms: "短信", hotline: "12345" };
const QUIET = new Set(["gettoken", "stable_token", "user/get", "ping"]);
const KEPT = 400;

export class Log {
  constructor(root) {
    this.root = root;
    this.system = "";
    this.last = 0;
    this.rows = [];
    this.list = h("div", { class: "log" });
    this.filters = h("div", { class: "presets" }, Object.entries(SYSTEMS).map(([value, name]) =>
      h("button", { class: "chip", data: { system: value }, onclick: () => { this.system = value; this.draw(); } }, name)));
    root.append(h("div", { class: "single" }, h("h2", {}, "协议往来", h("small", {}, "密钥与令牌已隐去")), this.filters, this.list));
    this.reload = calmly(() => this.load(), 200);
  }

  show() { this.load(); }

  changed(change) { if (change.what === "traffic" || change.what === "cast") this.reload(); }

  async load() {
    const { traffic } = await get(`/control/traffic?after=${this.last}`);
    if (traffic.length > 0) this.last = traffic[0].number;
    this.rows = [...traffic.map((entry) => ({ entry, node: row(entry) })), ...this.rows].slice(0, KEPT);
    this.draw();
  }

  draw() {
    for (const chip of this.filters.children) chip.classList.toggle("on", chip.dataset.system === this.system);
    const shown = this.rows.filter(({ entry }) => !this.system || entry.system === this.system);
    this.list.replaceChildren(...shown.map(({ node }) => node));
    if (shown.length === 0) this.list.append(h("p", { class: "quiet" }, "还没有往来"));
  }
}

function row(entry) {
  const bad = entry.status === "✗" || Number(entry.status) >= 400 || /"errcode":\s*[1-9-]/.test(entry.answered);
  return h("details", { class: `entry ${entry.direction}${QUIET.has(entry.api) ? " faint" : ""}` },
    h("summary", {},
      h("time", {}, seconds(entry.at)),
      h("span", { class: "direction", title: entry.direction === "in" ? "系统 → 外部" : "外部 → 系统" }, entry.direction === "in" ? "→" : "←"),
      h("i", { class: `system ${entry.system}` }, SYSTEMS[entry.system]),
      h("span", { class: "api" }, entry.api),
      h("span", { class: bad ? "tag bad" : "tag" }, entry.status),
      h("span", { class: "ms" }, `${entry.milliseconds} ms`)),
    h("pre", {}, pretty(entry.asked)), h("pre", {}, `← ${pretty(entry.answered)}`),
  );
}

function pretty(text) {
  const start = text.search(/[[{]/);
  if (start < 0) return text;
  try {
    return text.slice(0, start) + JSON.stringify(JSON.parse(text.slice(start)), null, 2);
  } catch {
    return text;
  }
}

/* Starts the page: which view the address asks for, and what changes while it is open. */

import { calmly, get, h } from "./dom.js";
import { His } from "./his.js";
import { Hotline } from "./hotline.js";
import { Log } from "./log.js";
import { Stage } from "./stage.js";
import { Trouble } from "./trouble.js";

const views = {
  phones: new Stage(document.getElementById("phones")),
  hotline: new Hotline(document.getElementById("hotline")),
  his: new His(document.getElementById("his")),
  faults: new Trouble(document.getElementById("faults")),
  log: new Log(document.getElementById("log")),
};

let current = "";

function route() {
  const [, tab = "phones", rest = ""] = location.hash.split("/");
  const wanted = tab in views ? tab : "phones";
  for (const link of document.querySelectorAll(".tabs a")) {
    link.toggleAttribute("aria-current", link.dataset.tab === wanted);
  }
  for (const [name, view] of Object.entries(views)) view.root.hidden = name !== wanted;
  current = wanted;
  document.body.dataset.view = wanted;
  views[wanted].show(decodeURIComponent(rest));
}

async function status() {
  const meters = await get("/control/counters");
  const dropped = Object.entries(meters.counters)
    .filter(([name]) => name.endsWith(".dropped"))
    .reduce((sum, [, count]) => sum + count, 0);
  const lamps = [h("span", { class: meters.bot_connected ? "lamp on" : "lamp", title: "智能机器人长连接" }, meters.bot_connected ? "机器人在线" : "机器人未连接")];
  if (meters.holding) lamps.push(h("span", { class: "lamp warn" }, "回调已暂存"));
  if (dropped > 0) lamps.push(h("span", { class: "lamp warn" }, `静默丢弃 ${dropped}`));
  document.getElementById("status").replaceChildren(...lamps);
}

const restatus = calmly(status, 300);

function listen() {
  const source = new EventSource("/control/stream");
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    views[current].changed(change);
    if (["bot", "counters", "faults"].includes(change.what)) restatus();
  };
  source.onopen = () => {
    views[current].changed({ what: "cast", conversation: "" });
    restatus();
  };
}

addEventListener("hashchange", route);
route();
listen();

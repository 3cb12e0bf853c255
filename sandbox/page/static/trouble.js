/* Trouble on demand, the meters, and the callbacks that were carried. */

import { calmly, get, h, post, seconds, toast } from "./dom.js";

const PRESETS = [
  ["企业微信：系统繁忙 ×3", { system: "wecom", api: "message/send", errcode: -1, times: 3 }],
  ["企业微信：超过频率 45009", { system: "wecom", api: "message/send", errcode: 45009 }],
  ["企业微信：出口地址不可信 60020", { system: "wecom", api: "*", errcode: 60020, times: 5 }],
  ["企业微信：发出后断线", { system: "wecom", api: "message/send", drop: "after" }],
  ["企业微信：假成功、收不到", { system: "wecom", api: "message/send", vanish: true }],
  ["企业微信：回调丢失 ×2", { system: "wecom", api: "callback", drop: true, times: 2 }],
  ["微信：模板消息太频繁 43117", { system: "wechat", api: "message/template/send", errcode: 43117 }],
  ["微信：接口 HTTP 502", { system: "wechat", api: "*", http: 502, times: 2 }],
  ["短信：平台慢 8 秒", { system: "sms", api: "send", delay_ms: 8000 }],
  ["短信：平台 HTTP 500", { system: "sms", api: "send", http: 500, times: 2 }],
  ["短信：回执丢失", { system: "sms", api: "receipts", drop: true }],
  ["热线：稍后再试 5000", { system: "hotline", api: "*", errcode: 5000, times: 2 }],
];
const COUNTERS = {
  calls: "收到的调用", sent: "送达消息", dropped: "静默丢弃", group_sent: "群消息", bot_sent: "机器人消息", duplicates: "判重未发",
  quota_refused: "超企业额度", bot_quota_refused: "机器人超额", refused: "拒发", callback_failed: "回调失败", callback_attempts_failed: "回调重试",
  receipts_failed: "回执推送失败", receipts_attempts_failed: "回执重推", replies_failed: "上行推送失败", replies_attempts_failed: "上行重推", bot_callbacks: "机器人回调",
  bot_callbacks_lost: "机器人未连接而丢失", orders_pushed: "派发工单", results: "收到结果", returns: "收到退单", extensions: "收到延期",
};
const SYSTEMS = { wecom: "企业微信", wechat: "微信", sms: "短信", hotline: "12345" };
const OUTCOMES = { held: "暂存", underway: "投递中", delivered: "已送达", failed: "失败" };

export class Trouble {
  constructor(root) {
    this.root = root;
    this.waiting = h("div", {});
    this.meters = h("div", { class: "meters" });
    this.drops = h("div", {});
    this.callbacks = h("div", { class: "callbacks" });
    root.append(h("div", { class: "columns" },
      h("section", { class: "left" },
        h("h2", {}, "制造故障"), this.presets(), this.form(),
        h("h2", {}, "等待发生"), this.waiting,
        h("h2", {}, "时间、令牌与连接"), this.levers()),
      h("section", { class: "right" },
        h("h2", {}, "计数"), this.meters, this.drops,
        h("h2", {}, "回调"), this.carrier(), this.callbacks),
    ));
    this.reload = calmly(() => this.load(), 250);
  }

  show() { this.load(); }

  changed() { this.reload(); }

  presets() {
    return h("div", { class: "presets" }, PRESETS.map(([name, fault]) =>
      h("button", { class: "chip", onclick: () => this.order(fault) }, name)));
  }

  async order(fault) {
    await post("/control/faults", fault);
    toast("已安排，下一次调用时发生");
    this.load();
  }

  form() {
    const system = h("select", {}, Object.entries(SYSTEMS).map(([value, name]) => h("option", { value }, name)));
    const api = h("input", { value: "*", "aria-label": "接口" });
    const effect = h("select", {}, [["errcode", "错误码"], ["http", "HTTP 状态"], ["drop", "断开（未处理）"], ["after", "断开（已处理）"], ["vanish", "假成功"], ["delay", "变慢"]].map(([value, name]) => h("option", { value }, name)));
    const value = h("input", { placeholder: "错误码或毫秒" });
    const times = h("input", { type: "number", min: 1, value: 1 });
    const submit = (event) => {
      event.preventDefault();
      const given = value.value.trim();
      const number = /^-?\d+$/.test(given) ? Number(given) : given;
      const effects = { errcode: { errcode: number }, http: { http: number }, drop: { drop: true }, after: { drop: "after" }, vanish: { vanish: true }, delay: { delay_ms: number } };
      this.order({ system: system.value, api: api.value.trim() || "*", times: Number(times.value), ...effects[effect.value] });
    };
    return h("form", { class: "panel order-form", onsubmit: submit },
      h("label", {}, "系统", system), h("label", {}, "接口", api), h("label", {}, "后果", effect),
      h("label", {}, "值", value), h("label", {}, "次数", times),
      h("div", { class: "actions" }, h("button", { class: "button" }, "安排故障")));
  }

  levers() {
    const lever = (name, path, body) => h("button", { class: "chip", onclick: async () => { await post(path, body); toast("已执行"); this.load(); } }, name);
    return h("div", { class: "presets" },
      lever("快进 1 分钟", "/control/clock", { advance: 60 }),
      lever("快进 2 小时", "/control/clock", { advance: 7200 }),
      lever("快进 73 小时", "/control/clock", { advance: 73 * 3600 }),
      lever("企业微信令牌提前失效", "/control/tokens/expire", { system: "wecom" }),
      lever("微信令牌提前失效", "/control/tokens/expire", { system: "wechat" }),
      lever("断开机器人长连接", "/control/bot/disconnect", {}),
      h("button", { class: "chip", onclick: async () => { const answer = await post("/control/callbacks/verify"); toast(answer.ok ? "回调地址校验通过" : `校验失败：${answer.detail}`); } }, "校验回调地址"),
    );
  }

  carrier() {
    return h("div", { class: "presets" },
      h("button", { class: "chip", onclick: () => post("/control/callbacks/hold").then(() => this.load()) }, "暂存回调"),
      h("button", { class: "chip", onclick: () => post("/control/callbacks/release", {}).then(() => this.load()) }, "按序放行"),
      h("button", { class: "chip", onclick: () => post("/control/callbacks/release", { backwards: true }).then(() => this.load()) }, "倒序放行"));
  }

  async load() {
    const [faults, meters, carried] = await Promise.all([get("/control/faults"), get("/control/counters"), get("/control/callbacks")]);
    this.waiting.replaceChildren(...faults.faults.map((waiting) => h("p", { class: "waiting" },
      h("b", {}, SYSTEMS[waiting.fault.system] ?? waiting.fault.system), ` ${waiting.fault.api} `, h("code", {}, effect(waiting.fault)),
      h("span", { class: "tag" }, `剩 ${waiting.left} 次`),
      h("button", { class: "link", onclick: () => post("/control/faults/clear", { number: waiting.number }) }, "撤销"))));
    if (faults.faults.length === 0) this.waiting.append(h("p", { class: "quiet" }, "没有等待中的故障"));
    this.meters.replaceChildren(...Object.entries(meters.counters).map(([name, count]) => {
      const [system, what] = name.split(".");
      return h("div", { class: what.includes("dropped") || what.includes("failed") || what.includes("lost") ? "meter bad" : "meter" },
        h("b", {}, count), h("span", {}, `${SYSTEMS[system] ?? system} · ${COUNTERS[what] ?? what}`));
    }));
    if (Object.keys(meters.counters).length === 0) this.meters.append(h("p", { class: "quiet" }, "还没有往来"));
    this.drops.replaceChildren(...meters.drops.slice(0, 8).map((drop) => h("p", { class: "waiting" },
      h("time", {}, seconds(drop.at)), ` 丢弃给 ${drop.whom} 的消息：${drop.why}`)));
    this.callbacks.replaceChildren(...carried.callbacks.slice(0, 60).map((delivery) => this.delivery(delivery)));
  }

  delivery(delivery) {
    return h("details", { class: `panel callback ${delivery.outcome}` },
      h("summary", {}, h("time", {}, seconds(delivery.at)), h("b", {}, SYSTEMS[delivery.system]), h("span", {}, delivery.label),
        h("span", { class: delivery.outcome === "failed" ? "tag bad" : "tag" }, `${OUTCOMES[delivery.outcome]}${delivery.attempts > 1 ? ` · ${delivery.attempts} 次` : ""}`)),
      h("pre", {}, delivery.plain), delivery.answer && h("pre", {}, `← ${delivery.status} ${delivery.answer}`),
      h("div", { class: "actions" },
        [1, 4].map((times) => h("button", { class: "button plain", onclick: () => post("/control/callbacks/replay", { number: delivery.number, times }) }, `重放 ${times} 次`))));
  }
}

function effect(fault) {
  const parts = [];
  if (fault.errcode !== null) parts.push(`错误码 ${fault.errcode}`);
  if (fault.http !== null) parts.push(`HTTP ${fault.http}`);
  if (fault.drop) parts.push(fault.drop === "after" ? "处理后断开" : "断开");
  if (fault.vanish) parts.push("假成功");
  if (fault.delay_ms) parts.push(`慢 ${fault.delay_ms} ms`);
  return parts.join("，");
}

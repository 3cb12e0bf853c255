/* The HIS: play a day at a chosen speed, see the answers, send one message by hand. */

import { get, h, post } from "./dom.js";

export class His {
  constructor(root) {
    this.people = h("input", { type: "number", value: 60, min: 1, max: 20000 });
    this.speed = h("select", {}, [[1, "与真实时间相同"], [60, "60 倍（一天 24 分钟）"], [600, "600 倍（一天 2 分半）"], [0, "尽可能快"]]
      .map(([value, label]) => h("option", { value, selected: value === 600 }, label)));
    this.told = h("div", { class: "his-told" });
    this.text = h("textarea", { rows: 8, spellcheck: false, placeholder: "粘贴一条 HL7 消息，每段一行" });
    this.answer = h("pre", { class: "his-answer", hidden: true });
    root.append(
      h("div", { class: "panel" },
        h("h2", { class: "his-head" }, "播放医院的一天"),
        h("p", { class: "his-hint" }, "按时间顺序把昨天一天的挂号、入院、转科、出院、取消、医嘱和检验报告用 HL7 v2 发给系统，与真实 HIS 相同。"),
        h("form", { class: "order-form", onsubmit: (event) => { event.preventDefault(); this.play(); } },
          h("label", {}, "患者人数", this.people), h("label", {}, "速度", this.speed),
          h("div", { class: "actions wide" }, h("button", { class: "button", type: "submit" }, "开始"),
            h("button", { class: "button plain", type: "button", onclick: () => this.act("/control/his/stop") }, "停止"))),
        this.told),
      h("div", { class: "panel" },
        h("h2", { class: "his-head" }, "发送一条消息"),
        h("form", { class: "order-form", onsubmit: (event) => { event.preventDefault(); this.say(); } },
          h("label", { class: "wide" }, "消息", this.text),
          h("div", { class: "actions wide" }, h("button", { class: "button", type: "submit" }, "发送"))),
        this.answer),
    );
    this.root = root;
    setInterval(() => { if (!root.hidden) this.load(); }, 1000);
  }

  async show() { await this.load(); }

  async load() { this.draw(await get("/control/his")); }

  async act(path, body = {}) {
    await post(path, body);
    await this.load();
  }

  play() {
    return this.act("/control/his/play", { people: Number(this.people.value), speed: Number(this.speed.value) });
  }

  async say() {
    const told = await post("/control/his/say", { text: this.text.value });
    if (!told) return;
    this.answer.hidden = false;
    this.answer.textContent = told.answer.replaceAll("\r", "\n");
  }

  draw(now) {
    const answers = Object.entries(now.answers).map(([code, count]) => `${code} ${count}`).join(" · ");
    this.told.replaceChildren(
      h("progress", { max: Math.max(now.total, 1), value: now.done }),
      h("p", {}, `${now.playing ? "正在播放" : "未在播放"}：${now.done} / ${now.total} 条${answers ? `，应答 ${answers}` : ""}　→ ${now.address}`),
      now.note && h("p", { class: "warn" }, now.note),
      ...now.refused.slice(-5).map((one) => h("p", { class: "hint" }, `${one.kind} ${one.answer} ${one.words}`)),
    );
  }

  changed() { /* asks for itself */ }
}

/* The city's 12345 platform: send orders and call-backs, see what the hospital answered. */

import { calmly, get, h, icon, post, toast, when } from "./dom.js";

const TYPES = ["咨询", "求助", "投诉", "举报", "建议", "表扬"];
const SAID = { push: "派单", update: "更新", callback: "回访", result: "收到办理结果", return: "收到退单", extension: "收到延期申请" };
const WORDS = {
  result: "办理情况", public_reply: "公开答复", reason: "原因", until: "申请延至", solved: "是否解决",
  verified: "是否属实", finished_at: "办结时间", round: "第几轮", satisfied: "满意度", remark: "备注", way: "回访方式",
};

export class Hotline {
  constructor(root) {
    this.root = root;
    this.samples = [];
    this.form = h("form", { class: "panel order-form", onsubmit: (event) => { event.preventDefault(); this.push(); } });
    this.picker = h("div", { class: "samples" });
    this.book = h("div", { class: "book" });
    root.append(
      h("div", { class: "columns" },
        h("section", { class: "left" }, h("h2", {}, "派发工单"), this.picker, this.form),
        h("section", { class: "right" }, h("h2", {}, "平台工单台账"), this.book),
      ),
    );
    this.reload = calmly(() => this.load());
  }

  async show() {
    if (this.samples.length === 0) await this.refill(0);
    await this.load();
  }

  changed(change) {
    if (change.what === "hotline" || change.what === "cast") this.reload();
  }

  async refill(index) {
    this.samples = (await get("/control/hotline/samples")).samples;
    this.pick(index);
  }

  pick(index) {
    this.chosen = index;
    this.order = { ...this.samples[index] };
    this.picker.replaceChildren(...this.samples.map((sample, number) =>
      h("button", { class: number === index ? "sample on" : "sample", type: "button", onclick: () => this.pick(number) },
        h("i", { class: `type t${TYPES.indexOf(sample.appeal_type)}` }, sample.appeal_type), h("span", {}, sample.title))));
    this.drawForm();
  }

  drawForm() {
    const order = this.order;
    const text = (name, label, extra = {}) => h("label", { class: extra.wide ? "wide" : "" }, label,
      h("input", { name, value: order[name] ?? "", oninput: (event) => { order[name] = event.target.value; } }));
    const choose = (name, label, options) => h("label", {}, label,
      h("select", { onchange: (event) => { order[name] = event.target.value; } },
        options.map((option) => h("option", { value: option, selected: option === order[name] }, option))));
    const tick = (name, label) => h("label", { class: "tick" },
      h("input", { type: "checkbox", checked: order[name], onchange: (event) => { order[name] = event.target.checked; } }), label);
    this.form.replaceChildren(
      text("order_no", "工单编号", { wide: true }), choose("appeal_type", "诉求类型", TYPES), choose("role", "办理角色", ["主办", "协办"]), choose("urgency", "紧急程度", ["一般", "紧急", "特急"]),
      text("title", "标题", { wide: true }),
      h("label", { class: "wide" }, "诉求内容",
        h("textarea", { rows: 4, value: order.content, oninput: (event) => { order.content = event.target.value; } })),
      text("caller_name", "来电人"), choose("caller_gender", "性别", ["女", "男", "未知"]), text("caller_phone", "来电号码"),
      h("label", { class: "wide" }, "涉及科室（用顿号分开）",
        h("input", { value: order.departments.join("、"), oninput: (event) => { order.departments = event.target.value.split(/[、,，\s]+/).filter(Boolean); } })),
      h("label", { class: "wide" }, "市平台办结时限",
        h("input", { type: "datetime-local", value: order.upstream_deadline.slice(0, 16), oninput: (event) => { order.upstream_deadline = `${event.target.value}:00+08:00`; } })),
      h("div", { class: "ticks wide" }, tick("confidential", "要求保密"), tick("anonymous", "匿名"), tick("reply_required", "需要回复"),
        h("label", { class: "file-pick link" }, this.fileName ?? "附上材料",
          h("input", { type: "file", hidden: true, onchange: (event) => this.attach(event.target.files[0]) }))),
      h("div", { class: "actions wide" },
        h("button", { class: "button", type: "submit" }, "派发到医院"),
        h("button", { class: "button plain", type: "button", onclick: () => this.pushAll() }, `一次派发全部 ${this.samples.length} 件`)),
    );
  }

  async attach(file) {
    if (!file) return;
    const data = new Uint8Array(await file.arrayBuffer());
    let binary = "";
    for (let start = 0; start < data.length; start += 0x8000) binary += String.fromCharCode(...data.subarray(start, start + 0x8000));
    this.order.attachments = [{ name: file.name, mime: file.type || "application/octet-stream", base64: btoa(binary) }];
    this.fileName = `已附：${file.name}`;
    this.drawForm();
    this.fileName = undefined;
  }

  async push() {
    await this.send(this.order);
    await this.refill((this.chosen + 1) % this.samples.length);
  }

  async pushAll() {
    for (const sample of this.samples) await this.send(sample);
    await this.refill(0);
  }

  async send(order) {
    const exchange = await post("/control/hotline/orders", { order });
    toast(verdict(exchange));
  }

  async load() {
    const { orders } = await get("/control/hotline/orders");
    this.book.replaceChildren(...orders.map((order) => this.entry(order)));
    if (orders.length === 0) this.book.append(h("p", { class: "quiet" }, "还没有派发过工单。左边选一件，点“派发到医院”。"));
  }

  entry(order) {
    const { body } = order;
    return h("article", { class: "panel order" },
      h("header", {},
        h("i", { class: `type t${TYPES.indexOf(body.appeal_type)}` }, body.appeal_type ?? "—"),
        h("b", {}, body.title || body.content), order.concluded && h("span", { class: "tag done" }, "已结案")),
      h("p", { class: "facts" }, `${order.order_no}　${body.caller_name || "未留姓名"}　时限 ${String(body.upstream_deadline ?? "—").slice(0, 16).replace("T", " ")}`),
      h("ol", { class: "story" }, order.exchanges.map((exchange) => this.step(exchange, order))),
      h("footer", {},
        h("button", { class: "link", onclick: () => this.send(body) }, "原样再推"),
        h("button", { class: "link", onclick: (event) => this.revise(event, body) }, "推送更新"),
        h("button", { class: "link", onclick: (event) => this.callBack(event, order.order_no) }, "推送回访"),
      ),
    );
  }

  step(exchange, order) {
    const ours = ["push", "update", "callback"].includes(exchange.what);
    const good = exchange.status >= 200 && exchange.status < 300;
    const facts = exchange.what === "push" || exchange.what === "update" ? []
      : Object.entries(exchange.body).filter(([key, value]) => key in WORDS && value !== "" && value !== null);
    return h("li", { class: ours ? "ours" : "theirs" },
      h("p", {}, h("time", {}, when(exchange.at)), h("b", {}, SAID[exchange.what]),
        ours && h("span", { class: good ? "tag" : "tag bad" }, verdict(exchange))),
      facts.map(([key, value]) => h("dl", { class: "row" }, h("dt", {}, WORDS[key]), h("dd", {}, value === true ? "是" : value === false ? "否" : String(value)))),
      exchange.files.map((id) => h("a", { class: "attachment", href: `/media/${id}`, download: order.files[id] ?? id }, icon("file"), order.files[id] ?? id)),
    );
  }

  revise(event, body) {
    const area = h("textarea", { rows: 3, value: `${body.content}\n（补充：来电人再次来电，希望尽快处理。）` });
    inline(event.target, "推送更新", [h("label", { class: "wide" }, "更新后的诉求内容", area)],
      () => this.send({ ...body, content: area.value, update: true }));
  }

  callBack(event, number) {
    const pick = (options) => h("select", {}, options.map((option) => h("option", {}, option)));
    const solved = pick(["解决", "部分解决", "未解决"]);
    const satisfied = pick(["满意", "基本满意", "不满意", "未评价"]);
    const remark = h("input", { placeholder: "来电人的原话" });
    inline(event.target, "推送回访", [h("label", {}, "是否解决", solved), h("label", {}, "满意度", satisfied), h("label", { class: "wide" }, "备注", remark)],
      async () => toast(verdict(await post("/control/hotline/callbacks", { order_no: number, solved: solved.value, satisfied: satisfied.value, remark: remark.value }))));
  }
}

/* A small form below the order it is about. */
function inline(button, title, fields, send) {
  const article = button.closest("article");
  article.querySelector(".inline-form")?.remove();
  const form = h("form", { class: "inline-form", onsubmit: async (event) => { event.preventDefault(); form.remove(); await send(); } },
    fields, h("div", { class: "actions wide" },
      h("button", { class: "button", type: "submit" }, title),
      h("button", { class: "button plain", type: "button", onclick: () => form.remove() }, "取消")));
  article.append(form);
}

function verdict(exchange) {
  const known = { 200: "医院已收（重复）", 201: "医院已收", 202: "医院已收", 204: "医院已收", 401: "签名被拒", 404: "医院无此工单", 409: "内容冲突，被拒", 422: "内容有误，被拒" };
  if (exchange.status === 0) return "医院系统没有应答";
  return known[exchange.status] ?? `HTTP ${exchange.status}`;
}

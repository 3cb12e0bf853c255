/* The phones: the cast on the left, one to three phones beside it. */

import { avatar, calmly, get, h, icon, post } from "./dom.js";
import { Phone } from "./phone.js";

const ORDER = [
  "科室联络人", "科室联络员", "科室副联络员", "科室负责人", "科室主任", "服务中心工作人员", "服务中心主任",
  "患者服务中心", "分管院领导", "院领导", "患者", "其他手机",
];

export class Stage {
  constructor(root) {
    this.root = root;
    this.people = [];
    this.names = {};
    this.query = "";
    this.phones = [];
    this.list = h("div", { class: "cast-list" });
    this.search = h("input", {
      type: "search", placeholder: "搜索姓名、科室、手机号", "aria-label": "搜索人员",
      oninput: () => { this.query = this.search.value.trim(); this.drawList(); },
    });
    this.row = h("div", { class: "phone-row" });
    root.append(
      h("aside", { class: "cast" }, h("label", { class: "search" }, icon("search"), this.search), this.list),
      this.row,
    );
    this.reload = calmly(() => this.load());
    addEventListener("resize", calmly(() => this.fit(), 200));
  }

  get room() {
    if (innerWidth >= 1360) return 3;
    return innerWidth >= 1000 ? 2 : 1;
  }

  async show(rest) {
    this.wanted = rest ? rest.split(",") : [];
    await this.load();
    const known = this.wanted.filter((id) => this.people.some((person) => person.id === id));
    this.phones = known.slice(-this.room).map((id) => this.phoneOf(id));
    this.drawRow();
    this.drawList();
  }

  phoneOf(id) {
    return this.phones.find((phone) => phone.person.id === id)
      ?? new Phone(this.people.find((person) => person.id === id), this.names, (gone) => this.close(gone));
  }

  async load() {
    const { people, names } = await get("/control/people");
    this.people = people;
    this.names = names;
    for (const phone of this.phones) {
      phone.person = people.find((person) => person.id === phone.person.id) ?? phone.person;
    }
    this.drawList();
  }

  changed(change) {
    if (change.what === "cast" || change.what === "message") this.reload();
    for (const phone of this.phones) phone.changed(change);
  }

  open(id) {
    const ids = this.phones.map((phone) => phone.person.id).filter((other) => other !== id);
    this.go([...ids, id].slice(-this.room));
  }

  close(id) {
    this.go(this.phones.map((phone) => phone.person.id).filter((other) => other !== id));
  }

  go(ids) {
    location.hash = `#/phones/${ids.map(encodeURIComponent).join(",")}`;
  }

  fit() {
    if (!this.root.hidden && this.phones.length > this.room) this.go(this.phones.slice(-this.room).map((p) => p.person.id));
  }

  drawRow() {
    document.body.classList.toggle("has-phone", this.phones.length > 0);
    this.row.replaceChildren(...this.phones.map((phone) => phone.root));
    if (this.phones.length === 0) {
      this.row.append(h("div", { class: "blank" },
        icon("people"),
        h("h2", {}, "选择一个人，拿起他的手机"),
        h("p", {}, "在手机上点卡片按钮、发消息、回短信，系统收到的就是真实的回调。最多可同时看三部手机。"),
      ));
    }
    for (const phone of this.phones) phone.load();
  }

  drawList() {
    const groups = new Map();
    for (const person of this.people) {
      const text = [person.name, person.department, person.title, person.phone, person.id, person.group].join(" ");
      if (this.query && !text.includes(this.query)) continue;
      if (!groups.has(person.group)) groups.set(person.group, []);
      groups.get(person.group).push(person);
    }
    const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length - 2.5);
    const names = [...groups.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, "zh"));
    this.list.replaceChildren(...names.map((name) => this.group(name, groups.get(name))));
    if (this.people.length === 0) {
      this.list.append(h("div", { class: "cast-empty" },
        h("p", {}, "还没有人员。系统装入示例医院后会自动出现，也可以先装入演示人员。"),
        h("button", { class: "button", onclick: () => post("/control/cast/sample") }, "装入演示人员"),
      ));
    }
  }

  group(name, people) {
    const unreadFirst = [...people].sort((a, b) => (b.unread > 0) - (a.unread > 0));
    const shown = this.query ? unreadFirst : unreadFirst.slice(0, this.expanded?.has(name) ? undefined : 12);
    const hidden = people.length - shown.length;
    return h("section", {},
      h("h3", {}, name, h("small", {}, people.length)),
      shown.map((person) => this.entry(person)),
      hidden > 0 && h("button", { class: "link more", onclick: () => { (this.expanded ??= new Set()).add(name); this.drawList(); } }, `还有 ${hidden} 人`),
    );
  }

  entry(person) {
    const held = this.phones.some((phone) => phone.person.id === person.id);
    const detail = person.kind === "wecom" ? [person.department, person.title].filter(Boolean).join(" · ") : person.phone ?? "";
    return h("button", { class: held ? "person held" : "person", onclick: () => this.open(person.id) },
      avatar(person.name, person.kind),
      h("span", { class: "who" }, h("b", {}, person.name), h("span", {}, detail)),
      person.unread > 0 && h("span", { class: "badge" }, person.unread > 99 ? "99+" : person.unread),
    );
  }
}

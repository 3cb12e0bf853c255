// What stands about the room at its side: announcement, members, one's own wishes, order, its end.

import { askOne, askPeople, askText, askYes } from "./asking.js";
import { el, icon, iconButton } from "./dom.js";
import { openMenu } from "./more.js";
import { dayName, time } from "./words.js";

const MIRROR = {
  wanted: "正在同步到企业微信群…",
  open: "本群已同步到企业微信群。企业微信不支持把群内发言传回系统，请点开链接回复，或发给机器人“回音”。",
  few: "成员中绑定企业微信的不足 2 人，暂未同步到企业微信群。",
  failed: "同步到企业微信群失败，系统管理员可在“运行状况”查看原因。",
};
const ROLES = { owner: "群主", admin: "管理员" };

export class Panel {
  constructor(root, room, say) {
    this.root = root;
    this.room = room;
    this.say = say;
    this.box = root.querySelector('[data-part="panel"]');
    this.drawn = "";
  }

  get open() {
    return !this.box.hidden;
  }

  toggle() {
    this.box.hidden = !this.box.hidden;
    this.drawn = "";
    this.draw();
    if (this.open) this.box.querySelector("button")?.focus();
    return this.open;
  }

  /** Draw what changed; nothing while it is closed. */
  draw() {
    const { room } = this;
    if (!this.open || !room.info) return;
    const mark = JSON.stringify([room.state.now, room.members.map(({ read_seq, ...who }) => who), [...room.may], room.mine, [...room.online], [...room.state.seen], room.info]);
    if (mark === this.drawn) return;
    this.drawn = mark;
    const place = this.box.scrollTop;
    this.box.replaceChildren(
      el("div.im-panel-head", {}, el("b", {}, "群信息"), iconButton("x", "收起群信息", () => this.root.dispatchEvent(new Event("im-info")))),
      ...[this.#announcement(), this.#members(), this.#wishes(), this.#order(), this.#end()].filter(Boolean),
    );
    this.box.scrollTop = place;
  }

  async #act(act, data) {
    const problem = await this.room.act(act, data);
    if (problem) this.say(problem);
  }

  #announcement() {
    const { room } = this;
    const told = room.state.now?.announcement;
    if (!told && !room.can("announce")) return null;
    const seen = room.staff.filter((who) => room.state.seen.has(who.staff_id));
    const not = room.staff.filter((who) => !room.state.seen.has(who.staff_id));
    return el(
      "section",
      {},
      el(
        "h4",
        {},
        "群公告",
        room.can("announce") && el("button.im-link", { type: "button", onclick: () => this.#announce() }, told ? "发布新公告" : "发布公告"),
      ),
      told
        ? [
            el("p.im-panel-text", {}, told.text),
            el("small", {}, `${told.author} ${dayName(told.at)} ${time(told.at)}`),
            el(
              "details.im-panel-more",
              {},
              el("summary", {}, `${seen.length}/${room.staff.length} 人已阅`),
              el("p", {}, `已阅：${seen.map((who) => who.name).join("、") || "无"}`),
              el("p", {}, `未阅：${not.map((who) => who.name).join("、") || "无"}`),
            ),
            room.can("announce") && el("button.im-link", { type: "button", onclick: () => this.#act("unannounce") }, "撤下公告"),
          ]
        : el("p.im-panel-none", {}, "暂无公告"),
    );
  }

  async #announce() {
    const text = await askText({ title: "发布群公告", hint: "全体成员会收到提醒，公告显示在群聊顶部。", long: true, most: 2000, action: "发布" });
    if (text) this.#act("announce", { client_id: crypto.randomUUID(), text });
  }

  #members() {
    const { room } = this;
    return el(
      "section",
      {},
      el("h4", {}, `群成员（${room.staff.length}）`, room.can("add") && el("button.im-link", { type: "button", onclick: () => this.#add() }, icon("users-plus"), "添加成员")),
      el("ul.im-panel-people", {}, room.members.map((who) => this.#person(who))),
    );
  }

  #person(who) {
    const { room } = this;
    if (who.kind === "bot") return el("li", {}, icon("robot"), el("span", {}, who.name));
    const online = room.online.has(who.staff_id) || who.staff_id === room.me;
    const entries = this.#handsOn(who);
    return el(
      `li${online ? ".online" : ""}`,
      {},
      el("i.im-dot", { title: online ? "在线" : "离线" }),
      el("span", {}, who.name, who.staff_id === room.me ? "（我）" : ""),
      ROLES[who.role] && el("em", {}, ROLES[who.role]),
      who.hushed && el("em.hushed", {}, "已禁言"),
      entries.length > 0 && iconButton("dots", `管理 ${who.name}`, (event) => openMenu(this.root, event.currentTarget, entries, (hand) => this.#handle(hand, who))),
    );
  }

  #handsOn(who) {
    const { room } = this;
    if (who.staff_id === room.me) return [];
    const me = room.members.find((one) => one.staff_id === room.me);
    const above = room.info.moderates || me?.role === "owner" || who.role === "member";
    const found = [];
    if (room.can("roles")) {
      found.push(who.role === "admin" ? { icon: "user", label: "取消管理员", hand: "member" } : { icon: "shield-check", label: "设为管理员", hand: "admin" });
      found.push({ icon: "star", label: "转让群主", hand: "owner" });
    }
    if (room.can("hush") && above) found.push(who.hushed ? { icon: "microphone", label: "解除禁言", hand: "unhush" } : { icon: "ban", label: "禁言", hand: "hush" });
    if (room.can("remove") && above) found.push({ icon: "user-x", label: "移出群聊", hand: "remove" });
    return found;
  }

  async #handle(hand, who) {
    const { staff_id, name } = who;
    if (hand === "hush" || hand === "unhush") return this.#act("hush_member", { staff_id, on: hand === "hush" });
    if (hand === "remove") {
      const sure = await askYes({ title: `将 ${name} 移出群聊？`, hint: "移出后仍可查看此前的聊天记录。", action: "移出", danger: true });
      return sure && this.#act("remove", { staff_id });
    }
    if (hand === "owner" && !(await askYes({ title: `将群主转让给 ${name}？`, hint: "转让后您成为管理员。", action: "转让" }))) return null;
    return this.#act("role", { staff_id, role: hand });
  }

  async #add() {
    const { room } = this;
    const except = new Set(room.staff.map((who) => who.staff_id));
    const chosen = await askPeople({ title: "添加成员", base: room.base, except, action: "添加" });
    if (chosen) this.#act("add", { staff_ids: chosen.staff_ids });
  }

  #switch(label, on, change, disabled = false) {
    const box = el("input", { type: "checkbox", role: "switch", disabled });
    box.checked = on;
    box.addEventListener("change", () => change(box.checked));
    return el("label.im-switch", {}, el("span", {}, label), box);
  }

  #wishes() {
    const { room } = this;
    if (!room.info.member) return null;
    const { quiet, pinned } = room.mine;
    return el(
      "section",
      {},
      this.#switch("置顶群聊", pinned, (on) => this.#act("wish", { quiet, pinned: on })),
      this.#switch("消息免打扰", quiet, (on) => this.#act("wish", { quiet: on, pinned })),
    );
  }

  #order() {
    const { room } = this;
    const found = [];
    if (room.mirror) found.push(el("p.im-panel-none", {}, MIRROR[room.mirror]));
    if (room.can("hush")) found.push(this.#switch("全员禁言", room.state.now.hushed, (on) => this.#act("hush", { on })));
    if (room.can("rename")) found.push(this.#button("pencil", "修改群名称", () => this.#rename()));
    if (room.can("export")) found.push(el("a.im-panel-line", { href: `${room.address}/export`, download: true }, icon("download"), "导出聊天记录"));
    return found.length ? el("section", {}, ...found) : null;
  }

  #button(name, label, onclick, more = "") {
    return el(`button.im-panel-line${more}`, { type: "button", onclick }, icon(name), label);
  }

  async #rename() {
    const title = await askText({ title: "修改群名称", value: this.room.state.now.title, most: 40 });
    if (title) this.#act("rename", { title });
  }

  #end() {
    const { room } = this;
    const owner = room.info.subject.startsWith("group:") && room.members.find((who) => who.staff_id === room.me)?.role === "owner";
    const found = [];
    if (room.can("leave")) found.push(this.#button("logout", "退出群聊", () => this.#leave(owner), ".danger"));
    if (room.can("close")) found.push(this.#button("archive", owner ? "解散群聊" : "关闭群聊", () => this.#close(owner), ".danger"));
    return found.length ? el("section", {}, ...found) : null;
  }

  async #leave(owner) {
    const hint = owner ? "群主将自动转给管理员或最早加入的成员。" : "退出后仍可查看此前的聊天记录。";
    if (await askYes({ title: "退出群聊？", hint, action: "退出", danger: true })) this.#act("leave");
  }

  async #close(owner) {
    const title = owner ? "解散群聊？" : "关闭群聊？";
    const hint = "之后任何人都不能再发言，历史消息可继续查看。请写明原因：";
    const reason = await askText({ title, hint, action: owner ? "解散" : "关闭", needed: !owner, danger: true });
    if (reason !== null) this.#act("close", { reason });
  }
}

/** Let a room be chosen to forward to; its id, or null. */
export async function chooseRoom(base, except) {
  let rooms = [];
  try {
    const response = await fetch(`${base}/chat/rooms`, { headers: { Accept: "application/json" } });
    rooms = response.ok ? (await response.json()).rooms : [];
  } catch {
    return null;
  }
  const lines = rooms.filter((room) => room.id !== except).map((room) => ({ value: room.id, label: room.title }));
  return askOne({ title: "转发到", lines });
}

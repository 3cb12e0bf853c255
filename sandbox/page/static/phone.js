/* One phone: its list of conversations, an open conversation, and what its holder types. */

import { avatar, calmly, clock, get, h, icon, post, toast, when } from "./dom.js";
import { bubble } from "./bubbles.js";

const LIMIT = 20 * 1024 * 1024;

export class Phone {
  constructor(person, names, onclose) {
    this.person = person;
    this.names = names;
    this.onclose = onclose;
    this.conversations = [];
    this.openKey = "";
    this.nodes = new Map();
    this.screen = h("div", { class: "screen" });
    this.subtitle = h("span", {});
    this.actions = h("span", { class: "phone-actions" });
    this.root = h("article", { class: `phone ${person.kind}` },
      h("header", {},
        h("button", { class: "icon-button leave", title: "返回人员列表", onclick: () => onclose(this.person.id) }, icon("back")),
        avatar(person.name, person.kind),
        h("span", { class: "who" }, h("b", {}, person.name), this.subtitle),
        this.actions,
        h("button", { class: "icon-button shut", title: "放下手机", onclick: () => onclose(this.person.id) }, icon("close")),
      ),
      h("div", { class: "frame" }, h("div", { class: "statusbar" }, this.time = h("time", {}), h("i", {})), this.screen),
    );
    this.reload = calmly(() => this.load());
    this.reloadNow = () => this.load();
  }

  changed(change) {
    const mine = change.what === "cast"
      || (change.what === "message" && (this.conversations.some((c) => c.key === change.conversation)
        || change.conversation.startsWith("group:") || change.conversation === this.person.id));
    if (mine) this.reload();
  }

  async load() {
    const { conversations } = await get(`/control/phones/${encodeURIComponent(this.person.id)}`);
    const first = this.conversations.length === 0;
    this.conversations = conversations;
    if (first && !this.openKey) this.openKey = this.newest();
    this.draw();
  }

  newest() {
    if (this.conversations.length === 1) return this.conversations[0].key;
    const used = this.conversations.filter((c) => c.messages.length > 0).sort((a, b) => b.last - a.last);
    return used.length > 0 ? used[0].key : "";
  }

  get open() {
    return this.conversations.find((conversation) => conversation.key === this.openKey);
  }

  draw() {
    this.time.textContent = clock(Date.now() / 1000);
    const person = this.person;
    this.subtitle.textContent = person.kind === "wecom"
      ? [person.department, person.title].filter(Boolean).join(" · ")
      : [person.phone, person.kind === "patient" && (person.following ? "已关注服务号" : "未关注服务号")].filter(Boolean).join(" · ");
    this.actions.replaceChildren(...this.verbs());
    if (this.open) this.drawChat();
    else this.drawHome();
  }

  verbs() {
    if (this.person.kind !== "patient") return [];
    const verb = this.person.following ? ["unfollow", "取消关注"] : ["follow", "关注"];
    return [h("button", { class: "link", onclick: () => post(`/control/${verb[0]}`, { openid: this.person.id }) }, verb[1])];
  }

  drawHome() {
    this.chat = null;
    const rows = [...this.conversations].sort((a, b) => b.last - a.last).map((conversation) => {
      const last = conversation.messages.at(-1);
      return h("button", { class: "conversation", onclick: () => this.enter(conversation.key) },
        appIcon(conversation),
        h("span", { class: "who" },
          h("b", {}, conversation.title), h("span", {}, last ? summary(last) : "暂无消息")),
        h("span", { class: "side" }, last && h("time", {}, when(last.at)),
          conversation.unread > 0 && h("span", { class: "badge" }, conversation.unread)),
      );
    });
    this.screen.className = "screen home";
    this.screen.replaceChildren(h("div", { class: "bar" }, h("b", {}, this.person.kind === "wecom" ? "消息" : "手机")), h("div", { class: "rows" }, rows));
  }

  async enter(key) {
    this.openKey = key;
    this.draw();
    if (key.startsWith("app:") || key.startsWith("bot:")) {
      await post("/control/open", { userid: this.person.id, in: key.slice(0, 3) });
    }
  }

  leave() {
    this.openKey = "";
    this.draw();
  }

  drawChat() {
    const conversation = this.open;
    const channel = conversation.key.split(":")[0];
    if (!this.chat || this.chat.key !== conversation.key) this.chat = this.buildChat(conversation, channel);
    this.chat.title.textContent = conversation.title;
    const elsewhere = this.conversations.reduce((sum, other) => sum + (other === conversation ? 0 : other.unread), 0);
    this.chat.elsewhere.textContent = elsewhere || "";
    const list = this.chat.list;
    const bottom = this.chat.stuck;
    const children = [];
    let before = 0;
    for (const message of conversation.messages) {
      if (message.at - before > 300) children.push(h("time", { class: "stamp" }, when(message.at)));
      before = message.at;
      children.push(this.node(message, channel));
    }
    list.replaceChildren(...children);
    if (conversation.messages.length === 0) list.append(h("p", { class: "quiet" }, "还没有消息"));
    if (bottom) {
      list.scrollTop = list.scrollHeight;
      requestAnimationFrame(() => { list.scrollTop = list.scrollHeight; });
    }
    if (conversation.unread > 0 && document.visibilityState === "visible") {
      post("/control/read", { person: this.person.id, conversation: conversation.key });
      conversation.unread = 0;
    }
  }

  /* Nodes are kept while a message is unchanged, so that a half-made choice on a card survives. */
  node(message, channel) {
    const print = JSON.stringify(message);
    const known = this.nodes.get(message.seq);
    if (known && known.print === print) return known.node;
    const node = bubble(message, { person: this.person, channel, names: this.names, wake: () => this.chat.input.focus() });
    this.nodes.set(message.seq, { print, node });
    return node;
  }

  buildChat(conversation, channel) {
    const key = conversation.key;
    const title = h("b", {});
    const list = h("div", { class: "messages" });
    const elsewhere = h("span", { class: "elsewhere" });
    const chat = { key, title, list, elsewhere, stuck: true };
    // A picture that arrives late must not push the newest line out of sight.
    list.addEventListener("scroll", () => { chat.stuck = list.scrollHeight - list.scrollTop - list.clientHeight < 60; });
    list.addEventListener("load", () => { if (chat.stuck) list.scrollTop = list.scrollHeight; }, true);
    const input = h("textarea", {
      rows: 1, placeholder: channel === "sms" ? "短信" : "发消息", "aria-label": "输入消息",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.say(key, input);
        }
      },
      oninput: () => { input.rows = Math.min(4, input.value.split("\n").length); },
    });
    const file = h("input", { type: "file", hidden: true, onchange: () => this.sendFile(key, file) });
    const files = channel === "app" || channel === "bot";
    const mention = channel === "group" && h("button", {
      class: "chip", onclick: () => { input.value = `@${this.names.bot} ${input.value}`; input.focus(); },
    }, `@${this.names.bot}`);
    this.screen.className = `screen chat ${channel}`;
    this.screen.replaceChildren(
      h("div", { class: "bar" },
        h("button", { class: "icon-button", title: "返回", onclick: () => this.leave() }, icon("back"), elsewhere), title, h("span", {})),
      list,
      mention ? h("div", { class: "chips" }, mention) : "",
      h("form", { class: "compose", onsubmit: (event) => { event.preventDefault(); this.say(key, input); } },
        files && h("button", { class: "icon-button", type: "button", title: "发送图片或文件", onclick: () => file.click() }, icon("clip")),
        file, input,
        h("button", { class: "icon-button send", type: "submit", title: "发送" }, icon("send")),
      ),
    );
    return Object.assign(chat, { input });
  }

  target(key) {
    const [channel, ...rest] = key.split(":");
    if (channel === "sms") return { phone: rest.join(":") };
    if (channel === "wechat") return { openid: rest.join(":") };
    return { userid: this.person.id, in: channel === "group" ? key : channel };
  }

  async say(key, input) {
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    input.rows = 1;
    const answer = await post("/control/say", { ...this.target(key), text });
    if (answer.heard === false && (key.startsWith("bot:") || text.includes(`@${this.names.bot}`))) toast("机器人没有连接，这条消息没有人收到");
  }

  async sendFile(key, field) {
    const [file] = field.files;
    field.value = "";
    if (!file) return;
    if (file.size > LIMIT) { toast("文件不能超过 20 MB"); return; }
    const data = new Uint8Array(await file.arrayBuffer());
    let binary = "";
    for (let start = 0; start < data.length; start += 0x8000) binary += String.fromCharCode(...data.subarray(start, start + 0x8000));
    const picture = ["image/png", "image/jpeg"].includes(file.type);
    await post("/control/send_media", {
      ...this.target(key), kind: picture ? "image" : "file", filename: file.name, base64: btoa(binary),
    });
  }
}

function appIcon(conversation) {
  const channel = conversation.key.split(":")[0];
  const letter = { app: "回", bot: "助", group: "群", wechat: "服", sms: "信" }[channel];
  return h("span", { class: `app-icon ${channel}` }, letter);
}

function summary(message) {
  if (message.recalled) return "[已撤回]";
  const named = { image: "[图片]", file: `[文件] ${message.filename}`, voice: "[语音]", video: "[视频]" };
  if (named[message.kind]) return named[message.kind];
  if (message.card) return `[卡片] ${message.card.main_title?.title || message.card.sub_title_text}`;
  if (message.note) return message.note.rows.map(([, value]) => value).join(" ");
  return message.text;
}

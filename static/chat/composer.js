// Where a message is written: Enter sends, Shift+Enter breaks the line; paste, drag or pick files; @; reply.

import { TAKEN, named } from "./files.js";
import { Mentions } from "./mentions.js";
import { Voice } from "./voice.js";
import { inOneLine } from "./words.js";

const LONGEST = 4000;
const TELL_FROM = 3500;

export class Composer {
  constructor(root, room, uploads) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.root = root;
    this.room = room;
    this.uploads = uploads;
    this.form = part("composer");
    this.field = part("text");
    this.counter = part("counter");
    this.strip = part("reply");
    this.replyTo = null;
    this.mentions = new Mentions(
      this.field,
      part("people"),
      () => room.staff.filter((who) => who.staff_id !== room.me),
      () => room.can("to_all"),
    );
    this.voice = new Voice(part("voice"), part("recording"), (file, seconds) => uploads.speak(file, seconds));
    const picker = part("file");
    picker.accept = TAKEN;
    picker.addEventListener("change", () => {
      uploads.bring([...picker.files]);
      picker.value = "";
    });
    part("attach").addEventListener("click", () => picker.click());
    part("at").addEventListener("click", () => this.#insertAt());
    part("unreply").addEventListener("click", () => this.reply(null));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.field.addEventListener("input", () => {
      this.#typed();
      if (this.field.value) room.type();
    });
    this.field.addEventListener("click", () => this.mentions.look());
    this.field.addEventListener("blur", () => this.mentions.close());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("paste", (event) => this.#paste(event));
    this.#drop();
  }

  /** Open or closed for writing. */
  allow(writable) {
    this.form.hidden = !writable;
    if (!writable) this.voice.cancel();
  }

  /** Answer this message; null: none. */
  reply(message) {
    this.replyTo = message?.seq ?? null;
    this.strip.hidden = !message;
    if (message) {
      this.strip.querySelector("span").textContent = `回复 ${message.author}：${inOneLine(message)}`;
      this.field.focus();
    }
  }

  #key(event) {
    // while an input method composes Chinese, Enter belongs to it
    if (event.isComposing || event.keyCode === 229 || this.mentions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.replyTo !== null) {
      this.reply(null);
    }
  }

  #typed() {
    const { field, counter } = this;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 160)}px`;
    const length = [...field.value].length;
    counter.textContent = length >= TELL_FROM ? `${length} / ${LONGEST}` : "";
    counter.classList.toggle("over", length > LONGEST);
    this.mentions.look();
  }

  #send() {
    const text = this.field.value.trim();
    if (!text || [...text].length > LONGEST) return;
    const { mentions, to_all } = this.mentions.mentioned(text);
    this.room.send({ text, mentions, to_all, reply_to: this.replyTo, file: null });
    this.field.value = "";
    this.mentions.reset();
    this.reply(null);
    this.#typed();
    this.field.focus();
  }

  #insertAt() {
    const { field } = this;
    const before = field.value.slice(0, field.selectionStart);
    const word = before && !/\s$/.test(before) ? " @" : "@";
    field.setRangeText(word, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    this.#typed();
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.uploads.bring(files.map(named));
  }

  #drop() {
    const { root } = this;
    const holdsFiles = (event) => !this.form.hidden && event.dataTransfer?.types.includes("Files");
    root.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      root.classList.add("dropping");
    });
    root.addEventListener("dragleave", (event) => {
      if (!root.contains(event.relatedTarget)) root.classList.remove("dropping");
    });
    root.addEventListener("drop", (event) => {
      root.classList.remove("dropping");
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.uploads.bring([...event.dataTransfer.files]);
    });
  }
}

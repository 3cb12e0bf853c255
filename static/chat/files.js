// Brings files to the room over HTTP; the message that shows one is sent afterwards like any other.

export const TAKEN = ".webm,.ogg,.png,.jpg,.jpeg,.gif,.webp,.pdf,.docx,.xlsx,.txt,.csv,.amr,.mp3,.mp4";

export class Uploads {
  constructor(room, csrf, changed) {
    this.room = room;
    this.csrf = csrf;
    this.changed = changed;
    this.items = [];
  }

  /** Upload and then send, one message for each file. */
  async bring(files) {
    for (const file of files) {
      const item = { client_id: crypto.randomUUID(), text: "", refused: "", uploading: { name: file.name }, source: file };
      this.items.push(item);
      this.changed();
      await this.#upload(item);
    }
  }

  /** A recording of so many seconds. */
  async speak(file, seconds) {
    const item = { client_id: crypto.randomUUID(), text: "", refused: "", uploading: { name: "语音" }, source: file, seconds };
    this.items.push(item);
    this.changed();
    await this.#upload(item);
  }

  async retry(item) {
    item.refused = "";
    item.uploading = { name: item.source.name };
    this.changed();
    await this.#upload(item);
  }

  discard(item) {
    this.items = this.items.filter((other) => other !== item);
    this.changed();
  }

  async #upload(item) {
    const form = new FormData();
    form.append("file", item.source, item.source.name);
    try {
      const response = await fetch(`${this.room.address}/files`, {
        method: "POST",
        body: form,
        headers: { "X-CSRF-Token": this.csrf, Accept: "application/json" },
      });
      const answer = await response.json();
      if (answer.error) throw new Error(answer.error.message);
      this.items = this.items.filter((other) => other !== item);
      this.room.send({ text: "", mentions: [], reply_to: null, file: answer.file, seconds: item.seconds ?? null });
    } catch (error) {
      item.refused = error instanceof TypeError || error instanceof SyntaxError ? "网络不通" : error.message;
      item.file = item.uploading;
      item.uploading = null;
      this.changed();
    }
  }
}

/** Pictures pasted from a screenshot have no telling name. */
export function named(file) {
  if (file.name && file.name !== "image.png") return file;
  const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, "");
  return new File([file], `截图${stamp}.${file.type.split("/")[1] ?? "png"}`, { type: file.type });
}

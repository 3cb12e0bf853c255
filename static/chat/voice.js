// Records a voice message: press to begin, press to send; two minutes at most. Sends nothing by itself.

const LONGEST = 120;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "mp4", "audio/ogg": "ogg" };

export class Voice {
  constructor(button, bar, done) {
    this.button = button;
    this.bar = bar;
    this.done = done;
    const kind = globalThis.MediaRecorder && KINDS.find((name) => MediaRecorder.isTypeSupported(name));
    this.kind = kind ?? "";
    button.hidden = !this.kind || !navigator.mediaDevices;
    button.addEventListener("click", () => this.#begin());
    bar.querySelector("[data-voice=send]").addEventListener("click", () => this.#end(true));
    bar.querySelector("[data-voice=cancel]").addEventListener("click", () => this.cancel());
  }

  cancel() {
    this.#end(false);
  }

  async #begin() {
    if (this.recorder) return;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      this.#tell("无法使用麦克风，请在浏览器中允许");
      setTimeout(() => (this.bar.hidden = true), 4000);
      return;
    }
    this.pieces = [];
    this.recorder = new MediaRecorder(this.stream, { mimeType: this.kind, audioBitsPerSecond: 24000 });
    this.recorder.addEventListener("dataavailable", ({ data }) => data.size && this.pieces.push(data));
    this.recorder.addEventListener("stop", () => this.#stopped());
    this.recorder.start(1000);
    this.began = Date.now();
    this.#tick();
    this.ticking = setInterval(() => this.#tick(), 250);
  }

  get seconds() {
    return Math.round((Date.now() - this.began) / 1000);
  }

  #tick() {
    this.#tell(`正在录音 ${this.seconds}″`);
    if (this.seconds >= LONGEST) this.#end(true);
  }

  #tell(words) {
    this.bar.hidden = false;
    this.bar.querySelector("span").textContent = words;
  }

  #end(send) {
    if (!this.recorder || this.recorder.state === "inactive") return;
    this.send = send;
    this.long = Math.max(1, Math.min(LONGEST, this.seconds));
    clearInterval(this.ticking);
    this.recorder.stop();
  }

  #stopped() {
    for (const track of this.stream.getTracks()) track.stop();
    this.recorder = null;
    this.bar.hidden = true;
    const type = this.kind.split(";")[0];
    const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, "");
    if (this.send && this.pieces.length) {
      this.done(new File(this.pieces, `语音${stamp}.${ENDINGS[type]}`, { type }), this.long);
    }
  }
}

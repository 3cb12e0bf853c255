// Active milliseconds per question: runs while the page is seen, stops when it is not, and believes in no pause of more
// than a minute. Each stretch of time belongs to the question that was answered at its end.

const LONGEST = 60000;

export class Watch {
  constructor(times) {
    this.times = { ...times };
    this.since = document.visibilityState === "visible" ? performance.now() : null;
    this.kept = 0;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.since = performance.now();
      else {
        this.kept += this.#passed();
        this.since = null;
      }
    });
  }

  #passed() {
    return this.since === null ? 0 : Math.min(LONGEST, performance.now() - this.since);
  }

  /** Count what has passed for a question; its milliseconds so far. */
  on(code) {
    const passed = Math.round(this.kept + this.#passed());
    this.kept = 0;
    if (this.since !== null) this.since = performance.now();
    this.times[code] = (this.times[code] || 0) + passed;
    return this.times[code];
  }

  /** A screen is left: what passed after the last answer belongs to the last question on it that was answered. */
  rest(codes) {
    const last = [...codes].reverse().find((code) => code in this.times);
    if (last) this.on(last);
  }
}

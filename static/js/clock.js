// Counts down: [data-due] shows what is left, in the words of console/remaining.py; one timer for all of them.
// The server's clock rules: the layout's <time id="server-now"> corrects a computer whose own clock is wrong.
"use strict";
(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400, TICK_MS = 15000;

  const span = (seconds) => {
    if (seconds >= DAY) return `${Math.floor(seconds / DAY)}天${Math.floor((seconds % DAY) / HOUR)}小时`;
    if (seconds >= HOUR) return `${Math.floor(seconds / HOUR)}小时${Math.floor((seconds % HOUR) / MINUTE)}分`;
    return `${Math.max(1, Math.floor(seconds / MINUTE))}分钟`;
  };
  const words = (dueMs, atMs) => {
    const seconds = Math.trunc((dueMs - atMs) / 1000);
    return seconds >= 0 ? `剩 ${span(seconds)}` : `已超 ${span(-seconds)}`;
  };
  const tone = (dueMs, atMs) => {
    const seconds = (dueMs - atMs) / 1000;
    return seconds < 0 ? "late" : seconds <= DAY ? "soon" : "calm";
  };

  if (typeof module === "object") { module.exports = { words, tone }; return; }

  const stamp = document.getElementById("server-now")?.dateTime;
  const behind = stamp ? Date.parse(stamp) - Date.now() : 0;

  const tick = () => {
    const now = Date.now() + behind;
    for (const clock of document.querySelectorAll("[data-due]")) {
      const due = Date.parse(clock.dataset.due);
      const text = clock.querySelector(".clock-text");
      const said = words(due, now);
      if (text && text.textContent !== said) text.textContent = said;
      for (const look of ["late", "soon", "calm"]) clock.classList.toggle(`clock-${look}`, look === tone(due, now));
    }
  };
  setInterval(tick, TICK_MS);
  document.addEventListener("htmx:afterSwap", tick);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  tick();
})();

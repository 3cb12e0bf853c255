// Notices: they can be closed, the good ones leave by themselves, and a request that never arrived is told of.
"use strict";
(() => {
  const FADE_MS = 6000;
  const tray = () => document.getElementById("notices");

  const settle = () => {
    for (const notice of tray()?.querySelectorAll("[data-fades]:not([data-fading])") ?? []) {
      notice.dataset.fading = "";
      setTimeout(() => notice.remove(), FADE_MS);
    }
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) event.target.closest(".notice")?.remove();
  });

  const lost = () => {
    const words = document.getElementById("notice-lost");
    if (words && tray()) tray().replaceChildren(words.content.cloneNode(true));
  };

  // What a page asks by itself (progress, chat) stays silent when the network is away; the person did nothing.
  const quiet = (event) => event.detail.requestConfig?.headers?.["X-Background"] === "1";
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => { if (!quiet(event)) lost(); });
  }
  document.addEventListener("htmx:afterSwap", settle);
  settle();
})();

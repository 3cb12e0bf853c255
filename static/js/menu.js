// The menu drawer of phones, drop-downs that close, and lists of check boxes that can be filtered.
"use strict";
(() => {
  const body = document.body;
  const close = () => body.classList.remove("menu-open");

  document.addEventListener("click", (event) => {
    const handle = event.target.closest("[data-menu]");
    if (handle) body.classList.toggle("menu-open", handle.dataset.menu === "open");
    for (const drop of document.querySelectorAll("details.drop[open]")) {
      if (!drop.contains(event.target)) drop.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    for (const drop of document.querySelectorAll("details.drop[open]")) drop.open = false;
  });

  // A menu that would stand out of the window opens to the other side.
  document.addEventListener("toggle", (event) => {
    const menu = event.target.matches?.("details.drop[open]") && event.target.querySelector(".drop-menu");
    if (menu && menu.getBoundingClientRect().right > window.innerWidth) menu.classList.add("drop-right");
  }, true);

  // Of tabs that do not fit a phone's width the chosen one is in sight.
  for (const here of document.querySelectorAll(".tabs > .here")) {
    const row = here.parentElement;
    if (here.offsetLeft + here.offsetWidth > row.offsetLeft + row.clientWidth) {
      row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
    }
  }

  // Unread messages behind the chat's entry. Asked by fetch and silent: a lost answer or an ended session must not
  // disturb whoever is typing.
  const UNREAD_MS = 60_000;
  const badges = document.querySelectorAll("[data-unread]");
  const address = badges[0]?.dataset.unread;
  const count = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json", "X-Background": "1" } });
      if (!answer.ok) return;
      const { unread } = await answer.json();
      for (const mark of document.querySelectorAll("[data-unread] > b")) {
        mark.hidden = !unread;
        mark.textContent = unread > 99 ? "99+" : unread;
        mark.ariaLabel = `${unread} ${mark.dataset.words}`;
      }
    } catch { /* the network is away: the next minute asks again */ }
  };
  if (address) setInterval(count, UNREAD_MS);

  document.addEventListener("input", (event) => {
    const list = document.getElementById(event.target.dataset?.filter ?? "");
    if (!list) return;
    const words = event.target.value.trim().toLowerCase();
    for (const row of list.children) row.hidden = !row.textContent.toLowerCase().includes(words);
  });
})();

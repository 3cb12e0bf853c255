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

  document.addEventListener("input", (event) => {
    const list = document.getElementById(event.target.dataset?.filter ?? "");
    if (!list) return;
    const words = event.target.value.trim().toLowerCase();
    for (const row of list.children) row.hidden = !row.textContent.toLowerCase().includes(words);
  });
})();

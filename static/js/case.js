// The case page and the documents: drawers that are done, the chat as a sheet on phones, copying, printing.
"use strict";
(() => {
  const body = document.body;

  body.addEventListener("drawer-done", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });

  // Which group is open is known here alone: the tabs are drawn anew when something changed.
  let open = document.querySelector(".chat-tab")?.dataset.tab ?? "";
  const mark = () => {
    for (const tab of document.querySelectorAll(".chat-tab")) tab.classList.toggle("here", tab.dataset.tab === open);
  };
  document.addEventListener("htmx:oobAfterSwap", mark);

  const unfold = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    const folded = target?.closest("details:not([open])");
    if (folded) { folded.open = true; target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", unfold);
  unfold();

  const copied = (button) => {
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1200);
  };

  document.addEventListener("click", (event) => {
    const sheet = event.target.closest("[data-sheet]");
    if (sheet) body.classList.toggle("sheet-open", sheet.dataset.sheet === "open");
    const tab = event.target.closest(".chat-tab");
    if (tab) { open = tab.dataset.tab; mark(); }
    if (event.target.closest("[data-print]")) window.print();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => copied(copy));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) body.classList.remove("sheet-open");
  });
})();

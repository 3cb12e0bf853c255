// Drawer and box open when a part has been loaded into them; questions are asked before what cannot be undone.
"use strict";
(() => {
  const bring = (dialog) => {
    if (dialog.open) return;
    dialog.showModal();
    dialog.append(document.getElementById("notices")); // all else is inert while a dialog is open
  };

  const hideNotices = (dialog) => {
    const notices = document.getElementById("notices");
    if (dialog.contains(notices)) document.querySelector(".main").prepend(notices);
  };

  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("close", () => hideNotices(dialog));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && dialog.id !== "confirm") dialog.close(); // a click beside it
    });
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.detail.target.closest?.("dialog");
    if (!dialog || event.detail.target.id === "notices") return;
    bring(dialog);
    dialog.querySelector("[aria-invalid], [autofocus]")?.focus();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    const dialog = event.target.closest("dialog");
    if (dialog) dialog.close();
    else history.back(); // a drawer that stands alone in a page
  });

  // What was shown for a reason does not stay: after its seconds, and when the drawer is closed, it is gone.
  let brief = 0;
  const forget = (dialog) => {
    clearTimeout(brief);
    dialog?.querySelectorAll("[data-brief]").forEach((shown) => shown.replaceChildren());
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    const shown = event.detail.target.querySelector?.("[data-brief]");
    if (!shown) return;
    clearTimeout(brief);
    brief = setTimeout(() => shown.closest("dialog")?.close(), Number(shown.dataset.brief) * 1000);
  });
  for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("close", () => forget(dialog));

  // One question for htmx (hx-confirm) and for plain forms (data-confirm on the form or on the button pressed).
  const ask = (words) => new Promise((answer) => {
    const dialog = document.getElementById("confirm");
    document.getElementById("confirm-words").textContent = words;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question).then((yes) => yes && event.detail.issueRequest(true));
  });

  document.addEventListener("submit", (event) => {
    const by = event.submitter;
    const words = by?.dataset.confirm ?? event.target.dataset.confirm;
    if (!words || event.target.dataset.asked) return;
    event.preventDefault();
    ask(words).then((yes) => {
      if (!yes) return;
      event.target.dataset.asked = "1";
      event.target.requestSubmit(by);
    });
  });
})();

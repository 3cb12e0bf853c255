// Arranging the home page: modules are moved by pointer or keys, sized, hidden and shown; each change is kept at once.
"use strict";
(() => {
  const form = document.getElementById("arrange");
  if (!form) return;
  const told = document.getElementById("arrange-told");
  const shown = form.querySelector("[data-place=shown]");
  const shelf = form.querySelector("[data-place=hidden]");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const SETTLE_MS = 160;
  const EDGE = 70; // px from the edge of the window at which it scrolls along

  const tell = (what, words) => {
    told.textContent = told.dataset[what].replace(/\{(\w+)\}/g, (_, name) => words[name]);
  };
  const cards = () => [...shown.children];
  const keep = () => htmx.trigger(form, "arranged");
  const place = (card) => {
    const all = cards();
    tell("moved", { title: card.dataset.title, at: all.indexOf(card) + 1, of: all.length });
  };

  // Moves things by `change` and lets all cards glide from where they were.
  const glide = (change, but) => {
    const before = new Map(cards().map((card) => [card, card.getBoundingClientRect()]));
    change();
    if (still) return;
    for (const [card, was] of before) {
      const now = card.getBoundingClientRect();
      const [x, y] = [was.left - now.left, was.top - now.top];
      if (card === but || !(x || y)) continue;
      card.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: SETTLE_MS, easing: "ease-out" });
    }
  };

  const KEYS = {
    ArrowUp: (all, at) => all[at - 1]?.before(all[at]),
    ArrowLeft: (all, at) => all[at - 1]?.before(all[at]),
    ArrowDown: (all, at) => all[at + 1]?.after(all[at]),
    ArrowRight: (all, at) => all[at + 1]?.after(all[at]),
    Home: (all, at) => at && all[0].before(all[at]),
    End: (all, at) => all.at(-1) !== all[at] && all.at(-1).after(all[at]),
  };

  form.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    const move = grip && KEYS[event.key];
    if (!move) return;
    event.preventDefault();
    const card = grip.closest("[data-card]");
    const before = cards().indexOf(card);
    glide(() => move(cards(), before));
    grip.focus();
    card.scrollIntoView({ block: "nearest" });
    place(card);
    if (cards().indexOf(card) !== before) keep();
  });

  form.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    const card = grip?.closest("[data-card]");
    if (!card || event.button !== 0) return;
    event.preventDefault();
    grip.focus();
    const first = cards().indexOf(card);
    const ghost = document.createElement("div");
    ghost.className = "drag-ghost";
    ghost.textContent = card.dataset.title;
    document.body.append(ghost);
    card.classList.add("lifted");
    document.body.classList.add("dragging");
    let [x, y, resting] = [event.clientX, event.clientY, 0];
    let running = true;

    const follow = () => {
      ghost.style.transform = `translate(${x + 14}px, ${y + 10}px)`;
      const under = document.elementFromPoint(x, y)?.closest("[data-place=shown] > [data-card]");
      if (!under || under === card || Date.now() < resting) return;
      const all = cards();
      glide(() => (all.indexOf(under) > all.indexOf(card) ? under.after(card) : under.before(card)), card);
      resting = Date.now() + SETTLE_MS * 1.5; // the cards glide: what lies under the pointer now is not what will
    };
    const scroll = () => {
      if (!running) return;
      if (y < EDGE) window.scrollBy(0, -12);
      else if (y > window.innerHeight - EDGE) window.scrollBy(0, 12);
      follow();
      requestAnimationFrame(scroll);
    };
    const moved = (more) => {
      if (more.pointerId !== event.pointerId) return;
      [x, y] = [more.clientX, more.clientY];
    };
    const ended = (last) => {
      if (last.pointerId !== event.pointerId) return;
      running = false;
      for (const name of ["pointerup", "pointercancel"]) document.removeEventListener(name, ended);
      document.removeEventListener("pointermove", moved);
      ghost.remove();
      card.classList.remove("lifted");
      document.body.classList.remove("dragging");
      if (cards().indexOf(card) === first) return;
      place(card);
      keep();
    };
    document.addEventListener("pointermove", moved);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, ended);
    scroll();
  });

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-size], [data-hide], [data-show]");
    const card = button?.closest("[data-card]");
    if (!card) return;
    const title = card.dataset.title;
    const mark = card.querySelector("input[name=shown]");
    if (button.dataset.size) {
      const size = button.dataset.size;
      glide(() => {
        card.className = card.className.replace(/module-(one|two|full)/, `module-${size}`);
        card.querySelector("input[name^=\"size.\"]").value = size;
        for (const each of card.querySelectorAll("[data-size]")) each.ariaPressed = String(each === button);
      });
      tell("sized", { title, size: button.textContent });
    } else if ("hide" in button.dataset) {
      const next = card.nextElementSibling ?? card.previousElementSibling;
      mark.disabled = true;
      glide(() => shelf.append(card));
      (next?.querySelector("[data-grip]") ?? card.querySelector("[data-show]")).focus();
      tell("hidden", { title });
    } else {
      mark.disabled = false;
      glide(() => shown.append(card));
      htmx.trigger(card.querySelector(".module-body"), "shown");
      card.querySelector("[data-grip]").focus();
      card.scrollIntoView({ block: "nearest" });
      tell("shown", { title });
    }
    keep();
  });

  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    form.addEventListener(name, (event) => event.target === form && tell("lost", {}));
  }
})();

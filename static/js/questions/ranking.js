// Ranking: press a line to give it the next place (again to take it back), drag it, or Alt+↑/↓. The selects of the
// plain form hold the places all the while, so that whatever reads the form reads the same.

export function attach(list) {
  const lines = [...list.children];
  const most = Number(list.dataset.places);
  const select = (line) => line.querySelector("select");
  const ranked = () => lines.filter((line) => select(line).value).sort((a, b) => select(a).value - select(b).value);

  function give(order, tell = true) {
    for (const line of lines) select(line).value = order.includes(line) ? String(order.indexOf(line) + 1) : "";
    draw(order);
    if (tell) list.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function draw(order) {
    for (const line of [...order, ...lines.filter((one) => !order.includes(one))]) {
      const at = order.indexOf(line);
      line.classList.toggle("ranked", at >= 0);
      const go = line.querySelector(".ask-rank-go");
      go.setAttribute("aria-pressed", String(at >= 0));
      go.firstElementChild.textContent = at >= 0 ? String(at + 1) : "";
      go.firstElementChild.setAttribute("aria-label", at >= 0 ? list.dataset.words.replace("{n}", at + 1) : "");
      const [up, down] = line.querySelectorAll(".ask-rank-step");
      up.disabled = at < 1;
      down.disabled = at < 0 || at === order.length - 1;
      const focused = line.contains(document.activeElement) ? document.activeElement : null;
      list.append(line);
      focused?.focus();
    }
  }

  function press(line) {
    const order = ranked();
    if (order.includes(line)) give(order.filter((one) => one !== line));
    else if (order.length < most) give([...order, line]);
  }

  function shift(line, by) {
    const order = ranked();
    const at = order.indexOf(line);
    if (at < 0 || !order[at + by]) return;
    [order[at], order[at + by]] = [order[at + by], order[at]];
    give(order);
  }

  for (const line of lines) {
    const words = line.querySelector(".ask-rank-words");
    const go = document.createElement("button");
    go.type = "button";
    go.className = "ask-rank-go";
    const place = document.createElement("span");
    place.className = "ask-rank-place";
    go.append(place, words);
    const step = (sign, label, by) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "ask-rank-step";
      button.textContent = sign;
      button.setAttribute("aria-label", `${words.textContent} ${label}`);
      button.addEventListener("click", () => shift(line, by));
      return button;
    };
    line.prepend(go);
    select(line).tabIndex = -1;
    select(line).setAttribute("aria-hidden", "true");
    line.append(step("↑", list.dataset.up, -1), step("↓", list.dataset.down, 1));
    let dragged = false;
    go.addEventListener("click", () => {
      if (!dragged) press(line);
      dragged = false;
    });
    go.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      if (event.altKey) shift(line, by);
      else (by < 0 ? line.previousElementSibling : line.nextElementSibling)?.querySelector(".ask-rank-go").focus();
    });
    go.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const began = event.clientY;
      const move = (now) => {
        if (!dragged && Math.abs(now.clientY - began) < 8) return;
        dragged = true;
        line.classList.add("dragged");
        const under = document.elementFromPoint(now.clientX, now.clientY)?.closest(".ask-rank");
        if (!under || under === line || under.parentElement !== list) return;
        const { top, height } = under.getBoundingClientRect();
        under[now.clientY < top + height / 2 ? "before" : "after"](line);
      };
      const end = () => {
        document.removeEventListener("pointermove", move);
        document.removeEventListener("pointerup", end);
        document.removeEventListener("pointercancel", end);
        line.classList.remove("dragged");
        if (!dragged) return;
        // What stands above the dragged line, and was ranked or is dragged, keeps the order of the screen.
        const before = new Set([...ranked(), line]);
        give([...list.children].filter((one) => before.has(one)).slice(0, most));
        setTimeout(() => (dragged = false));
      };
      document.addEventListener("pointermove", move);
      document.addEventListener("pointerup", end);
      document.addEventListener("pointercancel", end);
    });
  }
  list.classList.add("live");
  draw(ranked());
}

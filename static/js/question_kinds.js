// Kinds of questions that do more in a browser with scripts: ranking by drag and keys, body map by touch, a drawn
// signature. Without this file each is a plain form. A part is fetched only where a page has a question of its kind.

const PARTS = [
  [".ask-ranks", () => import("./questions/ranking.js")],
  [".ask-body", () => import("./questions/body_map.js")],
  [".ask-sign", () => import("./questions/signature.js")],
  [".asks:has([data-pipe])", () => import("./questions/piping.js")],
];

/** Bring the questions inside `root` to life, each once. */
export async function enliven(root) {
  for (const [selector, load] of PARTS) {
    const boxes = [...root.querySelectorAll(`${selector}:not([data-alive])`)];
    if (!boxes.length) continue;
    for (const box of boxes) box.dataset.alive = "";
    const { attach } = await load();
    boxes.forEach(attach);
  }
}

if (typeof document !== "undefined") {
  enliven(document);
  document.addEventListener("htmx:load", (event) => enliven(event.detail.elt.parentElement || document));
}

// Behind the end: nothing of the response stays in this browser.

const done = document.querySelector("[data-done]")?.dataset.done;
for (let at = localStorage.length - 1; done && at >= 0; at -= 1) {
  const name = localStorage.key(at);
  if (!name?.startsWith("huiyin-filling:")) continue;
  const kept = JSON.parse(localStorage.getItem(name) || "null");
  if (!kept || done.startsWith(kept.id.replaceAll("-", ""))) localStorage.removeItem(name);
}

// Talks to the card bridge on this very machine (docs/kiosk.md) and sends what it has signed; keeps nothing.
const place = document.getElementById("bridge");
const { bridge, kind, nonce, alive } = place.dataset;
const words = document.getElementById("bridge-words");
const REST = 1500;

function say(which) {
  if (words) words.textContent = words.dataset[which];
}

function tell(state) {
  fetch(`${alive}?bridge=${state}`, { credentials: "same-origin" }).catch(() => {});
}

async function ready() {
  try {
    return (await fetch(`${bridge}/status`, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

async function read() {
  const query = new URLSearchParams({ kind, nonce });
  const answer = await fetch(`${bridge}/card?${query}`, { cache: "no-store" });
  return answer.status === 200 ? answer.json() : null;
}

function send(card) {
  say("reading");
  const form = document.getElementById("card-form");
  form.elements.number.value = card.number;
  form.elements.name.value = card.name || "";
  form.elements.signature.value = card.signature;
  form.submit();
}

async function wait() {
  let told = "";
  for (;;) {
    const state = (await ready()) ? "ready" : "away";
    if (state !== told) {
      told = state;
      tell(state);
      say(state);
    }
    if (state === "ready" && kind) {
      try {
        const card = await read();
        if (card) {
          send(card);
          return;
        }
      } catch { /* asked again */ }
    }
    await new Promise((go) => { setTimeout(go, kind ? REST : 30000); });
  }
}

if (bridge) wait();
else if (words) say("away");

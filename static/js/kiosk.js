// A screen of the hospital: back to the start when nobody is there any more, with a countdown that one touch stops.
// Keeps nothing in the browser; a page that the browser kept for its back button is asked for anew.
const body = document.body;
const start = body.dataset.kiosk;
const seconds = Number(body.dataset.idle || 0);
const box = document.getElementById("idle");
const left = document.getElementById("idle-left");
const WARN = 30;
let last = Date.now();

function touched() {
  if (box.hidden) last = Date.now();
}

function stay() {
  last = Date.now();
  box.hidden = true;
  fetch(body.dataset.alive, { method: "GET", credentials: "same-origin" }).catch(() => {});
}

function leave() {
  location.replace(start);
}

function look() {
  const rest = seconds - Math.floor((Date.now() - last) / 1000);
  if (rest <= 0) {
    leave();
    return;
  }
  if (rest > WARN) return;
  if (box.hidden) {
    box.hidden = false;
    document.getElementById("idle-stay").focus();
  }
  left.textContent = String(rest);
}

if (seconds > 0) {
  for (const kind of ["pointerdown", "keydown", "input", "scroll", "touchstart"]) {
    addEventListener(kind, touched, { passive: true, capture: true });
  }
  document.getElementById("idle-stay").addEventListener("click", stay);
  setInterval(look, 500);
}
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(start);
});

// A screen of the hospital: back to the start when nobody is there any more, with a countdown that one touch stops. While
// somebody touches the screen the server is told, so that their session lives as long as they are there.
// Keeps nothing in the browser; a page that the browser kept for its back button is asked for anew.
const { kiosk: start, alive, idle, signed, resting } = document.body.dataset;
const seconds = Number(idle || 0);
const box = document.getElementById("idle");
const left = document.getElementById("idle-left");
const WARN = 30;
const TELL = 15000;
let last = Date.now();
let told = Date.now();
let gone = false;
let before = null; // what had the focus when the countdown came

/** Back to the start. Where the network is gone what is on the screen goes at once, the start as soon as it can be had. */
async function leave() {
  if (gone) return;
  gone = true;
  for (;;) {
    try {
      await fetch(alive, { credentials: "same-origin", cache: "no-store" });
      location.replace(start);
      return;
    } catch {
      box.hidden = true;
      document.title = "";
      document.getElementById("main").replaceChildren(document.body.dataset.away);
      document.querySelector(".leave")?.remove();
      await new Promise((wake) => { setTimeout(wake, 5000); });
    }
  }
}

/** Tell the server that somebody is here; when it says that their session is over, so is this page. */
async function tell() {
  told = Date.now();
  try {
    const answer = await fetch(alive, { credentials: "same-origin", cache: "no-store" });
    if (signed !== undefined && (answer.status === 403 || (answer.ok && !(await answer.json()).signed))) leave();
  } catch { /* no network for a moment: the next touch tells it */ }
}

function touched() {
  if (!box.hidden) return;
  last = Date.now();
  if (last - told >= TELL) tell();
}

function stay() {
  last = Date.now();
  box.hidden = true;
  before?.focus({ preventScroll: true });
  tell();
}

function look() {
  if (gone) return;
  const rest = seconds - Math.floor((Date.now() - last) / 1000);
  if (rest <= 0) {
    leave();
    return;
  }
  if (rest > WARN || resting !== undefined) return;
  if (box.hidden) {
    before = document.activeElement;
    box.hidden = false;
    document.getElementById("idle-stay").focus();
  }
  left.textContent = String(rest);
}

if (seconds > 0) {
  for (const kind of ["pointerdown", "keydown", "input", "scroll", "touchstart"]) {
    addEventListener(kind, touched, { passive: true, capture: true });
  }
  box.addEventListener("click", stay); // anywhere, so that a hurried touch does it
  setInterval(look, 500);
}
addEventListener("pageshow", (event) => {
  if (event.persisted) leave();
});

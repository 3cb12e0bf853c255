// The feedback form: what is not asked of somebody without a name is put away, and a second press sends nothing twice.
const form = document.querySelector("[data-feedback]");
const box = form.querySelector("[data-anonymous]");

function show() {
  for (const part of form.querySelectorAll("[data-named]")) {
    part.hidden = box.checked;
    for (const field of part.querySelectorAll("input, select")) field.disabled = box.checked;
  }
}

box.addEventListener("change", show);
form.addEventListener("submit", () => {
  for (const button of form.querySelectorAll("button[type=submit]:not([name])")) {
    setTimeout(() => { button.disabled = true; }, 0);
    setTimeout(() => { button.disabled = false; }, 15000);
  }
});
show();

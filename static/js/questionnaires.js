// The list of questionnaires: the box for a new one opens in place; a filter sends itself.

for (const button of document.querySelectorAll("[data-open]")) {
  const box = document.getElementById(button.dataset.open);
  button.setAttribute("aria-expanded", String(!box.hidden));
  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    button.setAttribute("aria-expanded", String(!box.hidden));
    if (!box.hidden) box.querySelector("select, input:not([type=hidden])").focus();
  });
}
for (const field of document.querySelectorAll("[data-submits]")) field.addEventListener("change", () => field.form.requestSubmit());

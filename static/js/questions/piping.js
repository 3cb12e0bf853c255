// Words of earlier answers in later titles: follows what is answered on this page. What the server filled in stays
// until the question it comes from is on the page and answered.

const UNKNOWN = "……";

/** The words of what is answered in a question's fieldset. */
function words(set) {
  const labels = [...set.querySelectorAll("input:checked")].map((input) => input.closest("label")?.textContent.trim() || input.value);
  const picked = [...set.querySelectorAll("select")].filter((select) => select.value).map((select) => select.selectedOptions[0].textContent.trim());
  const other = [...set.querySelectorAll(".ask-other:not([hidden])")].map((input) => input.value.trim()).filter(Boolean);
  const typed = [...set.querySelectorAll("input:not([type=radio]):not([type=checkbox]):not([type=hidden]):not(.ask-other), textarea")].map((input) => input.value.trim()).filter(Boolean);
  const chosen = [...labels, ...picked].join("；");
  return chosen ? `${chosen}${other.length ? `（${other.join("；")}）` : ""}` : typed.join("；");
}

export function attach(root) {
  const spans = [...root.querySelectorAll("[data-pipe^='q:']")];
  const follow = () => {
    for (const span of spans) {
      const set = root.querySelector(`fieldset[data-code="${CSS.escape(span.dataset.pipe.slice(2))}"]`);
      if (set) span.textContent = words(set) || UNKNOWN;
    }
  };
  root.addEventListener("input", follow);
  root.addEventListener("change", follow);
  root.addEventListener("answered", follow);
  follow();
}

// The list of cases: short addresses, rows that open by a click anywhere, pickers that say what is picked.
"use strict";
(() => {
  // Parts of the filter that are not given do not stand in the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-brief]")) return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
    if (![...event.formData].length) event.formData.set("all", "1");
  });

  document.addEventListener("change", (event) => {
    const pick = event.target.closest(".pick");
    if (!pick) return;
    const picked = [...pick.querySelectorAll("input:checked")].map((box) => box.parentElement.textContent.trim());
    pick.querySelector("summary").textContent = picked.join("、") || "不限";
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-open]");
    if (!row || event.target.closest("a, button, summary, details, input, label") || String(getSelection())) return;
    const link = row.querySelector(".row-title");
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  });
})();

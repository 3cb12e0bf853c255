// Keeps what is typed into an anonymous sheet in this tab alone, until it is sent or the tab is closed: never on the
// server, and not on the computer either, since others sit at it after.
(() => {
  const form = document.querySelector("form[data-tab-draft]");
  if (!form) return;
  const key = form.dataset.tabDraft;
  const fields = () => [...form.elements].filter((field) => field.name && field.name.startsWith("q."));
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (kept && !form.querySelector(".fault")) {
    for (const field of fields()) {
      const values = kept[field.name] || [];
      if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
      else if (field.type !== "file" && values.length) field.value = values[0];
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }
  form.addEventListener("input", () => {
    const values = {};
    for (const field of fields()) {
      if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
      if (field.type !== "file") (values[field.name] ||= []).push(field.value);
    }
    sessionStorage.setItem(key, JSON.stringify(values));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
})();

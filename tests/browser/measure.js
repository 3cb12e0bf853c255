// What a page measures, for the numbers of 工信部《互联网网站适老化通用设计规范》: sizes of text, heights of lines, targets.
(least) => {
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && style.opacity !== "0" && element.checkVisibility();
  };
  const named = (element) => `${element.tagName.toLowerCase()}.${element.className && element.className.baseVal === undefined ? element.className : ""} “${(element.textContent || element.value || element.name || "").trim().slice(0, 24)}”`;
  const found = { small: [], tight: [], narrow: [], largest: 0, texts: 0, targets: 0 };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || !shown(holder) || holder.closest("script, style, noscript, .skip, option, optgroup, audio")) continue;
    const style = getComputedStyle(holder);
    const size = parseFloat(style.fontSize);
    found.texts += 1;
    found.largest = Math.max(found.largest, size);
    if (size < least.text - 0.01) found.small.push(`${size} ${named(holder)}`);
    const ratio = style.lineHeight === "normal" ? 0 : parseFloat(style.lineHeight) / size;
    if (ratio < 1.3 - 0.001 && !holder.matches(".idle-left")) found.tight.push(`${ratio.toFixed(2)} ${named(holder)}`);
  }
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, audio")) {
    if (element.closest(".skip") || element.matches(".skip") || element.disabled) continue;
    const label = element.closest("label");
    const target = (element.matches("[type=checkbox], [type=radio]") && label) || element;
    if (!shown(target)) continue;
    const box = target.getBoundingClientRect();
    found.targets += 1;
    if (box.width < least.target - 0.5 || box.height < least.target - 0.5) found.narrow.push(`${Math.round(box.width)}×${Math.round(box.height)} ${named(target)}`);
  }
  found.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return found;
}

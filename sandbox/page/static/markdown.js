/* The part of Markdown that WeCom shows, drawn as elements; never as HTML text. */

import { h } from "./dom.js";

const INLINE = /(\*\*(.+?)\*\*)|(`([^`]+)`)|(\[([^\]]+)\]\((https?:[^)\s]+)\))|(<font color="(info|comment|warning)">([\s\S]+?)<\/font>)|(<@([^>]+)>)/;

function inline(text, link) {
  const found = INLINE.exec(text);
  if (!found) return text ? [text] : [];
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + found[0].length);
  let node;
  if (found[1]) node = h("b", {}, inline(found[2], link));
  else if (found[3]) node = h("code", {}, found[4]);
  else if (found[5]) node = h("a", { href: link(found[7]), target: "_blank", rel: "noopener" }, found[6]);
  else if (found[8]) node = h("span", { class: `font-${found[9]}` }, inline(found[10], link));
  else node = h("span", { class: "mention" }, `@${found[12]}`);
  return [before, node, ...inline(after, link)].filter((part) => part !== "");
}

export function markdown(text, link) {
  const box = h("div", { class: "markdown" });
  for (const line of text.split("\n")) {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
    if (heading) box.append(h("p", { class: `heading h${heading[1].length}` }, inline(heading[2], link)));
    else if (line.startsWith(">")) box.append(h("p", { class: "quote" }, inline(line.replace(/^>\s?/, ""), link)));
    else if (item) box.append(h("p", { class: "item" }, inline(/^\s*\d/.test(line) ? line.trim() : `• ${item[1]}`, link)));
    else box.append(h("p", {}, inline(line, link)));
  }
  return box;
}

/* Plain text with addresses made tappable. */
export function plain(text, link) {
  return text.split(/(https?:\/\/[\w\-./?%&=#:~+@!,;]+)/).map((part, index) =>
    (index % 2 ? h("a", { href: link(part), target: "_blank", rel: "noopener" }, part) : part));
}

// Makes elements without HTML strings, so that nothing a person typed can become markup.

/** An element: `el("p.im-line.own", {title: "x"}, child, "text")`; null and false children are left out. */
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return element;
}

let iconFile = "";

/** Where the icons are drawn from, told once by the page. */
export function useIcons(address) {
  iconFile = address;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon in the text's colour. */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${iconFile}#${name}`);
  picture.append(use);
  return picture;
}

/** A button with an icon and a name for those who do not see it. */
export function iconButton(name, label, onclick, more = "") {
  return el(`button.im-icon${more}`, { type: "button", title: label, "aria-label": label, onclick }, icon(name));
}

// Which questions stand together: as surveys/responses/screens.py, by the weights the page tells. No DOM; tests run it under node.

const FULL = 3;

/** `pages`: codes page by page; `weights`: code → 0 to 3; `path`: codes that are shown. Gives lists of codes. */
export function screens(pages, weights, path) {
  const shown = new Set(path);
  const found = [];
  for (const page of pages) {
    let here = [];
    let taken = 0;
    for (const code of page) {
      if (!shown.has(code)) continue;
      const heavy = weights[code];
      if (here.length && taken && (taken + heavy > FULL || !heavy)) {
        found.push(here);
        here = [];
        taken = 0;
      }
      here.push(code);
      taken += heavy;
    }
    if (here.length) found.push(here);
  }
  return found;
}

/** The number of the screen on which a question stands; the first when it stands on none. */
export function place(found, code) {
  return Math.max(0, found.findIndex((screen) => screen.includes(code)));
}

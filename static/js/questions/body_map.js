// Body map: a touch on the picture ticks the box of its region; the box that has the focus is shown on the picture.

export function attach(body) {
  const boxes = new Map([...body.querySelectorAll("input[type=checkbox]")].map((box) => [box.value, box]));
  const shapes = new Map([...body.querySelectorAll("[data-region]")].map((shape) => [shape.dataset.region, shape]));
  const draw = () => {
    for (const [code, shape] of shapes) shape.classList.toggle("on", boxes.get(code).checked);
  };
  for (const [code, shape] of shapes) {
    shape.addEventListener("click", () => {
      const box = boxes.get(code);
      if (box.disabled) return;
      box.checked = !box.checked;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  body.addEventListener("change", draw);
  body.addEventListener("focusin", (event) => {
    for (const [code, shape] of shapes) shape.classList.toggle("near", boxes.get(code) === event.target);
  });
  body.addEventListener("focusout", () => shapes.forEach((shape) => shape.classList.remove("near")));
  draw();
}

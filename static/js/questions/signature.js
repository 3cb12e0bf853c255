// Signature: what is drawn becomes a PNG in the file field of the plain form; the typed name stays as a way without.

export function attach(sign) {
  const pad = sign.querySelector(".ask-sign-pad");
  const canvas = pad.querySelector("canvas");
  const field = pad.querySelector("input[type=file]");
  const paper = canvas.getContext("2d");
  Object.assign(paper, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: "#16202b" });
  pad.hidden = false;
  sign.querySelector("details").open = false;
  let drawing = false;

  const at = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((event.clientX - left) * canvas.width) / width, ((event.clientY - top) * canvas.height) / height];
  };
  const tell = () => field.dispatchEvent(new Event("change", { bubbles: true }));

  function keep() {
    canvas.toBlob((picture) => {
      const files = new DataTransfer();
      files.items.add(new File([picture], "signature.png", { type: "image/png" }));
      field.files = files.files;
      for (const old of sign.querySelectorAll("input[type=hidden], .ask-sign-kept")) old.remove();
      tell();
    }, "image/png");
  }

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    paper.beginPath();
    paper.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    paper.lineTo(...at(event));
    paper.stroke();
  });
  const end = () => {
    if (drawing) keep();
    drawing = false;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  pad.querySelector(".ask-sign-clear").addEventListener("click", () => {
    paper.clearRect(0, 0, canvas.width, canvas.height);
    field.value = "";
    for (const old of sign.querySelectorAll("input[type=hidden], .ask-sign-kept")) old.remove();
    tell();
  });
}

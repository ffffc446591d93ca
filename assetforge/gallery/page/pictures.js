// A picture in a box: as large as it fits, at its own size, or against another one with a slider.

const ADDRESS = /^pictures\/[0-9a-f]+(-thumb|-large)?\.[a-z0-9]+$/;
const GROUNDS = ["checker", "light", "dark"];

function address(url) {
  return typeof url === "string" && ADDRESS.test(url) ? url : null;
}

// A small picture for lists. Its box is `ratio` wide for each pixel of height; it is never scaled up.
function thumbnail(picture, alt, ratio = 4 / 3) {
  const image = el("img", {
    class: "thumb", alt, loading: "lazy", decoding: "async", draggable: "false",
    width: picture.width, height: picture.height, onload: (event) => event.currentTarget.classList.add("there"),
  });
  const own = picture.width / picture.height;
  image.style.width = `${Math.min(1, own / ratio) * 100}%`;
  image.style.maxWidth = `${picture.width}px`;
  image.style.aspectRatio = `${picture.width} / ${picture.height}`;
  const url = address(picture.thumb);
  if (url) image.src = url;
  return image;
}

// An icon is judged by its pixels: small pictures are shown up to four times as large.
function grown(picture) {
  return picture.width < 400 ? Math.min(400, picture.width * 4) : picture.width;
}

function large(picture, alt) {
  const image = el("img", {
    class: "large", alt, decoding: "async", width: picture.width, height: picture.height,
    onload: (event) => event.currentTarget.classList.add("there"),
  });
  image.style.setProperty("--ratio", picture.width / picture.height);
  image.style.setProperty("--own", `${picture.width}px`);
  image.style.setProperty("--limit", `${grown(picture)}px`);
  image.classList.toggle("sharp", picture.width < 128);
  const url = address(picture.full);
  if (url) image.src = url;
  return image;
}

// One picture that fits; a click shows its own pixels at that place, to be looked around by scrolling.
function single(picture, alt, onZoom) {
  const box = el("div", { class: "box one" }, large(picture, alt));
  box.addEventListener("click", (event) => {
    if (!event.target.matches("img")) return;
    const seen = event.target.getBoundingClientRect();
    const at = [(event.clientX - seen.left) / seen.width, (event.clientY - seen.top) / seen.height];
    onZoom(box.classList.contains("full") ? null : at);
  });
  return box;
}

function zoom(box, at) {
  const image = box.querySelector("img");
  box.classList.toggle("full", at !== null);
  if (at === null) {
    box.removeAttribute("tabindex");
    return;
  }
  box.setAttribute("tabindex", "0");
  box.scrollTo(at[0] * image.offsetWidth - box.clientWidth / 2, at[1] * image.offsetHeight - box.clientHeight / 2);
}

// Two pictures over each other, both fitted into the box of the larger one, and a line between them to be moved.
function slider(before, after, labels) {
  const pair = el("div", { class: "pair" });
  const larger = before.width * before.height > after.width * after.height ? before : after;
  pair.style.setProperty("--ratio", larger.width / larger.height);
  pair.style.setProperty("--limit", `${grown(larger)}px`);
  const input = el("input", {
    type: "range", min: "0", max: "100", step: "1", value: "50", class: "slide",
    "aria-label": `${labels[0]} on the left, ${labels[1]} on the right`,
    oninput: () => place(Number(input.value)),
  });
  const place = (at) => {
    pair.style.setProperty("--at", `${at}%`);
    input.setAttribute("aria-valuetext", `${at} % ${labels[0]}`);
  };
  fill(pair,
    el("div", { class: "layer is-before" }, large(before, labels[0])),
    el("div", { class: "layer is-after" }, large(after, labels[1])),
    el("span", { class: "label is-left", text: labels[0], "aria-hidden": "true" }),
    el("span", { class: "label is-right", text: labels[1], "aria-hidden": "true" }),
    input, el("span", { class: "handle", "aria-hidden": "true" }));
  place(50);
  return el("div", { class: "box" }, pair);
}

function beside(before, after, labels) {
  const half = (picture, label) => el("figure", {}, el("div", { class: "box one" }, large(picture, label)),
    el("figcaption", {}, `${label} `, el("span", { class: "soft", text: measures(picture).join(", ") })));
  return el("div", { class: "beside" }, half(before, labels[0]), half(after, labels[1]));
}

// A row of buttons of which one is pressed.
function choice(label, options, chosen, onChoice) {
  const buttons = options.map(([value, text]) => button(text, {
    "aria-pressed": String(value === chosen),
    onclick() {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === buttons[options.findIndex(([name]) => name === value)]));
      onChoice(value);
    },
  }));
  return el("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

// The pictures' tools, and the pictures: `look` is { before, after, labels, alt, note }, `state` what was chosen so far.
function viewer(look, state) {
  const host = el("div", { class: "viewer" });
  const tools = el("div", { class: "tools" });
  const compared = look.before !== null;
  host.dataset.ground = state.ground;
  let box;
  const full = button("100 %", { class: "pill", "aria-pressed": "false", onclick: () => turn(box.classList.contains("full") ? null : [0.5, 0.5]) });
  const turn = (at) => {
    zoom(box, at);
    full.setAttribute("aria-pressed", String(at !== null));
  };
  const draw = () => {
    box?.remove();
    const mode = compared ? state.mode : "one";
    if (mode === "slide") box = slider(look.before, look.after, look.labels);
    else if (mode === "beside") box = beside(look.before, look.after, look.labels);
    else box = single(look.after, look.alt, turn);
    full.hidden = mode !== "one";
    full.setAttribute("aria-pressed", "false");
    host.prepend(box);
  };
  draw();
  fill(tools,
    look.note && el("p", { class: "soft", text: look.note }),
    compared && choice("How to compare", [["slide", "Slider"], ["beside", "Side by side"], ["one", "Alone"]], state.mode, (mode) => { state.mode = mode; draw(); }),
    full,
    choice("What is behind the picture", GROUNDS.map((name) => [name, name[0].toUpperCase() + name.slice(1)]), state.ground,
      (ground) => { state.ground = ground; host.dataset.ground = ground; remember("ground", ground); }));
  return fill(host, tools);
}

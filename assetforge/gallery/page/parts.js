// Elements, icons and words that every part of a page is made of. Text goes in as text nodes only, and no markup is ever
// parsed; the policy of the page would refuse it (trusted types).

// Controls, and marks that turn the order of what follows (UAX 9): written out, as the terminal does.
const HARMFUL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const SPOKEN = new Set(["title", "alt", "aria-label"]);

const ICONS = {
  fresh: "M3 8.5l3.5 3.5L13 4.5",
  stale: "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
  draft: "M3 13l.6-3L11 2.7l2.3 2.3-7.4 7.4z",
  failed: "M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.6v.1",
  warning: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.800zM8 5v3.500M8 11v.1",
  added: "M8 3v10M3 8h10",
  removed: "M3 8h10",
  changed: "M2 5.5h10M9 2.5l3 3-3 3M14 10.5H4M7 7.5l-3 3 3 3",
  renamed: "M2.5 8h11M9.5 4l4 4-4 4",
  "re-encoded": "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
  accepted: "M3 8.5l3.5 3.5L13 4.5",
  candidates: "M2.5 5h7v8.5h-7zM6.500 5V2.500h7V11H9.500",
  picked: "M8 1.9l1.9 3.9 4.2.6-3 3 .7 4.3L8 11.6l-3.8 2.1.7-4.3-3-3 4.2-.6z",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  before: "M10 3L5 8l5 5",
  after: "M6 3l5 5-5 5",
  find: "M7 11.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9zM10.3 10.3L14 14",
  light: "M8 11a3 3 0 1 1 0-6 3 3 0 0 1 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  keys: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 12v.1",
  call: "M8 2v3M8 11v3M2 8h3M11 8h3M3.8 3.8l2.1 2.1M10.1 10.1l2.1 2.1M12.2 3.8l-2.1 2.1M5.9 10.1l-2.1 2.1",
  lost: "M2 2l12 12M5 8.5a4.2 4.2 0 0 1 2-1M2.5 6a8 8 0 0 1 2.4-1.5M8 12.5v.1M9 4a8 8 0 0 1 4.5 2",
};

function visible(text) {
  return String(text).replace(HARMFUL, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key === "text") made.textContent = visible(value);
    else made.setAttribute(key, value === true ? "" : SPOKEN.has(key) ? visible(value) : value);
  }
  fill(made, ...children);
  return made;
}

function fill(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : visible(child));
  }
  return element;
}

const drawn = new Map();

function icon(name) {
  if (!drawn.has(name)) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [key, value] of [["viewBox", "0 0 16 16"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
    path.setAttribute("d", ICONS[name] ?? ICONS.changed);
    svg.append(path);
    drawn.set(name, svg);
  }
  return drawn.get(name).cloneNode(true);
}

function button(text, given = {}, ...children) {
  return el("button", { type: "button", ...given }, ...children, text);
}

// Draws what is in a host anew: who stood on something with a key stands there afterwards.
function keepingFocus(host, draw) {
  const key = host.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  draw();
  if (key !== undefined) [...host.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key && !each.disabled)?.focus({ preventScroll: true });
}

// Words between backticks are what somebody wrote: as on the terminal, but set as code.
function said(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", { text: part }) : part));
}

// The same where names may hold any mark: pairs of words of ours, and a name behind them.
function sentence(pairs) {
  return pairs.flatMap(([words, name]) => [words, name && el("code", { text: name })]).filter(Boolean);
}

function reasonsTold(reasons, told = said) {
  return reasons.length > 0 && el("ul", { class: "reasons" }, reasons.map((reason) => el("li", { dir: "auto" }, told(reason))));
}

function badge(word, text = word) {
  return el("span", { class: `badge is-${Object.hasOwn(ICONS, word) ? word : "changed"}` }, icon(word), text);
}

// The same words as on the terminal: powers of ten, and as many places of money as the amount needs.
function money(usd) {
  if (usd === 0) return "$0.00";
  const places = Math.abs(usd) < 0.1 ? 4 : 2;
  return "$" + usd.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

// An amount that nothing may pass: never less than it is, but for the noise in the last digits of sums.
function atMost(usd) {
  const unit = Math.abs(usd) < 0.1 ? 1e4 : 1e2;
  return money(Math.ceil(Number((usd * unit).toFixed(6))) / unit);
}

function byteSize(size) {
  if (size < 1e3) return `${size} B`;
  if (size < 999500) return `${Math.round(size / 1e3)} kB`;
  return size < 999950000 ? `${(size / 1e6).toFixed(1)} MB` : `${(size / 1e9).toFixed(1)} GB`;
}

function count(number, noun, plural = noun + "s") {
  return `${number.toLocaleString("en-US")} ${number === 1 ? noun : plural}`;
}

function age(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function pixels(picture) {
  return `${picture.width} × ${picture.height}`;
}

// What is only on its way to a file has no size in bytes.
function measures(picture) {
  return [pixels(picture), ...(picture.bytes ? [byteSize(picture.bytes)] : [])];
}

// A change of words, as pairs of " ", "-" or "+" and a word.
function wordDiff(pairs) {
  const told = el("p", { class: "words", dir: "auto" });
  let last = null;
  for (const [sign, word] of pairs) {
    if (last?.sign === sign) last.node.append(visible(` ${word}`));
    else {
      const node = sign === " " ? el("span", { text: word }) : el(sign === "+" ? "ins" : "del", { text: word });
      fill(told, last && " ", node);
      last = { sign, node };
    }
  }
  return told;
}

function copier(text) {
  return button("Copy", {
    class: "quiet", "aria-label": "Copy the prompt",
    async onclick(event) {
      const pressed = event.currentTarget;
      const done = await copied(text);
      pressed.textContent = done ? "Copied" : "Not allowed here";
      setTimeout(() => (pressed.textContent = "Copy"), 1600);
    },
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page that is opened from disk may not have the clipboard's interface: then as in the old days.
    const field = el("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
    field.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    const focused = document.activeElement;
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return done;
  }
}

// What the browser remembers for this page, where it lets a page remember anything.
function remembered(key) {
  try {
    return localStorage.getItem(`assetforge-${key}`);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(`assetforge-${key}`, value);
  } catch {
    return;
  }
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function themeButton() {
  const chosen = remembered("theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  return button("", {
    class: "tool", "aria-label": "Light or dark", title: "Light or dark",
    onclick() {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      remember("theme", next);
    },
  }, icon("light"));
}

function readData() {
  return JSON.parse(document.getElementById("data").textContent);
}

function isTyping(target) {
  return target.matches("input:not([type=range]), textarea, select");
}

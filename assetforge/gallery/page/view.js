// What is looked at: filters, order and size, all of them in the address after the `#`, so that a view can be sent on.

const STATES = ["fresh", "stale", "draft", "failed"];
const ORDERS = [["grouped", "By asset"], ["written", "As written"], ["state", "By state"], ["cost", "By cost"], ["bytes", "By file size"]];
const SIZES = [["s", "S"], ["m", "M"], ["l", "L"]];

function readView() {
  const told = new URLSearchParams(location.hash.slice(1));
  const list = (key) => new Set((told.get(key) ?? "").split(",").filter(Boolean));
  const known = (key, options, otherwise) => (options.some(([value]) => value === told.get(key)) ? told.get(key) : otherwise);
  return {
    asset: told.get("asset"),
    q: told.get("q") ?? "",
    states: new Set([...list("state")].filter((state) => STATES.includes(state))),
    tags: new Set(told.getAll("tag")),
    order: known("order", ORDERS, "grouped"),
    size: known("size", SIZES, "m"),
  };
}

function viewHash(view) {
  const told = new URLSearchParams();
  if (view.asset !== null) told.set("asset", view.asset);
  if (view.q) told.set("q", view.q);
  if (view.states.size) told.set("state", [...view.states].join(","));
  for (const tag of view.tags) told.append("tag", tag);
  if (view.order !== "grouped") told.set("order", view.order);
  if (view.size !== "m") told.set("size", view.size);
  return `#${told}`;
}

// Typing replaces the address; opening a card adds to the history, so that "back" closes it.
function writeView(view, way = "replace") {
  const hash = viewHash(view);
  if (hash === location.hash || (hash === "#" && !location.hash)) return;
  const here = location.href.split("#")[0];
  if (way === "push") history.pushState(null, "", hash);
  else history.replaceState(null, "", hash === "#" ? here : hash);
}

function isFiltered(view) {
  return Boolean(view.q.trim() || view.states.size || view.tags.size);
}

function matcher(view) {
  const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (card, text) => (!view.states.size || view.states.has(card.state))
    && (!view.tags.size || card.tags.some((tag) => view.tags.has(tag)))
    && words.every((word) => text.includes(word));
}

function ordered(cards, order) {
  const by = (value) => cards.map((card, index) => [value(card), index, card])
    .sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, , card]) => card);
  if (order === "state") return by((card) => ["failed", "stale", "draft", "fresh"].indexOf(card.state));
  if (order === "cost") return by((card) => -(card.cost ?? 0) - card.high / 1e6);
  if (order === "bytes") return by((card) => -(card.picture?.bytes ?? 0));
  if (order === "written") return [...cards];
  const first = new Map();
  cards.forEach((card, index) => { if (!first.has(card.asset)) first.set(card.asset, index); });
  // Pictures that are alone come first: between groups they would seem to belong to one.
  const sizes = countBy(cards, (card) => [card.asset]);
  return by((card) => first.get(card.asset) + (sizes.get(card.asset) > 1 ? cards.length : 0));
}

function countBy(cards, keys) {
  const counts = new Map();
  for (const card of cards) for (const key of keys(card)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

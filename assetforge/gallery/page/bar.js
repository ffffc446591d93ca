// The bar above the grid: title, sums, search, order, size; and the chips that filter.

const FEW_TAGS = 8;

function makeBar(app) {
  const sums = el("p", { class: "sums" });
  const input = el("input", {
    type: "search", id: "find", placeholder: "Find by name, prompt, path, tag", autocomplete: "off", spellcheck: "false",
    "aria-label": "Find by name, prompt, path, tag", oninput: () => app.change({ q: input.value }),
  });
  const order = el("select", { "aria-label": "Order", onchange: () => app.change({ order: order.value }) },
    ORDERS.map(([value, text]) => el("option", { value, text })));
  const sizes = choice("Size of pictures", SIZES, app.view.size, (size) => app.change({ size }));
  const bar = el("header", { class: "bar" },
    el("div", { class: "title" }, el("h1", { dir: "auto", text: app.page.title }), sums),
    el("div", { class: "find" }, icon("find"), input, el("kbd", { text: "/", "aria-hidden": "true" })),
    el("div", { class: "looks" }, order, sizes, themeButton(),
      button("", { class: "tool wide", "aria-label": "Keys", title: "Keys", onclick: showKeys }, icon("keys"))));
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Filters" });
  const part = app.page.part !== null && el("p", { class: "part" }, "a part of the project: ", el("code", { text: app.page.part }));
  const bulk = el("div", { class: "whole" });
  const found = el("p", { class: "unseen", role: "status" });
  let allTags = false;

  function chip(text, number, pressed, press, kind) {
    return button("", { class: `chip ${kind}`, "aria-pressed": String(pressed), onclick: press },
      kind.startsWith("is-") && icon(text), el("span", { text }), el("span", { class: "number", text: number.toLocaleString("en-US") }));
  }

  function toggled(set, value) {
    const next = new Set(set);
    if (!next.delete(value)) next.add(value);
    return next;
  }

  function drawChips() {
    const states = countBy(app.cards, (card) => [card.state]);
    const tags = [...countBy(app.cards, (card) => card.tags)].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
    const shown = allTags ? tags : tags.filter(([tag], index) => index < FEW_TAGS || app.view.tags.has(tag));
    const made = STATES.filter((state) => states.has(state) || app.view.states.has(state)).map((state) =>
      keyed(`s:${state}`, chip(state, states.get(state) ?? 0, app.view.states.has(state), () => app.change({ states: toggled(app.view.states, state) }), `is-${state}`)));
    if (shown.length && made.length) made.push(el("span", { class: "rule", "aria-hidden": "true" }));
    for (const [tag, number] of shown) {
      made.push(keyed(`t:${tag}`, chip(tag, number, app.view.tags.has(tag), () => app.change({ tags: toggled(app.view.tags, tag) }), "tag")));
    }
    if (tags.length > shown.length || allTags) {
      made.push(keyed("more", button(allTags ? "Fewer tags" : `${count(tags.length - shown.length, "more tag")}`,
        { class: "chip more", "aria-expanded": String(allTags), onclick: () => { allTags = !allTags; drawChips(); } })));
    }
    if (isFiltered(app.view)) made.push(keyed("clear", button("Clear", { class: "chip more", onclick: () => app.clear() }, icon("close"))));
    keepingFocus(chips, () => chips.replaceChildren(...made));
    chips.hidden = !app.cards.length;
  }

  function keyed(key, element) {
    element.dataset.key = key;
    return element;
  }

  function draw() {
    const paid = paidFor(app.cards);
    const { sum: more, unknown } = summedPrice(offersOf(app.cards));
    const parts = [app.shown.length === app.cards.length
      ? count(app.cards.length, "picture") : `${app.shown.length.toLocaleString("en-US")} of ${count(app.cards.length, "picture")}`];
    if (paid > 0 || !(more || unknown)) parts.push(`${money(paid)} paid`);
    if (app.cards.some((card) => card.cost === null)) parts.push("some of unknown cost");
    if (more > 0) parts.push(`up to ${atMost(more)} to buy`);
    if (unknown > 0) parts.push(`${unknown} to buy at an unknown price`);
    sums.replaceChildren(parts.slice(0, 2).join(" · "), el("span", { class: "wide", text: parts.slice(2).map((part) => ` · ${part}`).join("") }));
    if (input.value !== app.view.q) input.value = app.view.q;
    order.value = app.view.order;
    for (const [index, [size]] of SIZES.entries()) sizes.children[index].setAttribute("aria-pressed", String(size === app.view.size));
    drawChips();
    found.textContent = isFiltered(app.view) ? `${count(app.shown.length, "match", "matches")}` : "";
    drawBulk(bulk, isFiltered(app.view) ? app.shown.map((name) => app.byName.get(name)) : [], "buy all");
  }

  return { bar, part, chips, bulk, found, draw, find: () => { input.focus(); input.select(); } };
}

// Pictures that several cards share were paid for once, and are bought once.
function paidFor(cards) {
  const paid = new Map();
  for (const card of cards) for (const stage of card.stages) for (const { key, digest, cost } of stage.candidates) {
    if (cost !== null) paid.set(`${key} ${digest}`, cost);
  }
  return [...paid.values()].reduce((sum, cost) => sum + cost, 0);
}

function offersOf(cards) {
  const offers = cards.flatMap((card) => card.offers);
  return [...new Map(offers.map((offer) => [offer.key || `${offer.step}#${offer.candidate}`, offer])).values()];
}

const KEYS = [
  ["/", "find"], ["← → ↑ ↓", "from card to card"], ["Enter", "open the card"], ["← →", "the picture before, after"],
  ["Tab, then ← →", "move the slider"], ["Esc", "close"], ["?", "these keys"],
];

function showKeys() {
  const dialog = el("dialog", { class: "keys", "aria-label": "Keys", onclose: () => dialog.remove() },
    el("h2", { text: "Keys" }),
    el("dl", {}, KEYS.map(([keys, told]) => el("div", {}, el("dt", {}, el("kbd", { text: keys })), el("dd", { text: told })))),
    button("Close", { class: "main", onclick: () => dialog.close() }));
  document.body.append(dialog);
  dialog.showModal();
}

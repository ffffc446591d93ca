// The bar above, the chips, and the grid of cards.

const FIRST_CARDS = 40;
const OPEN = ".card:not([hidden]) a.open";

function makeGrid(app) {
  const items = new Map();
  const headings = new Map();
  const list = el("ul", { class: "grid", id: "grid", role: "list", "aria-label": "Pictures" });
  const near = new IntersectionObserver((seen) => {
    const come = seen.filter((entry) => entry.isIntersecting);
    for (const { target } of come) dress(target);
    if (come.length) app.live?.tick();
  }, { rootMargin: "1200px 0px" });
  const nothing = el("div", { class: "empty", hidden: true });
  let current = null;
  let cards = [];
  let stale = null;

  const itemOf = (card) => {
    if (!items.has(card.name)) {
      items.set(card.name, drawCard(card));
      near.observe(items.get(card.name));
    }
    return items.get(card.name);
  };

  function headingOf(asset) {
    if (!headings.has(asset)) headings.set(asset, el("li", { class: "group" }, el("h2", { dir: "auto", text: asset }), el("span", { class: "soft" }), el("span", { class: "place" })));
    return headings.get(asset);
  }

  // The elements in their order, each asset of several pictures with a heading.
  function arranged(cards, grouped) {
    if (!grouped) return cards.map(itemOf);
    const sizes = countBy(cards, (card) => [card.asset]);
    const made = [];
    let last = null;
    for (const card of cards) {
      if (sizes.get(card.asset) > 1 && last !== card.asset) made.push(headingOf(card.asset));
      made.push(itemOf(card));
      last = card.asset;
    }
    return made;
  }

  // All cards, put in order: needed only when that changes, or when cards come.
  function arrange() {
    cards = ordered(app.cards, app.view.order);
    list.replaceChildren(...arranged(cards, app.view.order === "grouped"));
  }

  function dress(item) {
    near.unobserve(item);
    dressCard(item, app.byName.get(item.dataset.name));
    if (current?.parentElement === item) reach(current, 0);
  }

  function matching() {
    const fits = matcher(app.view);
    return cards.filter((card) => fits(card, app.texts.get(card.name)));
  }

  // What does not match is hidden where it is: moving two thousand cards would take longer than a key press.
  function sift() {
    const found = matching();
    for (const card of found.slice(0, FIRST_CARDS)) dress(items.get(card.name));
    const names = new Set(found.map((card) => card.name));
    app.shown = [...names];
    for (const [name, item] of items) if (item.hidden === names.has(name)) item.hidden = !names.has(name);
    const groups = Map.groupBy(found, (card) => card.asset);
    for (const [asset, heading] of headings) {
      const group = groups.get(asset) ?? [];
      heading.hidden = !group.length;
      heading.children[1].textContent = String(group.length);
      drawBulk(heading.lastChild, group, `buy all:${asset}`);
    }
    nothing.hidden = found.length > 0;
    if (!found.length) emptyState(nothing, app);
    rove();
  }

  function draw() {
    list.dataset.size = app.view.size;
    if (stale !== app.view.order) {
      stale = app.view.order;
      arrange();
    }
    sift();
  }

  function links() {
    return [...list.querySelectorAll(OPEN)];
  }

  // One card is reached by Tab; arrows go on from there.
  function rove(link = null) {
    const next = link ?? (current?.isConnected && !current.parentElement.hidden ? current : list.querySelector(OPEN));
    if (current && current !== next) reach(current, -1);
    current = next;
    if (current) reach(current, 0);
  }

  function reach(link, index) {
    link.tabIndex = index;
    for (const other of link.parentElement.querySelectorAll("button")) other.tabIndex = index;
  }

  function beyond(all, at, way) {
    const from = all[at].getBoundingClientRect();
    let row = null;
    let best = null;
    for (let index = at + way; index >= 0 && index < all.length; index += way) {
      const seen = all[index].getBoundingClientRect();
      if (way > 0 ? seen.top <= from.top + 4 : seen.top >= from.top - 4) continue;
      if (row === null) row = seen.top;
      if (Math.abs(seen.top - row) > 4) break;
      if (best === null || Math.abs(seen.left - from.left) < Math.abs(best.left - from.left)) best = { index, left: seen.left };
    }
    return best?.index ?? at;
  }

  list.addEventListener("keydown", (event) => {
    const link = event.target.closest("a.open");
    if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = links();
    const at = all.indexOf(link);
    const moves = {
      ArrowRight: () => at + 1, ArrowLeft: () => at - 1, Home: () => 0, End: () => all.length - 1,
      ArrowDown: () => beyond(all, at, 1), ArrowUp: () => beyond(all, at, -1),
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, moves[event.key]()))];
    rove(next);
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
  list.addEventListener("focusin", (event) => {
    const link = event.target.closest(".card")?.querySelector("a.open");
    if (link && link !== current) rove(link);
  });
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    app.open(link.parentElement.dataset.name);
  });

  // Cards whose price passed the limit, or does no more, and cards that were bought from here.
  function price() {
    for (const [name, item] of items) {
      const older = item.querySelector(".quick");
      if (!older || older.querySelector(".question")) continue;
      const newer = quickOffer(app.byName.get(name));
      if (newer && older.textContent === newer.textContent) continue;
      const focused = older.contains(document.activeElement);
      keepingFocus(item, () => (newer ? older.replaceWith(newer) : older.remove()));
      if (focused && !item.contains(document.activeElement)) item.querySelector("a.open").focus({ preventScroll: true });
      if (current?.parentElement === item) reach(current, 0);
    }
    const groups = Map.groupBy(matching(), (card) => card.asset);
    for (const [asset, heading] of headings) drawBulk(heading.lastChild, groups.get(asset) ?? [], `buy all:${asset}`);
  }

  return {
    list, nothing, draw, price,
    // Cards came, went or changed places.
    unsettle() { stale = null; },
    focus(name) {
      const link = items.get(name)?.querySelector("a.open");
      if (link?.isConnected && !link.parentElement.hidden) { rove(link); link.focus(); link.scrollIntoView({ block: "nearest" }); }
      else list.querySelector(OPEN)?.focus();
    },
    item: (name) => items.get(name),
    replace(card) {
      const older = items.get(card.name);
      if (!older) return;
      const newer = drawCard(card);
      const focused = older.contains(document.activeElement);
      const key = document.activeElement?.dataset.key;
      const asking = older.querySelector(".quick:has(.question)");
      items.set(card.name, newer);
      near.unobserve(older);
      if (older.classList.contains("thin")) near.observe(newer);
      else {
        dressCard(newer, card);
        crossFade(older, newer);
      }
      // A question stays where it is asked as long as it is the same one.
      const offer = newer.querySelector(".quick .armed > button");
      if (asking && offer && offer.closest(".quick").dataset.offers === asking.dataset.offers) offer.closest(".quick").replaceWith(asking);
      else if (asking && !asking.querySelector(".is-busy")) app.live.toast(CHANGED);
      newer.hidden = older.hidden;
      older.replaceWith(newer);
      if (current && older.contains(current)) rove(newer.querySelector("a.open"));
      if (focused) (newer.querySelector(`.quick [data-key=${CSS.escape(key ?? "none")}]:enabled`) ?? newer.querySelector("a.open")).focus({ preventScroll: true });
    },
    remove(name) {
      const item = items.get(name);
      if (!item) return;
      near.unobserve(item);
      item.remove();
      items.delete(name);
    },
  };
}

function emptyState(host, app) {
  host.replaceChildren();
  const round = app.live?.round();
  if (!app.cards.length && round?.state === "broken" && round.errors.length) {
    const [first] = round.errors;
    fill(host, el("h2", { text: first.file ? `The manifest has ${count(round.errors.length, "error")}` : "Nothing could be built" }), problemTold(first));
  } else if (app.waiting) {
    fill(host, el("h2", { text: "Looking at the pictures" }));
  } else if (!app.cards.length) {
    fill(host, el("h2", { text: "No pictures yet" }),
      el("p", {}, "Write an entry into ", el("code", { text: "assets.toml" }), ", and it appears here: ",
        el("code", { text: "[asset.hero]" }), " with a ", el("code", { text: "prompt" }), " and an ", el("code", { text: "output" }), "."));
  } else {
    fill(host, el("h2", { text: "Nothing matches" }), el("p", {}, `None of ${count(app.cards.length, "picture")} has all that is asked for.`),
      button("Show all", { class: "main", onclick: () => app.clear() }));
  }
}

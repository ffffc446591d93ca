// One card of the grid.

function axesTold(card) {
  const told = Object.entries(card.axes).map(([axis, value]) => el("bdi", { text: `${axis}: ${value}` }));
  return told.length > 0 && el("span", { class: "axes" }, told.flatMap((each, index) => (index ? [" · ", each] : [each])));
}

function plainName(card) {
  const bracket = card.name.indexOf("[");
  return bracket > 0 && Object.keys(card.axes).length ? card.name.slice(0, bracket) : card.name;
}

function linkTo(name) {
  return `#asset=${encodeURIComponent(name)}`;
}

// A card far from what is seen is a link with its name. Two thousand of these are laid out in no time.
function drawCard(card) {
  const item = el("li", { class: `card is-${card.state} thin` },
    el("a", { class: "open", href: linkTo(card.name), tabindex: "-1", title: card.name },
      el("span", { class: "name", dir: "auto" }, el("b", { text: plainName(card) }), axesTold(card))));
  item.dataset.name = card.name;
  return item;
}

// The rest of a card, which takes the room that was kept for it.
function dressCard(item, card) {
  if (!item.classList.contains("thin")) return;
  const picture = widest(card);
  const facts = picture ? measures(picture) : [];
  if (card.cost === null) facts.push("cost unknown");
  else if (card.cost > 0) facts.push(money(card.cost));
  item.classList.remove("thin");
  item.firstChild.prepend(el("span", { class: "well" }, picture
    ? thumbnail(picture, card.alt ?? "")
    : el("span", { class: "nothing", text: card.state === "stale" || card.state === "draft" ? "not made yet" : "no picture" })));
  item.firstChild.append(el("span", { class: "meta" }, badge(card.state), facts.map((fact) => el("span", { text: fact }))));
  fill(item, el("p", { class: "calling", hidden: true }), quickOffer(card));
}

// What is searched: in lower case, once for each card.
function haystack(card) {
  const prompts = card.stages.map((stage) => stage.prompt ?? "");
  const paths = card.files.map((file) => file.path);
  return [card.name, card.asset, card.alt ?? "", card.file, ...card.tags, ...paths, ...prompts].join("\n").toLowerCase();
}

// The new picture over the old one, until it is there; only the picture changes, so that nothing moves.
function crossFade(older, newer) {
  const was = older.querySelector("img.thumb.there");
  const now = newer.querySelector("img.thumb");
  if (!was || !now) return;
  if (was.getAttribute("src") === now.getAttribute("src")) {
    was.alt = now.alt;
    now.replaceWith(was);
    return;
  }
  const ghost = was.cloneNode();
  ghost.classList.add("ghost");
  ghost.alt = "";
  now.before(ghost);
  now.loading = "eager";
  now.classList.add("coming");
  now.addEventListener("load", () => setTimeout(() => ghost.remove(), 400), { once: true });
}

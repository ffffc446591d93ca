// What could be bought, what it costs, and the buttons that spend or choose. Without a server there are only words.

let desk = null; // what a served page may do: { can_spend, read_only, send(path, body) }, else null

function summedPrice(offers) {
  const known = offers.filter((offer) => offer.price !== null);
  return { sum: known.reduce((sum, offer) => sum + offer.price, 0), unknown: offers.length - known.length };
}

function priceWords(offers) {
  const { sum, unknown } = summedPrice(offers);
  if (unknown === offers.length) return "price unknown";
  return `at most ${money(sum)}${unknown ? `, and ${unknown} of unknown price` : ""}`;
}

function ready(card) {
  return card.offers.filter((offer) => offer.key);
}

function maySpend() {
  return desk !== null && desk.can_spend && !desk.read_only;
}

// A press asks once more before anything is spent. "No" and Esc disarm it; a key that is held down says nothing.
function armed(text, question, yes, onYes, look = "main") {
  const host = el("div", { class: "armed" });
  const idle = button(text, { class: look, onclick: () => arm() });
  const rest = () => host.replaceChildren(idle);
  function arm() {
    const since = performance.now();
    const sure = button(yes, {
      class: "main", onkeydown: (event) => event.repeat && event.preventDefault(),
      async onclick() {
        if (performance.now() - since < 350) return;
        for (const each of host.querySelectorAll("button")) each.disabled = true;
        await onYes();
        rest();
      },
    });
    const no = button("No", { class: "second", onclick: () => { rest(); idle.focus(); } });
    host.replaceChildren(el("span", { class: "question", text: question }), sure, no);
    sure.focus();
  }
  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || host.firstChild === idle) return;
    event.preventDefault();
    event.stopPropagation();
    rest();
    idle.focus();
  });
  host.addEventListener("cancel", (event) => event.preventDefault());
  rest();
  return host;
}

function buyButton(card, text, look) {
  const offers = ready(card);
  const { sum, unknown } = summedPrice(offers);
  const question = unknown === offers.length ? "Buy at an unknown price?"
    : `Spend at most ${money(sum)}${unknown ? `, and an unknown price for ${unknown}` : ""}?`;
  const body = { name: card.name, offers: offers.map(({ key, price }) => ({ key, price })) };
  return armed(text, question, "Yes", () => desk.send("approve", body), look);
}

// On the card itself, where the page may spend.
function quickOffer(card) {
  if (!maySpend() || !ready(card).length) return null;
  const { sum, unknown } = summedPrice(ready(card));
  const text = unknown === ready(card).length ? "Buy, price unknown" : `Buy for at most ${money(sum)}${unknown ? " or more" : ""}`;
  const host = fill(el("div", { class: "quick" }), buyButton(card, text, "second"));
  for (const each of host.querySelectorAll("button")) each.tabIndex = -1;
  return host;
}

function offersTold(card) {
  if (!card.offers.length) return null;
  const now = ready(card);
  const later = card.offers.filter((offer) => !offer.key);
  const host = el("div", { class: "offers" });
  if (now.length) {
    const text = `Buy ${count(now.length, "picture")}, ${priceWords(now)}`;
    if (maySpend()) host.append(buyButton(card, text, "main"));
    else fill(host, el("p", { text: `A build would buy ${count(now.length, "picture")}, ${priceWords(now)}.` }),
      desk && !desk.read_only && el("p", { class: "soft" }, "Start with ", el("code", { text: "--max-cost" }), " to buy from here."));
  }
  if (later.length) {
    host.append(el("p", { class: "soft", text: now.length
      ? `Then ${later.length} more, ${priceWords(later)}, when ${now.length === 1 ? "this one is" : "these are"} there.`
      : `${count(later.length, "picture")} to buy, ${priceWords(later)}, when what it waits for is there.` }));
  }
  return host;
}

function isPaid(stage) {
  return stage.kind === "generate" || stage.kind === "edit";
}

// A picture that was bought for another request, and could serve this one.
function hasOlder(card) {
  if (card.state !== "stale" && card.state !== "draft") return false;
  const real = (picture) => picture !== null && !picture.draft;
  return card.offers.length > 0 && card.stages.some((stage) => isPaid(stage)
    && (real(stage.after) || stage.candidates.some((candidate) => real(candidate.picture))));
}

function keepButton(card) {
  if (desk === null || desk.read_only || !hasOlder(card)) return null;
  return once("Keep this picture", "second", () => desk.send("accept", { name: card.name }),
    "The picture that is there serves the changed request too; nothing is bought");
}

function once(text, look, action, title = null) {
  return button(text, {
    class: look, title,
    async onclick(event) {
      const pressed = event.currentTarget;
      pressed.disabled = true;
      await action();
      pressed.disabled = false;
    },
  });
}

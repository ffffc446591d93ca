// What could be bought, what it costs, and the buttons that spend or choose. Without a server there are only words.

// What a served page may do, else null: { can_spend, buys, left(), send(path, body), ask(path, body), tell(answer),
// bought(keys) }.
let desk = null;
const ON = "Go on";
const DUE_SECONDS = 60;
// Keys that were bought from here, as long as no card tells of that.
const paid = new Set();

function summedPrice(offers) {
  const known = offers.filter((offer) => offer.price !== null);
  return { sum: known.reduce((sum, offer) => sum + offer.price, 0), unknown: offers.length - known.length };
}

function priceWords(offers) {
  const { sum, unknown } = summedPrice(offers);
  if (unknown === offers.length) return "price unknown";
  return `at most ${atMost(sum)}${unknown ? `, and ${unknown} of unknown price` : ""}`;
}

// Nothing is bought from here at a price that nobody knows.
function ready(card) {
  return card.offers.filter((offer) => offer.key && offer.price !== null && !paid.has(offer.key));
}

function isFinishing(card) {
  return card.offers.some((offer) => paid.has(offer.key));
}

function overLimit(offers) {
  return summedPrice(offers).sum > desk.left() + 1e-9;
}

function overTold(offers) {
  return overLimit(offers) && el("span", { class: "over soft", text: `over the limit: ${money(Math.max(0, desk.left()))} left` });
}

const FINISHING = "bought, being finished";

function maySpend() {
  return desk !== null && desk.can_spend;
}

// A press asks once more before anything is spent. "No" and Esc disarm it; a key that is held down says nothing.
function armed(text, question, yes, onYes, { look = "main", label = null, key = null, disabled = false } = {}) {
  const host = el("div", { class: "armed" });
  const idle = button(text, { class: look, "aria-label": label, "data-key": key, disabled, onclick: () => arm() });
  const rest = () => host.replaceChildren(idle);
  // What was not drawn while it was asked is drawn now.
  const settle = () => {
    const focused = host.contains(document.activeElement);
    rest();
    if (focused) idle.focus({ preventScroll: true });
    host.dispatchEvent(new Event("settled", { bubbles: true }));
  };
  function arm() {
    const since = performance.now();
    let busy = false;
    const sure = button(yes, {
      class: "main", "data-key": key, onkeydown: (event) => event.repeat && event.preventDefault(),
      async onclick() {
        if (busy || performance.now() - since < 350) return;
        busy = true;
        // Not disabled, which would lose the place of who came by keys.
        for (const each of host.querySelectorAll("button")) each.setAttribute("aria-disabled", "true");
        host.classList.add("is-busy");
        await onYes();
        host.classList.remove("is-busy");
        settle();
      },
    });
    const no = button("No", { class: "second", "data-key": key, onclick: () => { if (!busy) settle(); } });
    host.replaceChildren(el("span", { class: "question", text: question }), sure, no);
    sure.focus();
  }
  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || host.firstChild === idle) return;
    event.preventDefault();
    event.stopPropagation();
    if (!host.classList.contains("is-busy")) settle();
  });
  host.addEventListener("cancel", (event) => event.preventDefault());
  rest();
  return host;
}

function buyButton(card, text, look) {
  const offers = ready(card);
  const question = `Spend ${atMost(summedPrice(offers).sum)}?`;
  const given = { look, label: `Buy ${card.name}, ${priceWords(offers)}`, key: `buy:${card.name}`, disabled: overLimit(offers) };
  return armed(text, question, "Yes", async () => desk.tell(await approve(card, offers)), given);
}

async function approve(card, offers) {
  const answer = await desk.ask("approve", { name: card.name, offers: offers.map(({ key, price }) => ({ key, price })) });
  if (answer.ok) desk.bought(offers.map((offer) => offer.key));
  return answer;
}

// What several cards offer, each picture once: [card, offers] pairs.
function shares(cards) {
  const seen = new Set();
  return cards.map((card) => [card, ready(card).filter(({ key }) => !seen.has(key) && seen.add(key))]).filter(([, offers]) => offers.length);
}

// One question for many cards. A few are bought at once, and none after the limit was reached.
function bulkButton(cards, key) {
  if (!maySpend()) return null;
  const queue = shares(cards);
  if (queue.length < 2) return null;
  const offers = queue.flatMap(([, each]) => each);
  const words = `Buy these ${queue.length}, ${priceWords(offers)}`;
  const made = el("span", { class: "bulk" }, armed(words, `Spend ${atMost(summedPrice(offers).sum)}?`, "Yes", () => buyAll(queue),
    { look: "second", key, disabled: overLimit(offers) }), overTold(offers));
  made.dataset.offers = JSON.stringify(offers);
  return made;
}

async function buyAll(queue) {
  const [rest, reasons] = [[...queue], new Set()];
  let done = 0;
  const buyer = async () => {
    while (rest.length) {
      const answer = await approve(...rest.shift());
      if (answer.ok) done += 1;
      else reasons.add(answer.errors[0]?.message ?? "nobody knows why");
      if (answer.errors.some(({ message }) => message.includes(" is left of "))) rest.length = 0;
    }
  };
  await Promise.all([buyer(), buyer(), buyer()]);
  const failed = queue.length - done;
  const message = `${done} bought, ${failed} not: ${[...reasons].join(", ")}`;
  desk.tell(failed ? { lines: [], errors: [{ message, hint: null }] } : { lines: [`${done} bought`], errors: [] });
}

// Where it would say the same, or is asking, it stays.
function drawBulk(host, cards, key) {
  if (host.querySelector(".question")) return;
  const made = bulkButton(cards, key);
  const was = host.firstChild;
  if (made && made.dataset.offers === was?.dataset.offers && made.textContent === was.textContent) return;
  keepingFocus(host, () => host.replaceChildren(...(made ? [made] : [])));
}

// What a card waits for, in its own words, where nothing of it can be bought yet.
function awaited(card) {
  return [...card.reasons, ...card.stages.flatMap((stage) => stage.reasons)].find((reason) => reason.startsWith("waits for "));
}

// On the card itself, where the page may spend.
function quickOffer(card) {
  if (!maySpend()) return null;
  if (isFinishing(card)) return el("p", { class: "quick soft", text: FINISHING });
  if (!ready(card).length) {
    const later = card.offers.filter((offer) => !offer.key);
    return later.length > 0 && el("p", { class: "quick soft" }, said(awaited(card) ?? "waits for what is before it"), `, then ${priceWords(later)}`);
  }
  const host = fill(el("div", { class: "quick" }), buyButton(card, `Buy for ${priceWords(ready(card))}`, "second"), overTold(ready(card)));
  host.dataset.offers = JSON.stringify(ready(card));
  for (const each of host.querySelectorAll("button")) each.tabIndex = -1;
  return host;
}

// Where the manifest says what an offer's picture costs.
function priceTable(card, offer) {
  const told = new Map(card.stages.find((stage) => stage.step === offer.step)?.settings);
  return `[provider.${told.get("provider") ?? "NAME"}.price."${told.get("model") ?? "MODEL"}"]`;
}

function offersTold(card) {
  if (!card.offers.length) return null;
  const now = ready(card);
  const unpriced = card.offers.filter((offer) => offer.key && offer.price === null);
  const later = card.offers.filter((offer) => !offer.key);
  const host = el("div", { class: "offers" });
  if (isFinishing(card)) host.append(el("p", { text: FINISHING }));
  if (now.length) {
    const text = `Buy ${count(now.length, "picture")}, ${priceWords(now)}`;
    if (maySpend()) fill(host, buyButton(card, text, "main"), overTold(now));
    else fill(host, el("p", { text: `A build would buy ${count(now.length, "picture")}, ${priceWords(now)}.` }),
      desk && el("p", { class: "soft" }, "Start with ", el("code", { text: "--max-cost" }), " to buy from here."));
  }
  if (unpriced.length) {
    const tables = [...new Set(unpriced.map((offer) => priceTable(card, offer)))];
    host.append(el("p", {}, `${count(unpriced.length, "picture")} to buy, price unknown: say what it costs in the manifest, under `,
      tables.flatMap((table, index) => [index > 0 && " and ", el("code", { text: table })]), "."));
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

function keepButton(card) {
  if (desk === null || !card.stages.some((stage) => stage.candidates.some((candidate) => candidate.earlier))) return null;
  return once("Keep this picture", { class: "second", "data-key": "keep", title: "The picture that is there serves the changed request too; nothing is bought" },
    () => desk.send("accept", { name: card.name }));
}

// Whether a paid step is made from this one, in its card or in those that begin with its card's picture. What a card
// without stages begins with is not told: it might be this.
function hasEdits(card, stage, cards) {
  if (card.stages.slice(card.stages.indexOf(stage) + 1).some(isPaid)) return true;
  const reached = new Set([card.name]);
  for (const name of reached) {
    for (const other of cards) {
      const uses = other.stages.filter((each) => each.inputs.includes(`@${name}`));
      if (other !== card && uses.length && other.stages.some(isPaid)) return true;
      if (uses.length || !other.stages.length) reached.add(other.name);
    }
  }
  return false;
}

// Asks first where the watch buys what is missing by itself.
function choosing(text, { look, label, key }, question, action) {
  return question && desk.buys ? armed(text, question, ON, action, { look, label, key })
    : once(text, { class: look, "aria-label": label, "data-key": key }, action);
}

function once(text, given, action) {
  return button(text, {
    ...given,
    async onclick(event) {
      const pressed = event.currentTarget;
      if (pressed.getAttribute("aria-disabled")) return;
      pressed.setAttribute("aria-disabled", "true");
      await action();
      pressed.removeAttribute("aria-disabled");
    },
  });
}

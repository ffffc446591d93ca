// One picture with all that is known of it, over the whole page.

function makeDetail(app) {
  const look = { mode: "slide", ground: remembered("ground") ?? "checker" };
  if (!GROUNDS.includes(look.ground)) look.ground = "checker";
  let name = null;
  let part = "result";
  let pair = [];
  let pairing = false;
  let offersAsked = "";
  const left = el("div", { class: "left" });
  const facts = el("div", { class: "facts", tabindex: "0", role: "region", "aria-label": "Facts" });
  const title = el("h2", { class: "heading", tabindex: "-1", dir: "auto" });
  const place = el("span", { class: "place soft" });
  const state = el("span", { class: "standing" });
  const dialog = el("dialog", { class: "detail", "aria-labelledby": "heading" },
    el("header", { class: "head" }, title, state, place,
      button("", { class: "tool", "aria-label": "The picture before", title: "The picture before (←)", onclick: () => go(-1) }, icon("before")),
      button("", { class: "tool", "aria-label": "The picture after", title: "The picture after (→)", onclick: () => go(1) }, icon("after")),
      button("", { class: "tool", "aria-label": "Close", title: "Close (Esc)", onclick: () => dialog.close() }, icon("close"))),
    left, facts);
  title.id = "heading";

  function go(way) {
    const at = app.shown.indexOf(name);
    const next = app.shown[at + way];
    if (next !== undefined && at >= 0) app.open(next);
  }

  dialog.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.target.matches("input[type=range], .box.full") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => app.closed(name));

  function choose(next) {
    part = next;
    pair = [];
    pairing = false;
    draw();
  }

  // What is in the large view: { before, after, labels, alt, note }, or null where there is no picture.
  function looked(card) {
    const alone = (picture, earlier = false) => picture
      && { before: null, after: picture, labels: [], alt: card.alt || `The picture ${card.name}`, note: earlier && EARLIER };
    const [kind, ...at] = part.split(":");
    if (kind === "file") return alone(card.files[Number(at[0])]?.picture ?? null);
    if (kind === "candidate") {
      const candidate = card.stages[Number(at[0])]?.candidates[Number(at[1])];
      return alone(candidate?.picture ?? null, candidate?.earlier);
    }
    if (kind === "pair") {
      const [one, other] = pair.map((index) => card.stages[Number(at[0])]?.candidates[index]);
      if (one?.picture && other?.picture) return { before: one.picture, after: other.picture, labels: [one, other].map(numbered), alt: "", note: pairNote([one, other]) };
      return alone(card.picture);
    }
    if (kind === "stage") {
      const stage = card.stages[Number(at[0])];
      if (stage?.before && stage.after) return { before: stage.before, after: stage.after, labels: ["before", "after"], alt: `After ${stage.name}`, note: stage.earlier && EARLIER };
      return alone(stage?.after ?? stage?.before ?? null, stage?.earlier);
    }
    return alone(widest(card));
  }

  // Where what had the focus is gone, the dialog's title has it.
  function draw() {
    const within = dialog.contains(document.activeElement);
    keepingFocus(dialog, drawAll);
    if (within && (!dialog.contains(document.activeElement) || document.activeElement === dialog || document.activeElement.disabled)) title.focus({ preventScroll: true });
  }

  function drawAll() {
    const card = app.byName.get(name);
    const at = app.shown.indexOf(name);
    const scrolled = facts.scrollTop;
    title.replaceChildren();
    fill(title, el("bdi", { text: plainName(card) }), axesTold(card));
    state.replaceChildren(badge(card.state));
    place.textContent = at >= 0 ? `${at + 1} of ${app.shown.length.toLocaleString("en-US")}` : "";
    dialog.querySelector("[aria-label='The picture before']").disabled = at <= 0;
    dialog.querySelector("[aria-label='The picture after']").disabled = at < 0 || at >= app.shown.length - 1;
    const seen = looked(card);
    left.replaceChildren(seen ? viewer(seen, look) : el("div", { class: "viewer" }, el("p", { class: "nothing", text: "There is no picture of this to show" })));
    fill(left, strip(card, part, choose), candidateRows(card));
    facts.replaceChildren();
    drawFacts(facts, card, part, choose);
    offersAsked = JSON.stringify(ready(card));
    facts.scrollTop = scrolled;
  }

  function candidateRows(card) {
    const [kind, index] = part.split(":");
    const at = kind === "stage" || kind === "candidate" || kind === "pair" ? Number(index) : null;
    return card.stages.map((stage, number) => {
      const wanted = at === null ? stage.candidates.length > 1 : at === number && isPaid(stage);
      if (!wanted || (stage.candidates.length < 2 && desk === null)) return null;
      return candidates(stage, number, {
        card, cards: app.cards, part, pair, pairing, choose,
        startPair() { pairing = true; pair = []; part = `stage:${number}`; draw(); },
        stopPair() { pairing = false; pair = []; part = `stage:${number}`; draw(); },
        mark(candidate) {
          pair = pair.includes(candidate) ? pair.filter((other) => other !== candidate) : [...pair, candidate].slice(-2);
          part = pair.length === 2 ? `pair:${number}` : `stage:${number}`;
          if (pair.length === 2 && look.mode === "one") look.mode = "slide";
          draw();
        },
      });
    });
  }

  // After news of this picture: the same part of it is looked at, and nobody who types or decides is interrupted.
  function refresh() {
    if (name === null || !dialog.open || dialog.querySelector(".left .question, .facts .is-busy")) return;
    const asked = dialog.querySelector(".facts .question");
    if (asked && offersAsked === JSON.stringify(ready(app.byName.get(name)))) return;
    if (asked) app.live.toast(CHANGED);
    draw();
  }

  return {
    dialog, refresh,
    get name() { return name; },
    show(next) {
      if (name !== next) { part = "result"; pair = []; pairing = false; facts.scrollTop = 0; }
      name = next;
      draw();
      if (!dialog.open) {
        if (!dialog.isConnected) document.body.append(dialog);
        dialog.showModal();
        app.cover(dialog);
        title.focus();
        dialog.scrollTop = 0;
      }
    },
    hide() { if (dialog.open) dialog.close(); },
    forget() { name = null; },
  };
}

// Of a picture that is there in many sizes the largest is looked at.
function widest(card) {
  const own = card.picture;
  const alike = ({ picture }) => picture && own && Math.abs(picture.width / picture.height / (own.width / own.height) - 1) < 0.02;
  return card.files.filter(alike).reduce((best, { picture }) => (picture.width > best.width ? picture : best), own);
}

const EARLIER = "of the earlier request";
const AT_ONCE = "bought at once, within the limit. Go on?";
const CHANGED = "the request changed: look again";

function numbered(candidate) {
  return `candidate ${candidate.number}`;
}

function pairNote(pair) {
  const former = pair.filter((candidate) => candidate.earlier);
  if (!former.length) return "";
  return former.length === pair.length ? `both ${EARLIER}` : `${numbered(former[0])} is ${EARLIER}`;
}

// What is known of a candidate in a few words: what it cost, or what it would cost.
function candidateFacts({ cost, price, earlier, picture, by }) {
  return [
    earlier && EARLIER, cost !== null && cost > 0 ? money(cost) : price !== null && `at most ${atMost(price)}`,
    picture?.draft && "draft", by && el("bdi", { text: by }),
  ].filter(Boolean).flatMap((fact, index) => (index ? [", ", fact] : [fact]));
}

// What picking it would buy where the watch buys by itself, as a question; "" where nothing.
function pickQuestion(candidate, card, stage, cards) {
  if (candidate.price !== null) return `This is ${AT_ONCE}`;
  return hasEdits(card, stage, cards) ? `Edits of it are ${AT_ONCE}` : "";
}

// Others are never asked for without a question: the present ones would be looked for in vain.
function othersQuestion(stage) {
  const cost = stage.candidates.reduce((sum, candidate) => sum + (candidate.price ?? candidate.cost ?? NaN), 0);
  const price = Number.isNaN(cost) ? "price unknown" : `for about ${atMost(cost)}`;
  return `All candidates are asked for anew${desk.buys ? `, at once, ${price}` : ""}; the present ones stay in the history. Go on?`;
}

// The chain as a strip: what it ends in, then each stage as it comes.
function strip(card, part, choose) {
  if (!card.stages.length) return null;
  const entry = (key, label, told, picture) => {
    const chosen = part === key || (key.startsWith("stage:") && part.split(":")[1] === key.split(":")[1] && /^(candidate|pair)/.test(part));
    const made = button("", { class: "stage", "aria-current": chosen ? "true" : null, onclick: () => choose(key) },
      el("span", { class: "well" }, picture ? thumbnail(picture, "", 1) : el("span", { class: "nothing", text: "–" })),
      el("span", { class: "label" }, el("b", { text: label }), told && el("span", { class: "soft", text: told })));
    made.dataset.key = key;
    return el("li", {}, made);
  };
  const stages = card.stages.map((stage, index) => entry(`stage:${index}`, stage.kind,
    stage.earlier ? "earlier request" : stage.after ? pixels(stage.after) : stage.word, stage.after));
  const result = entry("result", "result", card.picture && pixels(widest(card)), card.picture);
  return el("nav", { class: "strip", "aria-label": "The chain" }, el("ol", {}, stages, result));
}

function candidates(stage, at, act) {
  const made = stage.candidates.map((candidate, index) => {
    const key = `candidate:${at}:${index}`;
    const marked = act.pairing ? act.pair.includes(index) : act.part === key;
    const open = button("", {
      class: "candidate", "aria-label": `Candidate ${candidate.number}${candidate.picked ? ", picked" : ""}${candidate.earlier ? `, ${EARLIER}` : ""}`, "aria-pressed": String(marked),
      disabled: !candidate.picture, onclick: () => (act.pairing ? act.mark(index) : act.choose(key)),
    }, el("span", { class: "well" }, candidate.picture ? thumbnail(candidate.picture, "") : el("span", { class: "nothing", text: candidate.word })));
    open.dataset.key = key;
    return el("li", { class: candidate.picked ? "is-picked" : "" }, open,
      el("span", { class: "told" }, el("b", { text: String(candidate.number) }),
        candidate.picked && el("span", { class: "picked" }, icon("picked"), "picked"),
        el("span", { class: "soft" }, candidateFacts(candidate))),
      reasonsTold(candidate.reasons.filter((reason) => !stage.reasons.includes(reason))),
      !candidate.picked && desk && candidate.picture && !candidate.picture.draft && choosing("Use this",
        { look: "second", label: `Use candidate ${candidate.number} of ${act.card.name}`, key: `use:${at}:${index}` },
        pickQuestion(candidate, act.card, stage, act.cards), () => desk.send("pick", { step: stage.step, number: candidate.number })));
  });
  return el("section", { class: "candidates", "aria-label": `Candidates of ${stage.name}` },
    el("header", {}, el("h3", { text: stage.candidates.length > 1 ? "Candidates" : "Candidate" }),
      act.pairing && el("span", { class: "soft", text: act.pair.length === 2 ? "compared above" : "mark two of them" }),
      stage.candidates.filter((candidate) => candidate.picture).length > 1 && button(act.pairing ? "Stop comparing" : "Compare two",
        { class: "quiet", "aria-pressed": String(act.pairing), "data-key": `pair:${at}`, onclick: act.pairing ? act.stopPair : act.startPair }),
      desk && armed("Ask for others", othersQuestion(stage), ON, () => desk.send("reroll", { step: stage.step }),
        { look: "quiet", label: `Ask for other candidates of ${act.card.name}`, key: `others:${at}` })),
    el("ol", {}, made));
}

// One picture with all that is known of it, over the whole page.

function makeDetail(app) {
  const look = { mode: "slide", ground: remembered("ground") ?? "checker" };
  if (!GROUNDS.includes(look.ground)) look.ground = "checker";
  let name = null;
  let part = "result";
  let pair = [];
  let pairing = false;
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
    left.querySelector("[aria-current=true]")?.focus({ preventScroll: true });
  }

  // What is in the large view: { before, after, labels, alt }, or null where there is no picture.
  function looked(card) {
    const alone = (picture) => picture && { before: null, after: picture, labels: [], alt: card.alt || `The picture ${card.name}` };
    const [kind, ...at] = part.split(":");
    if (kind === "file") return alone(card.files[Number(at[0])]?.picture ?? null);
    if (kind === "candidate") return alone(card.stages[Number(at[0])]?.candidates[Number(at[1])]?.picture ?? null);
    if (kind === "pair") {
      const [one, other] = pair.map((index) => card.stages[Number(at[0])]?.candidates[index]);
      if (one?.picture && other?.picture) return { before: one.picture, after: other.picture, labels: [`candidate ${one.number}`, `candidate ${other.number}`], alt: "" };
      return alone(card.picture);
    }
    if (kind === "stage") {
      const stage = card.stages[Number(at[0])];
      if (stage?.before && stage.after) return { before: stage.before, after: stage.after, labels: ["before", "after"], alt: `After ${stage.name}` };
      return alone(stage?.after ?? stage?.before ?? null);
    }
    return alone(widest(card));
  }

  function draw() {
    const card = app.byName.get(name);
    const at = app.shown.indexOf(name);
    const scrolled = facts.scrollTop;
    title.replaceChildren(plainName(card), axesOf(card) && el("span", { class: "axes", text: axesOf(card) }));
    state.replaceChildren(badge(card.state));
    place.textContent = at >= 0 ? `${at + 1} of ${app.shown.length.toLocaleString("en-US")}` : "";
    dialog.querySelector("[aria-label='The picture before']").disabled = at <= 0;
    dialog.querySelector("[aria-label='The picture after']").disabled = at < 0 || at >= app.shown.length - 1;
    const seen = looked(card);
    left.replaceChildren(seen ? viewer(seen, look) : el("div", { class: "viewer" }, el("p", { class: "nothing", text: "There is no picture of this yet" })));
    fill(left, strip(card, part, choose), candidateRows(card));
    facts.replaceChildren();
    drawFacts(facts, card, part, choose);
    facts.scrollTop = scrolled;
  }

  function candidateRows(card) {
    const [kind, index] = part.split(":");
    const at = kind === "stage" || kind === "candidate" || kind === "pair" ? Number(index) : null;
    return card.stages.map((stage, number) => {
      const wanted = at === null ? stage.candidates.length > 1 : at === number && isPaid(stage);
      if (!wanted || (stage.candidates.length < 2 && (desk === null || desk.read_only))) return null;
      return candidates(stage, number, {
        part, pair, pairing, choose,
        startPair() { pairing = true; pair = []; part = `stage:${number}`; draw(); },
        stopPair() { pairing = false; pair = []; part = `stage:${number}`; draw(); },
        mark(candidate) {
          pair = pair.includes(candidate) ? pair.filter((other) => other !== candidate) : [...pair, candidate].slice(-2);
          part = pair.length === 2 ? `pair:${number}` : `stage:${number}`;
          if (pair.length === 2 && look.mode === "one") look.mode = "slide";
          draw();
          left.querySelector(`[data-candidate="${number}:${candidate}"]`)?.focus({ preventScroll: true });
        },
      });
    });
  }

  return {
    dialog,
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
    // After news of this picture: the same part of it is looked at, and nobody who types or decides is interrupted.
    refresh() {
      if (name === null || !dialog.open) return;
      if (dialog.querySelector(".armed .question")) return;
      const focused = dialog.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      draw();
      if (focused) [...dialog.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus({ preventScroll: true });
      else if (!dialog.contains(document.activeElement) || document.activeElement === document.body) title.focus({ preventScroll: true });
    },
  };
}

// Of a picture that is there in many sizes the largest is looked at.
function widest(card) {
  const own = card.picture;
  const alike = ({ picture }) => picture && own && Math.abs(picture.width / picture.height / (own.width / own.height) - 1) < 0.02;
  return card.files.filter(alike).reduce((best, { picture }) => (picture.width > best.width ? picture : best), own);
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
  const stages = card.stages.map((stage, index) => entry(`stage:${index}`, stage.kind, stage.after ? pixels(stage.after) : stage.word, stage.after));
  const result = entry("result", "result", card.picture && pixels(widest(card)), card.picture);
  return el("nav", { class: "strip", "aria-label": "The chain" }, el("ol", {}, stages, result));
}

function candidates(stage, at, act) {
  const made = stage.candidates.map((candidate, index) => {
    const key = `candidate:${at}:${index}`;
    const marked = act.pairing ? act.pair.includes(index) : act.part === key;
    const open = button("", {
      class: "candidate", "aria-label": `Candidate ${candidate.number}${candidate.picked ? ", picked" : ""}`, "aria-pressed": String(marked),
      disabled: !candidate.picture, onclick: () => (act.pairing ? act.mark(index) : act.choose(key)),
    }, el("span", { class: "well" }, candidate.picture ? thumbnail(candidate.picture, "", 1) : el("span", { class: "nothing", text: candidate.word })));
    open.dataset.candidate = `${at}:${index}`;
    open.dataset.key = key;
    const facts = [candidate.cost !== null && candidate.cost > 0 ? money(candidate.cost)
      : candidate.price !== null && !candidate.cost ? `at most ${money(candidate.price)}` : null, candidate.picture?.draft ? "draft" : null, candidate.by || null];
    return el("li", { class: candidate.picked ? "is-picked" : "" }, open,
      el("span", { class: "told" }, el("b", { text: String(candidate.number) }),
        candidate.picked && el("span", { class: "picked" }, icon("picked"), "picked"),
        el("span", { class: "soft", text: facts.filter(Boolean).join(", ") })),
      !candidate.picked && desk && !desk.read_only && once("Use this", "second", () => desk.send("pick", { step: stage.step, number: candidate.number })));
  });
  return el("section", { class: "candidates", "aria-label": `Candidates of ${stage.name}` },
    el("header", {}, el("h3", { text: stage.candidates.length > 1 ? "Candidates" : "Candidate" }),
      act.pairing && el("span", { class: "soft", text: act.pair.length === 2 ? "compared above" : "mark two of them" }),
      stage.candidates.filter((candidate) => candidate.picture).length > 1 && button(act.pairing ? "Stop comparing" : "Compare two",
        { class: "quiet", "aria-pressed": String(act.pairing), "data-key": `pair:${at}`, onclick: act.pairing ? act.stopPair : act.startPair }),
      desk && !desk.read_only && once("Ask for others", "quiet", () => desk.send("reroll", { step: stage.step }))),
    el("ol", {}, made));
}

// What is known of a picture, in words: at the side of the large view.

function drawFacts(host, card, part, choose) {
  const [kind, index] = part.split(":");
  const chosen = ["stage", "candidate", "pair"].includes(kind) ? card.stages[Number(index)] : null;
  const known = new Set(card.reasons);
  const telling = card.stages.filter((stage) => stage.prompt !== null || stage.reasons.some((reason) => !known.has(reason)));
  fill(host,
    standing(card),
    chosen ? stageTold(chosen, true, new Set()) : telling.map((stage) => stageTold(stage, false, known)),
    outputs(card, part, choose),
    about(card));
}

function standing(card) {
  const keep = keepButton(card);
  const offers = offersTold(card);
  if (card.state === "fresh" && !card.reasons.length && !card.hint && !offers && !keep) return null;
  return el("section", { class: `standing is-${card.state}`, "aria-label": "State" },
    el("p", {}, badge(card.state, card.word && card.word !== card.state ? `${card.state}: ${card.word}` : card.state)),
    reasonsTold(card.reasons),
    card.hint && el("p", { class: "hint", dir: "auto" }, said(card.hint)),
    el("p", { class: "calling", hidden: true }),
    offers, keep);
}

function stageTold(stage, whole, known) {
  const pairs = [...stage.settings];
  if (stage.asked && stage.asked !== stage.size) pairs.unshift(["asked for as", stage.asked.replace("x", " × ")]);
  const settings = pairs.length > 0 && pairsTold(pairs);
  return el("section", { class: "prompt" },
    el("header", {}, el("h3", {}, stage.prompt === null ? stage.kind : "Prompt", stage.prompt !== null && el("span", { class: "soft", text: ` of the ${stage.kind === "edit" ? "edit" : "picture"}` })),
      stage.word && stage.word !== "current" && el("span", { class: "soft", text: stage.word }), stage.prompt !== null && copier(stage.prompt)),
    stage.prompt !== null && el("blockquote", { dir: "auto", text: stage.prompt }),
    reasonsTold(stage.reasons.filter((reason) => !known.has(reason))),
    stage.diff.some(([sign]) => sign !== " ") && el("div", { class: "since" }, el("h4", { text: "Since the lock" }), wordDiff(stage.diff)),
    settings && (whole ? settings : el("details", {}, el("summary", { text: "Settings" }), settings)));
}

function pairsTold(pairs) {
  return el("dl", { class: "pairs" }, pairs.map(([key, value]) => el("div", {}, el("dt", { text: key }), el("dd", { dir: "auto", text: value }))));
}

function outputs(card, part, choose) {
  if (!card.files.length) return null;
  // What all files have in common is said once.
  const shared = new Set(card.files[0].reasons.filter((reason) => card.files.every((file) => file.reasons.includes(reason))));
  const notes = new Set(card.files[0].notes.filter((note) => card.files.every((file) => file.notes.includes(note))));
  const news = [...shared].filter((reason) => !card.reasons.includes(reason));
  return el("section", { class: "outputs" }, el("h3", { text: card.files.length > 1 ? `Files · ${card.files.length}` : "File" }),
    news.length > 0 && el("div", { class: "soft" }, reasonsTold(news)),
    el("ul", {}, card.files.map((file, index) => {
      const picture = file.picture;
      const url = picture && address(picture.full);
      const told = picture ? [...measures(picture), picture.format] : [];
      if (file.word !== "current") told.unshift(file.word);
      return el("li", {},
        button(file.path, { class: "path", disabled: !picture, "aria-current": part === `file:${index}` ? "true" : null, "data-key": `file:${index}`, onclick: () => choose(`file:${index}`) }),
        el("span", { class: "soft" }, told.join(" · ")),
        url && el("a", { class: "quiet", href: url, target: "_blank", rel: "noopener", "aria-label": `Open ${file.path}`, text: "Open" }),
        reasonsTold(file.reasons.filter((reason) => !shared.has(reason))),
        file.notes.filter((note) => !notes.has(note)).map((note) => el("span", { class: "note soft", text: note })));
    })),
    [...notes].map((note) => el("p", { class: "note soft", text: note })));
}

function buildWords({ low, high, unpriced }) {
  const calls = unpriced > 0 && `${count(unpriced, "call")} of unknown price`;
  if (!(high > 0)) return calls && `would make ${calls}`;
  const least = high - low < 0.00005 ? "" : `${money(low)} to `;
  return `would spend ${least}at most ${atMost(high)}${calls ? `, and make ${calls}` : ""}`;
}

function about(card) {
  const pairs = [["Manifest", el("code", { text: `${card.file}:${card.line}` })]];
  for (const [axis, value] of Object.entries(card.axes)) pairs.push([axis, value]);
  if (card.alt !== null) pairs.push(["Alt text", card.alt === "" ? "none: it is decoration" : card.alt]);
  if (card.tags.length) pairs.push(["Tags", el("span", { class: "tags" }, card.tags.map((tag) => el("span", { class: "tagged", text: tag })))]);
  pairs.push(["Cost", card.cost === null ? "unknown" : money(card.cost)]);
  const build = buildWords(card);
  if (build) pairs.push(["A build", build]);
  const own = card.picture;
  if (own) pairs.push(["Digest", el("code", { class: "digest", title: own.digest, text: own.digest.slice(0, 16) })]);
  return el("section", { class: "about" }, el("h3", { text: "About" }),
    el("dl", { class: "pairs" }, pairs.map(([key, value]) => el("div", {}, el("dt", { text: key }), el("dd", { dir: "auto" }, value)))));
}

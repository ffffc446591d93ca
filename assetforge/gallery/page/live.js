// A served page: what the server tells as it happens, and what is sent back.

function makeLive(app, told) {
  const line = el("div", { class: "line" });
  const progress = el("progress", { max: "1", value: "0", "aria-label": "Progress of the build", hidden: true });
  const problems = el("div", { class: "problems", role: "region", "aria-label": "Problems", tabindex: "0", hidden: true });
  const toasts = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
  const ended = el("p", { class: "unseen", role: "status" });
  const status = el("div", { class: "status" }, toasts, problems, el("div", { class: "slim" }, progress, line), ended);
  const calls = new Map();
  let money_ = { spent: told.spent, limit: told.limit };
  let round = { state: "done", lines: [], errors: [], warnings: [] };
  let going = null;
  let boot = told.boot ?? null;
  let lost = false;
  let elsewhere = false;
  let folded = true;

  function spentTold() {
    if (money_.limit === null) return money_.spent > 0 ? `${money(money_.spent)} spent` : "";
    return `${money(money_.spent)} of ${atMost(money_.limit)} spent`;
  }

  function lineTold() {
    if (elsewhere) return [el("span", { class: "is-failed badge" }, icon("lost"), "it was started again"), el("span", { class: "soft", text: "open the address that the terminal shows" })];
    if (lost) return [el("span", { class: "is-failed badge" }, icon("lost"), "assetforge has stopped"), el("span", { class: "soft", text: "this page looks for it" })];
    if (round.state === "building") {
      const parts = going && going.total ? `${going.done} of ${count(going.total, "picture")}` : "";
      const under = [...calls].slice(0, 3).flatMap(([name, { note }], index) =>
        [index > 0 && ", ", el("bdi", { text: name }), ` ${age(callAge(name))}`, note && `, ${note}`]);
      return [el("span", { class: "is-draft badge" }, icon("call"), "building"), parts && el("span", { text: parts }),
        el("span", { class: "soft clip" }, under.length ? under : said(going?.last ?? ""))];
    }
    const fold = { "aria-expanded": String(!folded), "data-key": "problems", onclick: () => { folded = !folded; draw(); } };
    const last = el("span", { class: "soft clip" }, said(round.lines.at(-1) ?? ""));
    const watched = told.watching ? "watching" : "up to date";
    if (round.state === "broken" || round.errors.length) {
      const text = round.errors.length ? count(round.errors.length, "error") : "failed";
      return [button(text, { class: "quiet is-failed badge", ...fold }, icon("failed")), last, again()];
    }
    const open = openTold();
    return [open !== null ? el("span", { class: "badge" }, watched) : el("span", { class: "is-fresh badge" }, icon("fresh"), watched),
      round.warnings.length > 0 && button(count(round.warnings.length, "warning"), { class: "quiet is-stale badge", ...fold }, icon("warning")),
      el("span", { text: open ?? committed() }), last];
  }

  // What is still to be done about the cards, null where nothing is.
  function openTold() {
    const states = countBy(app.cards, (card) => (card.offers.length ? ["buy", ...(card.state === "failed" ? ["failed"] : [])] : [card.state]));
    const parts = [["buy", "to buy"], ["draft", "draft"], ["stale", "stale"], ["failed", "failed"]].filter(([state]) => states.has(state));
    if (!app.cards.length) return "";
    return parts.length ? parts.map(([state, words]) => `${states.get(state)} ${words}`).join(", ") : null;
  }

  function committed() {
    return told.watching ? `all fresh: commit ${app.cards[0].file}, assets.lock and the pictures` : "all fresh";
  }

  // What was not asked for because of a mistake in the manifest is asked for with the next save.
  function again() {
    if (!told.watching || round.state === "broken") return null;
    return armed("Build again", "Calls that may have been billed are asked again.", "Build", () => desk.send("again", {}), { look: "quiet", key: "again" });
  }

  function draw() {
    if (line.querySelector(".question")) return;
    keepingFocus(line, () => fillWith(line, ...lineTold(), el("span", { class: "spent", text: spentTold() })));
    problems.hidden = folded || !(round.errors.length || round.warnings.length) || round.state === "building";
    progress.hidden = round.state !== "building" || lost;
    if (going?.total) { progress.max = going.total; progress.value = going.done; } else progress.removeAttribute("value");
    status.classList.toggle("is-lost", lost);
  }

  function drawProblems() {
    const close = button("", { class: "tool close", "aria-label": "Close the problems", onclick: () => { folded = true; draw(); line.querySelector("[data-key=problems]")?.focus(); } }, icon("close"));
    problems.replaceChildren(close, ...round.errors.map((each) => problemTold(each)), ...round.warnings.map((each) => problemTold(each, "warning")));
  }

  function fillWith(host, ...children) {
    host.replaceChildren();
    fill(host, ...children);
  }

  function callAge(name) {
    return (performance.now() - calls.get(name).since) / 1000;
  }

  // A call is said on the card that it is for: `hero[theme=dark]:edit#2` is of `hero[theme=dark]`.
  function cardOf(name) {
    if (app.byName.has(name)) return name;
    const bare = name.replace(/#\d+$/, "");
    if (app.byName.has(bare)) return bare;
    const cut = bare.indexOf(":", bare.lastIndexOf("]") + 1);
    return cut > 0 ? bare.slice(0, cut) : bare;
  }

  function tick() {
    const oldest = new Map();
    for (const name of calls.keys()) oldest.set(cardOf(name), Math.max(oldest.get(cardOf(name)) ?? 0, callAge(name)));
    for (const item of document.querySelectorAll(".card.is-called")) if (!oldest.has(item.dataset.name)) say(item, null);
    for (const [name, seconds] of oldest) if (app.grid.item(name)) say(app.grid.item(name), seconds);
    const open = app.detail.dialog.querySelector(".standing .calling");
    if (open) sayIn(open, oldest.get(app.detail.name) ?? null);
    if (calls.size) draw();
  }

  function say(item, seconds) {
    item.classList.toggle("is-called", seconds !== null);
    if (item.querySelector(".calling")) sayIn(item.querySelector(".calling"), seconds);
  }

  function sayIn(place, seconds) {
    place.hidden = seconds === null;
    fillWith(place, seconds !== null && icon("call"), seconds !== null && `being made, ${age(seconds)}`);
  }

  function toast(text, kind = "is-said") {
    const made = el("div", { class: `toast ${kind}` }, el("p", { dir: "auto" }, said(text)),
      button("", { class: "tool", "aria-label": "Dismiss", onclick: () => made.remove() }, icon("close")));
    toasts.append(made);
    while (toasts.children.length > 4) toasts.firstChild.remove();
    // Nobody is hurried who reads it.
    const later = () => (made.matches(":hover, :focus-within") ? setTimeout(later, 1000) : made.remove());
    setTimeout(later, kind === "is-said" ? 6000 : 15000);
  }

  async function ask(path, body) {
    let answer;
    try {
      const response = await fetch(`do/${path}`, {
        method: "POST", credentials: "same-origin", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", "X-Assetforge": "1" },
      });
      answer = await response.json().catch(() => null);
      if (!answer?.errors) answer = { ok: false, lines: [], errors: [{ message: `the server answered ${response.status}`, hint: null }] };
    } catch {
      answer = { ok: false, lines: [], errors: [{ message: "assetforge does not answer", hint: "is it still running?" }] };
    }
    return answer;
  }

  function tell({ lines, errors }) {
    if (lines.length) toast(lines.join("\n"));
    if (errors.length) toast(errors.map(({ message, hint }) => (hint ? `${message}: ${hint}` : message)).join("\n"), "is-refused");
  }

  async function send(path, body) {
    tell(await ask(path, body));
  }

  // What was bought can't be bought again before its card tells of it, which takes a moment.
  function bought(keys) {
    for (const key of keys) paid.add(key);
    setTimeout(() => { for (const key of keys) paid.delete(key); app.priced(); }, DUE_SECONDS * 1000);
    app.priced();
  }

  const listeners = {
    hello(data) {
      if (boot !== null && data.boot !== undefined && data.boot !== boot) location.reload();
      boot = data.boot ?? boot;
      lost = elsewhere = false;
    },
    cards: (data) => app.news(data),
    round(data) {
      const words = ({ errors, warnings }) => JSON.stringify([errors, warnings]);
      if (words(data) !== words(round)) folded = !data.errors.length;
      if (data.state !== "building" && data.state !== round.state) ended.textContent = data.errors.length ? count(data.errors.length, "error") : "the build has ended";
      const priced = data.spent !== money_.spent || data.limit !== money_.limit;
      round = data;
      money_ = { spent: data.spent, limit: data.limit };
      drawProblems();
      if (priced) app.priced();
      if (!app.cards.length) app.redraw();
      if (data.state !== "building") { calls.clear(); going = null; }
      tick();
    },
    progress(data) {
      going = data;
      const names = new Set(data.calls.map((call) => call.name));
      for (const name of calls.keys()) if (!names.has(name)) calls.delete(name);
      for (const call of data.calls) calls.set(call.name, { since: performance.now() - call.seconds * 1000, note: call.note });
      tick();
    },
  };

  function listen() {
    const source = new EventSource(told.boot ? `events?since=${told.boot}.${told.version}` : "events");
    for (const [name, hear] of Object.entries(listeners)) {
      source.addEventListener(name, (event) => { hear(JSON.parse(event.data)); draw(); });
    }
    source.addEventListener("error", () => {
      lost = true;
      calls.clear();
      tick();
      draw();
      // A refusal closes for good: then it is tried anew, as after a lost connection.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(listen, 3000);
      refused(source.url);
    });
  }

  // Another server on the same port knows this page no more: that is told apart from one that is gone.
  async function refused(url) {
    const given = new AbortController();
    const response = await fetch(url, { credentials: "same-origin", signal: given.signal }).catch(() => null);
    elsewhere = response?.status === 403;
    given.abort();
    draw();
  }

  // The panel covers nothing for good: what is behind it can be scrolled as far.
  new ResizeObserver(() => {
    const height = problems.hidden ? 0 : problems.offsetHeight;
    document.documentElement.style.setProperty("--covered", `${height}px`);
  }).observe(problems);
  status.addEventListener("settled", draw);
  const left = () => (money_.limit === null ? Infinity : money_.limit - money_.spent);
  desk = { can_spend: told.can_spend, buys: told.buys, left, send, ask, tell, bought };
  setInterval(tick, 1000);
  return { status, start: () => { draw(); listen(); }, tick, toast, round: () => round };
}

// An error with its place: the line of the file, and what is meant in it.
function problemTold(problem, kind = "failed") {
  const at = problem.file ? `${problem.file}${problem.line ? `:${problem.line}` : ""}${problem.line && problem.column ? `:${problem.column}` : ""}` : null;
  const number = problem.line ? `${problem.line} │ ` : "";
  const shown = problem.carets ? `${number}${problem.excerpt}\n${" ".repeat(number.length)}${problem.carets}` : `${number}${problem.excerpt}`;
  return el("article", { class: `problem is-${kind}` },
    el("p", {}, icon(kind), el("b", { dir: "auto" }, said(problem.message))),
    at && el("p", { class: "at" }, el("code", { text: at })),
    problem.excerpt && el("pre", { text: shown }),
    problem.hint && el("p", { class: "soft", dir: "auto" }, el("span", {}, said(problem.hint))));
}

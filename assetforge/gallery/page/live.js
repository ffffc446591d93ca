// A served page: what the server tells as it happens, and what is sent back.

function makeLive(app, told) {
  const line = el("div", { class: "line" });
  const progress = el("progress", { max: "1", value: "0", "aria-label": "Progress of the build", hidden: true });
  const problems = el("div", { class: "problems", role: "region", "aria-label": "Problems", tabindex: "0", hidden: true });
  const toasts = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
  const status = el("div", { class: "status" }, toasts, problems, el("div", { class: "slim" }, progress, line));
  const calls = new Map();
  let money_ = { spent: told.spent, limit: told.limit };
  let round = { state: "done", lines: [], errors: [], warnings: [] };
  let going = null;
  let boot = told.boot ?? null;
  let lost = false;
  let folded = false;

  function spentTold() {
    if (money_.limit === null) return money_.spent > 0 ? `${money(money_.spent)} spent` : "";
    return `${money(money_.spent)} of ${atMost(money_.limit)} spent`;
  }

  function lineTold() {
    if (lost) return [el("span", { class: "is-failed badge" }, icon("lost"), "assetforge has stopped"), el("span", { class: "soft", text: "this page looks for it" })];
    if (round.state === "building") {
      const parts = going && going.total ? `${going.done} of ${going.total}` : "";
      const under = [...calls].slice(0, 3).flatMap(([name, { note }], index) =>
        [index > 0 && ", ", el("bdi", { text: name }), ` ${age(callAge(name))}`, note && `, ${note}`]);
      return [el("span", { class: "is-draft badge" }, icon("call"), "building"), parts && el("span", { text: parts }),
        el("span", { class: "soft clip" }, under.length ? under : said(going?.last ?? ""))];
    }
    const fold = { "aria-expanded": String(!folded), onclick: () => { folded = !folded; draw(); } };
    const last = el("span", { class: "soft clip" }, said(round.lines.at(-1) ?? ""));
    if (round.state === "broken" || round.errors.length) {
      const text = round.errors.length ? count(round.errors.length, "error") : "failed";
      return [button(text, { class: "quiet is-failed badge", ...fold }, icon("failed")), last, again()];
    }
    return [el("span", { class: "is-fresh badge" }, icon("fresh"), told.watching ? "watching" : "up to date"),
      round.warnings.length > 0 && button(count(round.warnings.length, "warning"), { class: "quiet", ...fold }), last];
  }

  function again() {
    if (!told.watching) return null;
    return armed("Build again", "Calls that may have been billed are asked again.", "Build", () => desk.send("again", {}), "quiet");
  }

  function draw() {
    if (status.querySelector(".question")) return;
    fillWith(line, ...lineTold(), el("span", { class: "spent", text: spentTold() }));
    const shown = [...round.errors, ...round.warnings];
    problems.hidden = folded || !shown.length || round.state === "building";
    problems.replaceChildren(...shown.map(problemTold));
    progress.hidden = round.state !== "building" || lost;
    if (going?.total) { progress.max = going.total; progress.value = going.done; } else progress.removeAttribute("value");
    status.classList.toggle("is-lost", lost);
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
    setTimeout(() => made.remove(), kind === "is-said" ? 6000 : 15000);
  }

  async function send(path, body) {
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
    for (const text of answer.lines) toast(text);
    for (const problem of answer.errors) toast(problem.hint ? `${problem.message}: ${problem.hint}` : problem.message, "is-refused");
    return answer.ok;
  }

  const listeners = {
    hello(data) {
      if (boot !== null && data.boot !== undefined && data.boot !== boot) location.reload();
      boot = data.boot ?? boot;
      lost = false;
    },
    cards: (data) => app.news(data),
    round(data) {
      const words = ({ errors, warnings }) => JSON.stringify([errors, warnings]);
      if (words(data) !== words(round)) folded = false;
      round = data;
      money_ = { spent: data.spent, limit: data.limit };
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
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    });
  }

  desk = { can_spend: told.can_spend, buys: told.buys, send };
  setInterval(tick, 1000);
  return { status, start: () => { draw(); listen(); }, tick };
}

// An error with its place: the line of the file, and what is meant in it.
function problemTold(problem) {
  const at = problem.file ? `${problem.file}${problem.line ? `:${problem.line}` : ""}${problem.line && problem.column ? `:${problem.column}` : ""}` : null;
  return el("article", { class: "problem" },
    el("p", {}, icon("failed"), el("b", { dir: "auto" }, said(problem.message))),
    at && el("p", { class: "at" }, el("code", { text: at })),
    problem.excerpt && el("pre", { text: problem.carets ? `${problem.excerpt}\n${problem.carets}` : problem.excerpt }),
    problem.hint && el("p", { class: "soft", dir: "auto" }, el("span", {}, said(problem.hint))));
}

// What changed between two states of a project: each picture before and after.

function startDiff() {
  const page = readData();
  const chosen = new Set();
  const list = el("ol", { class: "changes", "aria-label": "Changes" });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Filters" });
  const notes = page.notes.map((note) => el("p", { class: "soft note", dir: "auto" }, sentence(note)));
  const nothing = el("div", { class: "empty", hidden: page.entries.length > 0 }, el("h2", { text: "No picture changed" }),
    el("p", {}, "Between ", el("code", { text: page.from }), " and ", el("code", { text: page.to }), " all pictures are the same."));
  const near = new IntersectionObserver((seen) => {
    for (const { target } of seen.filter((entry) => entry.isIntersecting)) {
      near.unobserve(target);
      dressChange(target, page.entries[target.dataset.index]);
    }
  }, { rootMargin: "800px 0px" });
  const items = page.entries.map(drawChange);

  function sift() {
    for (const item of items) item.hidden = chosen.size > 0 && !chosen.has(page.entries[item.dataset.index].how);
  }

  function drawChips() {
    const counts = new Map();
    for (const { how } of page.entries) counts.set(how, (counts.get(how) ?? 0) + 1);
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    chips.replaceChildren(...[...counts].map(([how, number]) => button("", {
      class: "chip", "aria-pressed": String(chosen.has(how)), "data-key": how,
      onclick() {
        if (!chosen.delete(how)) chosen.add(how);
        drawChips();
        sift();
      },
    }, icon(how), el("span", { text: how }), el("span", { class: "number", text: number.toLocaleString("en-US") }))));
    [...chips.children].find((child) => child.dataset.key === focused)?.focus();
  }

  document.getElementById("page").replaceChildren(
    el("header", { class: "bar" },
      el("div", { class: "title" }, el("h1", { dir: "auto", text: page.title }), el("p", { class: "sums" }, sentence(page.summary))),
      el("div", { class: "looks" }, themeButton())),
    chips, el("main", {}, notes, fill(list, items), nothing));
  drawChips();
  for (const item of items) near.observe(item);
}

// A change far from what is seen is its name, with room for the pictures.
function drawChange(entry, index) {
  const room = entry.before || entry.after ? el("div", { class: "viewer" }) : null;
  return el("li", { class: "change", "data-index": String(index) },
    el("header", {}, badge(entry.how), el("h2", { dir: "auto", text: entry.name })), room);
}

// The rest of it.
function dressChange(item, entry) {
  const { before, after } = entry;
  const only = after ?? before;
  const seen = before && after ? { before, after, labels: ["before", "after"], alt: entry.name }
    : only && { before: null, after: only, labels: [], alt: `${entry.name}, ${after ? "after" : "before"}` };
  const sizes = [before, after].filter(Boolean).map((picture) => measures(picture).join(", "));
  const told = [[...new Set(sizes)].join(" → "), entry.price].filter(Boolean);
  item.querySelector(".viewer")?.remove();
  fill(item.querySelector("header"), entry.path && entry.path !== entry.name && el("code", { text: entry.path }),
    el("span", { class: "soft", text: told.join(" · ") }));
  fill(item, seen ? viewer(seen, { mode: "slide", ground: "checker" }) : el("p", { class: "nothing", text: "The picture is in no store that was asked." }),
    reasonsTold(entry.reasons, sentence),
    entry.prompt_diff.length > 0 && el("div", { class: "since" }, el("h3", { text: "Prompt" }), wordDiff(entry.prompt_diff)));
}

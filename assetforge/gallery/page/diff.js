// What changed between two states of a project: each picture before and after.

function startDiff() {
  const page = readData();
  const look = { mode: "slide", ground: "checker" };
  const chosen = new Set();
  const list = el("ol", { class: "changes", "aria-label": "Changes" });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Filters" });
  const notes = (page.notes ?? []).map((note) => el("p", { class: "soft note", dir: "auto" }, said(note)));
  const nothing = el("div", { class: "empty", hidden: true }, el("h2", { text: "No picture changed" }),
    el("p", { text: `Between ${page.from} and ${page.to} all pictures are the same.` }));

  function drawList() {
    const entries = page.entries.filter((entry) => !chosen.size || chosen.has(entry.how));
    list.replaceChildren(...entries.map((entry) => drawChange(entry, look)));
    nothing.hidden = page.entries.length > 0;
  }

  function drawChips() {
    const counts = new Map();
    for (const { how } of page.entries) counts.set(how, (counts.get(how) ?? 0) + 1);
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    chips.replaceChildren(...[...counts].map(([how, number]) => {
      const made = button("", {
        class: "chip", "aria-pressed": String(chosen.has(how)), "data-key": how,
        onclick() {
          if (!chosen.delete(how)) chosen.add(how);
          drawChips();
          drawList();
        },
      }, icon(how), el("span", { text: how }), el("span", { class: "number", text: String(number) }));
      return made;
    }));
    [...chips.children].find((child) => child.dataset.key === focused)?.focus();
  }

  const cost = page.entries.reduce((sum, entry) => sum + (entry.cost ?? 0), 0);
  document.getElementById("page").replaceChildren(
    el("header", { class: "bar" },
      el("div", { class: "title" }, el("h1", { dir: "auto", text: page.title }),
        el("p", { class: "sums" }, el("code", { text: page.from }), " → ", el("code", { text: page.to }),
          ` · ${count(page.entries.length, "change")}${cost > 0 ? ` · ${money(cost)}` : ""}`)),
      el("div", { class: "looks" }, themeButton())),
    chips, el("main", {}, notes, list, nothing));
  drawChips();
  drawList();
}

function drawChange(entry, look) {
  const { before, after } = entry;
  const own = { ...look };
  const only = after ?? before;
  const seen = before && after ? { before, after, labels: ["before", "after"], alt: entry.name }
    : only && { before: null, after: only, labels: [], alt: `${entry.name}, ${after ? "after" : "before"}` };
  const sizes = [before, after].filter(Boolean).map((picture) => measures(picture).join(", "));
  const told = [[...new Set(sizes)].join(" → "), entry.cost ? money(entry.cost) : ""].filter(Boolean);
  return el("li", { class: "change" },
    el("header", {}, badge(entry.how), el("h2", { dir: "auto", text: entry.name }),
      entry.path && entry.path !== entry.name && el("code", { text: entry.path }),
      el("span", { class: "soft", text: told.join(" · ") })),
    seen ? viewer(seen, own) : el("p", { class: "nothing", text: "The picture is in no store that was asked." }),
    reasonsTold(entry.reasons),
    entry.prompt_diff.length > 0 && el("div", { class: "since" }, el("h3", { text: "Prompt" }), wordDiff(entry.prompt_diff)));
}

// Puts the page together: the data, what of it is looked at, and the parts that draw it.

function startGallery() {
  const page = readData();
  const app = {
    page, cards: page.cards, byName: new Map(), texts: new Map(), shown: [], view: readView(),
    change(some) {
      Object.assign(app.view, some);
      writeView(app.view);
      redraw();
    },
    clear: () => app.change({ q: "", states: new Set(), tags: new Set() }),
    open(name) {
      const first = app.view.asset === null;
      app.view.asset = name;
      writeView(app.view, first ? "push" : "replace");
      app.detail.show(name);
    },
    closed(name) {
      if (app.detail.dialog.open) return;
      app.view.asset = null;
      writeView(app.view);
      uncover();
      app.grid.focus(name);
      app.detail.forget();
    },
    // A server that has only just begun has not looked at the pictures yet.
    waiting: page.live?.version === 0,
    cover: (dialog) => app.live && dialog.append(app.live.status),
    news, redraw, priced,
  };
  const known = (card) => {
    app.byName.set(card.name, card);
    app.texts.set(card.name, haystack(card));
  };
  app.cards.forEach(known);
  app.live = page.live ? makeLive(app, page.live) : null;
  app.grid = makeGrid(app);
  app.bar = makeBar(app);
  app.detail = makeDetail(app);

  function redraw() {
    app.grid.draw();
    app.bar.draw();
  }

  // What can be bought for is another thing since the purse is, or since something was bought.
  function priced() {
    app.grid.price();
    app.bar.draw();
    app.detail.refresh();
  }

  function uncover() {
    if (app.live) document.body.append(app.live.status);
  }

  // Cards that changed take their places; the list is arranged anew only where it has to be.
  function news({ cards, removed, order }) {
    app.waiting = false;
    let moved = order !== null || !app.cards.length || removed.length > 0;
    for (const name of removed) {
      app.byName.delete(name);
      app.texts.delete(name);
      app.grid.remove(name);
    }
    for (const card of cards) {
      const was = app.byName.get(card.name);
      for (const { key } of [...(was?.offers ?? []), ...card.offers]) paid.delete(key);
      moved ||= !was || was.state !== card.state || was.asset !== card.asset || String(was.tags) !== String(card.tags);
      known(card);
      app.grid.replace(card);
    }
    const names = order ?? [...app.cards.map((card) => card.name), ...cards.map((card) => card.name)];
    app.cards = [...new Set(names)].map((name) => app.byName.get(name)).filter(Boolean);
    if (moved) app.grid.unsettle();
    if (moved) redraw();
    else app.bar.draw();
    if (app.detail.name !== null) {
      if (!app.byName.has(app.detail.name)) app.detail.hide();
      else if (cards.some((card) => card.name === app.detail.name) || moved) app.detail.refresh();
    }
    app.live.tick();
  }

  function look() {
    app.view = readView();
    redraw();
    const { asset } = app.view;
    if (asset !== null && app.byName.has(asset)) app.detail.show(asset);
    else app.detail.hide();
  }

  const host = document.getElementById("page");
  host.replaceChildren();
  fill(host, app.bar.bar, app.bar.part, app.bar.chips, app.bar.found, el("main", {}, app.bar.bulk, app.grid.list, app.grid.nothing));
  uncover();
  document.addEventListener("settled", priced);
  addEventListener("hashchange", look);
  addEventListener("popstate", look);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      if (event.key === "Escape" && event.target.matches("#find")) { app.change({ q: "" }); app.grid.focus(null); }
      else if (event.key === "Enter" && event.target.matches("#find")) app.grid.focus(null);
      else if (event.key === "ArrowDown" && event.target.matches("#find")) { event.preventDefault(); app.grid.focus(null); }
      return;
    }
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    if (event.key === "/") { event.preventDefault(); app.bar.find(); }
    else if (event.key === "?" && !document.querySelector("dialog.keys")) showKeys();
  });
  look();
  app.live?.start();
}

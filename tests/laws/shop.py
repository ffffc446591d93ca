"""A project, the server that it asks, and the books that both keep; unaware of what must hold of them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assetforge.simulate.app import ImagesApi, Setup
from assetforge.simulate.call import Call
from assetforge.simulate.server import Threaded
from assetforge.store.layout import Store, open_store
from assetforge.store.ledger import Entry
from tests.images_server import KEY, KEY_ENV
from tests.laws.fault_scripts import FLAT, FLAT_PRICE, Attempt, flat
from tests.laws.small_manifests import toml
from tests.promises.site import MANIFEST, Site, make_site


@dataclass
class Books:
    """What all sides wrote down since the books before: the server its calls, the store its ledger."""

    calls: Sequence[Call]
    entries: Sequence[Entry]

    def of(self, event: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.event == event]

    @property
    def heard(self) -> dict[str, Entry]:
        """Answers that are in the ledger, by the server's id of the request."""
        return {entry.request: entry for entry in self.of("received")}

    @property
    def kept(self) -> dict[str, tuple[str, ...]]:
        """The digests of the pictures that each call gave."""
        return {entry.call: entry.digests for entry in self.of("stored")}

    @property
    def booked(self) -> float:
        """What counts against limits, in US dollars."""
        return sum(entry.cost or 0.0 for entry in self.entries)


@dataclass
class Shop:
    """A project, the server that it asks, and a store that is looked into."""

    site: Site
    api: ImagesApi
    table: dict[str, Any]

    @contextmanager
    def store(self) -> Iterator[Store]:
        """What was kept, none of it damaged."""
        with open_store(self.site.cache, lambda digest: pytest.fail(f"{digest} is damaged")) as store:
            yield store

    def books(self) -> Books:
        with self.store() as store:
            return Books(tuple(self.api.calls), tuple(store.ledger.read()))

    def prepare(self, attempt: Attempt) -> None:
        """Manifest, limit of the month and the server's faults for a build."""
        prices = {FLAT: {"per_image": FLAT_PRICE}}
        openai = {"kind": "images-api", **attempt.table, "price": prices}
        self.site.write(MANIFEST, toml({**self.table, "provider": {"openai": openai}}))
        self.api.setup.script = attempt.script
        config = self.site.folder.parent / "config"
        config.mkdir(exist_ok=True)
        told = "" if attempt.month is None else f"max_usd_per_month = {self.month(attempt):.9f}\n"
        (config / "config.toml").write_text(told)

    @property
    def price(self) -> float:
        """What the cheapest picture that is to be bought may cost."""
        return min((item.price or 0.0 for item in self.site.plan(retry_refused=True).purchases), default=0.01)

    def limit(self, attempt: Attempt) -> float | None:
        return None if attempt.limit is None else max(0.0, attempt.limit[0] * self.price + attempt.limit[1])

    def month(self, attempt: Attempt) -> float:
        times, more = attempt.month or (0, 0.0)
        return max(0.0, self.books().booked + times * self.price + more)

    def after(self, before: Books) -> Books:
        now = self.books()
        return Books(now.calls[len(before.calls) :], now.entries[len(before.entries) :])


@contextmanager
def opened(table: dict[str, Any]) -> Iterator[Shop]:
    """A project on a machine of its own."""
    api = ImagesApi(Setup(key=KEY, draw=flat, serial=0, mark={}))
    with tempfile.TemporaryDirectory() as place, Threaded(api) as running:
        site = make_site(Path(place), None, toml(table))
        site.environ |= {KEY_ENV: KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{running.port}/v1"}
        yield Shop(site, api, table)


def cost(call: Call) -> float:
    """What the pictures of a call are billed with."""
    return FLAT_PRICE * len(call.images) if call.model == FLAT else call.cost or 0.0

"""What was approved is bought, at the price that was shown or not at all; and nothing beside it."""

import asyncio
from typing import Any

import pytest

from assetforge.errors import BudgetError
from assetforge.model import Report
from assetforge.run.approval import Approval
from assetforge.watch.purse import Purse
from tests.images_server import ImagesServer
from tests.promises.site import Site, make_site
from tests.watch.projects import TWO


@pytest.fixture
def site(tmp_path: Any, images: ImagesServer) -> Site:
    return make_site(tmp_path, images, TWO.replace('size = "1024x640"', 'size = "1024x640"\nn = 2'))


def offers(site: Site, step: str) -> dict[str, float]:
    """The keys of a step's candidates that would be bought, each with its price."""
    return {item.key: item.price or 0.0 for item in site.plan().purchases if item.step == step and item.key}


def approve(site: Site, approved: dict[str, float], **options: Any) -> Report:
    purse = Purse(1.0)
    return site.build(max_cost=purse.left, yes=False, approval=Approval(approved), **options)


def test_what_was_approved_is_bought_and_nothing_that_depends_on_it(site: Site, images: ImagesServer) -> None:
    approved = offers(site, "hero:generate")
    assert len(approved) == 2
    report = approve(site, approved)
    assert report.bought == 2
    assert len(images.calls) == 2
    assert all("lighthouse" in call.prompt for call in images.calls)
    assert "hero" in report.made
    assert "night" not in report.made


def test_one_candidate_of_two_may_be_approved(site: Site, images: ImagesServer) -> None:
    key, price = next(iter(offers(site, "hero:generate").items()))
    report = approve(site, {key: price})
    assert report.bought == 1
    assert len(images.calls) == 1


def test_another_price_or_another_request_buys_nothing(site: Site, images: ImagesServer) -> None:
    approved = offers(site, "hero:generate")
    for wrong in (
        {key: price + 0.001 for key, price in approved.items()},
        {key: price - 0.001 for key, price in approved.items()},
        {"0" * 64: 0.05},
        {**approved, "0" * 64: 0.05},
    ):
        with pytest.raises(BudgetError):
            approve(site, wrong)
    site.edit("A lighthouse", "A ship")
    with pytest.raises(BudgetError):
        approve(site, approved)
    assert images.calls == []


def test_what_was_bought_meanwhile_is_not_bought_again(site: Site, images: ImagesServer) -> None:
    approved = offers(site, "hero:generate")
    approve(site, approved)
    with pytest.raises(BudgetError):
        approve(site, approved)
    assert len(images.calls) == 2


def test_what_depends_on_it_is_approved_by_itself(site: Site, images: ImagesServer) -> None:
    approve(site, offers(site, "hero:generate"))
    report = approve(site, offers(site, "night:edit"))
    assert report.bought == 1
    assert "night" in report.made
    assert len(images.calls) == 3


def test_what_is_withheld_is_not_asked_for_though_all_else_is(site: Site, images: ImagesServer) -> None:
    withheld = frozenset(offers(site, "hero:generate"))
    report = site.build(max_cost=1.0, yes=False, approval=Approval(withheld=withheld))
    assert images.calls == []
    assert report.failed != ()
    assert asyncio.run(site.project().build()).bought == 3

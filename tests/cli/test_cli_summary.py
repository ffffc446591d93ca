"""What a build says when it is over: named parts in one order, and a line for each round of many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.cli.summary import folded, round_line
from assetforge.errors import Problem
from assetforge.events import Placed
from assetforge.model import Failure, Report
from assetforge.report.built import grouped, lines, parts, spent
from assetforge.report.excerpt import columns
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer

MADE = Placed("hero", "hero.png", "made")
FAILED = (Failure("logo", Problem("no")), Failure("logo", Problem("no, too")))
FULL = Report(
    made=("hero", "icon[theme=dark]", "old"),
    placed=("hero.png", "dark.png", "old.png"),
    emitted=("head.html", "list.json"),
    reused={"store": 2, "lock": 1_040},
    current=1_000,
    drafted=("night", "dawn"),
    failed=FAILED,
    skipped=("logo-small",),
    calls=4,
    bought=3,
    spent=0.21,
    unanswered=1,
    doubtful=0.06,
    saved=62.0,
    seconds=72.4,
    left_behind=("gone.png",),
    draft_price=0.12,
)
PLACED = (MADE, Placed("icon[theme=dark]", "dark.png", "made"), Placed("old", "old.png", "restored"))


def test_a_summary_names_everything_in_one_order() -> None:
    assert list(lines(FULL, PLACED)) == [
        "1 restored, 2 made, 1,000 current, 2 drafted, 1 failed, 1 skipped, 2 emitted in 1 min 12 s",
        "made hero, icon[theme=dark]",
        "restored old",
        "emitted head.html, list.json",
        "drafted night, dawn; buying them would cost up to $0.12",
        "failed logo",
        "skipped logo-small",
        "reused 1,042 pictures: 1,040 from the lock, 2 from the store",
        "spent $0.21 on 3 pictures",
        "lost perhaps $0.0600: 1 call gave nothing and may have been billed",
        "saved $62.00 by not buying them again",
        "1 file left that the manifest no longer has: `gone.png`; see `assetforge clean --stale`",
    ]


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (Report(made=("a",), placed=("a.png",), seconds=0.2), ["1 made in 0.2 s"]),
        (Report(current=1), ["nothing to do: 1 asset current"]),
        (Report(made=("a", "b"), placed=("a.png",), seconds=0.2), ["2 made in 0.2 s", "made a, b"]),
        (
            Report(current=1, drafted=("a",), draft_price=0.05),
            ["nothing to do: 2 assets current, 1 of them drafted", "drafted a; buying it would cost up to $0.0500"],
        ),
        (
            Report(placed=("a.png",), drafted=("a",), draft_price=None),
            ["1 drafted in 0.0 s", "drafted a; buying it costs what nobody knows"],
        ),
        (Report(placed=("a.png",), drafted=("a",), draft_price=0.0), ["1 drafted in 0.0 s", "drafted a"]),
        (
            Report(made=("a",), placed=("a.png",), reused={"remote": 1}, saved=0.05, seconds=3),
            [
                "1 made in 3.0 s",
                "reused 1 picture from the remote",
                "saved $0.0500 by not buying it again",
            ],
        ),
        (Report(interrupted=True), ["nothing made in 0.0 s"]),
    ],
)
def test_a_small_build_has_a_short_summary(report: Report, told: list[str]) -> None:
    assert list(lines(report, [])) == told


def test_many_names_are_told_as_their_assets_and_of_many_assets_some() -> None:
    icons = [f"icon[theme={number}]" for number in range(240)]
    assert grouped(icons[:3]) == "icon[theme=0], icon[theme=1], icon[theme=2]"
    assert grouped(["hero", *icons]) == "hero, icon (240)"
    assert grouped([f"a{number}" for number in range(20)]) == "a0, a1, a2, a3, a4 and 15 more"


names = st.lists(
    st.sampled_from("abcdefghij").flatmap(lambda name: st.sampled_from((name, f"{name}[x=1]"))), max_size=9
)


@given(names, names, names, names)
def test_parts_come_in_one_order_and_never_without_words(
    made: list[str], drafted: list[str], skipped: list[str], emitted: list[str]
) -> None:
    report = Report(made=tuple(made), drafted=tuple(drafted), skipped=tuple(skipped), emitted=tuple(emitted), calls=1)
    found = list(parts(report, []))
    order = ["made", "emitted", "drafted", "skipped"]
    assert [part.verb for part in found] == [verb for verb in order if verb in {part.verb for part in found}]
    assert all(part.what for part in found)


@pytest.mark.parametrize(
    ("bought", "unknown", "told"),
    [
        (1, 0, "$0.0500 on 1 picture"),
        (1, 1, "up to $0.0500 on 1 picture, 1 call of unknown cost"),
        (3, 1, "up to $0.0500 on 3 pictures, 1 call of unknown cost"),
        (0, 0, ""),
    ],
)
def test_a_call_of_unknown_cost_is_told(bought: int, unknown: int, told: str) -> None:
    amount = 0.05 if bought else 0.0
    assert spent(Report(bought=bought, unknown_costs=unknown, spent=amount)) == told


@given(st.text(st.sampled_from("ab 日,"), max_size=80), st.integers(2, 40))
def test_folding_loses_nothing_and_fits_where_words_do(text: str, width: int) -> None:
    told = folded(text, width)
    assert " ".join(told) == text
    assert all(columns(line) <= width or " " not in line for line in told)


# --- rounds of many -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "placed", "told"),
    [
        (Report(current=3), [], "nothing to do"),
        (
            Report(current=3, drafted=("a", "b"), draft_price=0.08),
            [],
            "nothing to do; 2 drafted (buying: up to $0.0800)",
        ),
        (
            Report(made=("hero",), placed=("hero.png", "hero.webp"), seconds=0.3),
            [MADE, Placed("hero", "hero.webp", "made")],
            "made hero.png, hero.webp in 0.3 s",
        ),
        (
            Report(placed=("hero.png",), emitted=("head.html",), drafted=("hero",), draft_price=None, seconds=0.3),
            [Placed("hero", "hero.png", "drafted")],
            "drew hero.png, emitted head.html in 0.3 s; 1 drafted (buying: price unknown)",
        ),
        (
            FULL,
            PLACED,
            (
                "made hero.png, dark.png, restored old.png, emitted head.html, list.json in 1 min 12 s; 1 failed; "
                "1 skipped; spent $0.21 on 3 pictures; 2 drafted (buying: up to $0.12)"
            ),
        ),
        (Report(failed=FAILED), [], "1 failed"),
        (Report(interrupted=True, calls=1), [], "interrupted"),
        (
            Report(made=("a",), placed=tuple("abcde"), seconds=1),
            [Placed("a", f"{path}.png", "made") for path in "abcde"],
            "made 5 files in 1.0 s",
        ),
    ],
)
def test_a_round_is_one_line(report: Report, placed: list[Placed], told: str) -> None:
    assert round_line(report, placed) == told


# --- real builds ----------------------------------------------------------------------------------------------


def test_what_drafts_would_cost_is_what_a_plan_says(shop: Builder, images: ImagesServer) -> None:
    """Every candidate counts, what is there does not, and two who ask for one picture buy it once."""
    twin = HERO.replace("hero", "twin")
    edits = (
        '[asset.night]\nsource = "@hero"\noutput = "night.png"\nsteps = [{ op = "edit", prompt = "Night", n = 3 }]\n'
    )
    shop.write({"assets.toml": HERO + twin + edits})
    drafted = shop.call("build", "--draft", "--json").object
    assert drafted["drafted"] == ["hero", "night", "twin"]
    assert drafted["draft_price"] == pytest.approx(shop.call("plan", "--json").object["cost"]["high"])
    assert shop.call("build", "hero", "--max-cost", "1").code == 0
    drafted = shop.call("build", "--draft", "--json").object
    assert drafted["drafted"] == ["night"]
    assert drafted["draft_price"] == pytest.approx(shop.call("plan", "--json").object["cost"]["high"])
    assert len(images.calls) == 1


def test_drafts_without_a_known_price_say_so(shop: Builder) -> None:
    shop.write({"assets.toml": '[defaults]\nmodel = "nobody-knows"\n' + HERO})
    told = shop.call("build", "--draft")
    assert "drafted   hero; buying it costs what nobody knows\n" in told.out
    assert shop.call("build", "--draft", "--json").object["draft_price"] is None


def test_drafts_of_the_provider_of_drafts_cost_nothing(project: Builder) -> None:
    told = project.write({"assets.toml": DRAFTS + HERO}).call("build", "--draft")
    assert "cost" not in told.out

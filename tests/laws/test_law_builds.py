"""Builds do what the plan said, and a second build does nothing: real builds of small projects, drawn as drafts."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from assetforge.config import load_settings
from assetforge.model import Fresh, Rendition, Report, Unknown
from assetforge.paths import Root
from assetforge.plan.forecast import Forecast
from assetforge.project import Project
from tests.laws.small_manifests import toml

FEW = settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)

local = st.sampled_from(
    [
        {"op": "resize", "width": 12},
        {"op": "crop", "aspect": "1:1"},
        {"op": "pad", "width": 40, "height": 40},
        {"op": "flatten", "color": "teal"},
    ]
)
edits = st.sampled_from(
    [
        {"op": "edit", "prompt": "Make it night"},
        {"op": "edit", "prompt": "Let it rain", "n": 2, "pick": 2},
        {"op": "edit", "prompt": "Make it red", "mask": {"rect": [0, 0, 0.5, 1]}, "preserve": True},
        {"op": "edit", "prompt": "Make it wide", "size": "32x16"},
    ]
)
endings = st.lists(st.sampled_from(["png", "jpg", "webp"]), unique=True, max_size=2)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Up to three assets that may refer to those before them."""
    assets: dict[str, Any] = {}
    for name in ("a", "b", "c")[: draw(st.integers(1, 3))]:
        start = draw(st.sampled_from(["prompt", "file", *(f"@{other}" for other in assets)]))
        asset: dict[str, Any] = {"steps": draw(st.lists(st.one_of(local, edits), max_size=2))}
        if start == "prompt":
            asset |= {
                "prompt": draw(st.sampled_from(["A boat", "A ship"])),
                "size": "24x16",
                "n": draw(st.integers(1, 2)),
            }
        else:
            asset["source"] = "art/small.png" if start == "file" else start
        asset["outputs"] = [f"{name}.{ending}" for ending in draw(endings)]
        assets[name] = asset
    return {"defaults": {"provider": "draft"}, "asset": assets}


@contextmanager
def opened(*tables: dict[str, Any]) -> Iterator[Iterator[Project]]:
    """One project on one machine, with one manifest after another."""
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place, "project"), Path(place, "home")
        environ = {"ASSETFORGE_CACHE_DIR": str(home / "data"), "ASSETFORGE_CONFIG_DIR": str(home / "config")}

        (folder / "art").mkdir(parents=True)
        Image.linear_gradient("L").resize((20, 14)).convert("RGB").save(folder / "art" / "small.png")

        def each() -> Iterator[Project]:
            for table in tables:
                manifest, data = folder / "assets.toml", toml(table).encode()
                if not manifest.exists() or manifest.read_bytes() != data:
                    manifest.write_bytes(data)
                yield Project(Root(str(folder)), manifest.name, load_settings(environ), environ)

        yield each()


def built(one: Project) -> Report:
    report = asyncio.run(one.build())
    assert report.failed == ()
    return report


def seen(one: Project) -> dict[str, tuple[int, bytes]]:
    """Every file of the project with its time and bytes."""
    files = [path for path in Path(one.root.path).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def not_current(forecast: Forecast) -> set[str]:
    """The paths that a plan does not call current."""
    found = set()
    for name, state in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        if not (isinstance(state.decision, Fresh) and state.decision.origin == "file"):
            found.add(step.path)
    return found


def keeps_its_word(forecast: Forecast, report: Report) -> None:
    sure = sum(item.sure for item in forecast.purchases)
    assert sure <= report.calls <= len(forecast.purchases)
    assert forecast.low <= report.spent <= forecast.high
    assert set(report.placed) <= not_current(forecast)
    waiting = any(isinstance(state.decision, Unknown) for state in forecast.walk.paid.values())
    assert waiting or report.calls == sure


@given(manifests())
@FEW
def test_a_build_does_what_the_plan_said_and_a_second_does_nothing(table: dict[str, Any]) -> None:
    with opened(table, table) as projects:
        one = next(projects)
        forecast = one.plan()
        report = built(one)
        keeps_its_word(forecast, report)
        assert set(report.placed) == not_current(forecast)
        files = seen(one)
        again = next(projects)
        assert again.plan().is_current
        assert again.check() == []
        idle = built(again)
        assert (idle.calls, idle.placed, idle.made, idle.spent) == (0, (), (), 0.0)
        assert seen(again) == files


@given(manifests(), manifests())
@FEW
def test_a_changed_manifest_is_built_as_planned_and_the_first_again_for_nothing(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    with opened(first, second, first) as projects:
        built(next(projects))
        changed = next(projects)
        forecast = changed.plan()
        keeps_its_word(forecast, built(changed))
        assert changed.plan().is_current
        back = next(projects)
        forecast = back.plan()
        assert forecast.purchases == ()
        report = built(back)
        assert report.calls == 0
        keeps_its_word(forecast, report)


@given(manifests(), st.integers(0, 3))
@FEW
def test_a_lost_file_is_made_again_with_the_same_bytes(table: dict[str, Any], which: int) -> None:
    with opened(table, table) as projects:
        one = next(projects)
        built(one)
        files = {path: entry[1] for path, entry in seen(one).items()}
        outputs = sorted(path for path in files if Path(path).parent == Path(one.root.path) and "assets." not in path)
        if not outputs:
            return
        lost = Path(outputs[which % len(outputs)])
        lost.unlink()
        again = next(projects)
        assert not_current(again.plan()) == {lost.name}
        report = built(again)
        assert (report.calls, report.placed) == (0, (lost.name,))
        assert {path: entry[1] for path, entry in seen(again).items()} == files

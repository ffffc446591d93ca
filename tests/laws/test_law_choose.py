"""Laws of choosing, whatever way a manifest is written: the picture that was named gets another candidate or
revision, no other does, and of the file nothing else changes."""

import os
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetforge.choose.proposal import Proposal, propose_pick, propose_reroll, write
from assetforge.config import load_settings
from assetforge.errors import UsageError
from assetforge.model import Paid
from assetforge.paths import Root
from assetforge.project import Project
from tests.manifest.test_edit import rewritten
from tests.toml_documents import Writer

TABLE: dict[str, Any] = {
    "defaults": {"provider": "draft"},
    "vars": {"n": 3, "pick": "none"},
    "chain": {"late": [{"op": "grayscale"}, {"op": "edit", "id": "late", "prompt": "Later", "n": 3}]},
    "asset": {
        "hero": {"prompt": "A lighthouse", "n": 4, "meta": {"pick": 2}},
        "sign": {"prompt": "A sign\npick = 9", "n": 3, "pick": 2, "revision": 4, "alt": ""},
        "night": {
            "source": "@hero",
            "steps": [
                {"op": "edit", "id": "night", "prompt": "Make it night", "n": 4},
                {"op": "resize", "width": 320},
                {"op": "edit", "prompt": "Add stars", "n": 2, "revision": 1},
            ],
        },
        "later": {"source": "@hero", "steps": [{"use": "late"}]},
        "icon": {
            "matrix": {"item": ["sword", "axe"], "theme": ["light", "dark side"]},
            "prompt": "{{ item }} {{ theme }}",
            "n": 4,
            "vars": {"a": {"b": 1}},
            "steps": [{"op": "edit", "id": "rim", "prompt": "A rim", "n": 4}],
            "overrides": [
                {"when": {"theme": "light"}, "quality": "low"},
                {"when": {"item": "axe", "theme": "light"}, "pick": 2, "steps": {"rim": {"revision": 3}}},
            ],
        },
        "logo": {"matrix": {"size": [64, 128]}, "prompt": "Logo {{ size }}", "n": 3},
    },
}  # fmt: skip

# What may be named, and the paid steps that are meant.
NAMES = {
    "hero": ("hero:generate",),
    "sign": ("sign:generate",),
    "night:night": ("night:night",),
    "night:edit": ("night:edit",),
    "later": ("later:late",),
    "icon[item=sword,theme=light]": ("icon[item=sword,theme=light]:generate",),
    'icon[item=axe,theme="dark side"]': ('icon[item=axe,theme="dark side"]:generate',),
    "icon[item=axe,theme=light]": ("icon[item=axe,theme=light]:generate",),
    "icon[item=axe,theme=light]:rim": ("icon[item=axe,theme=light]:rim",),
    'icon[item=sword,theme="dark side"]:rim': ('icon[item=sword,theme="dark side"]:rim',),
    "logo[size=64]": ("logo[size=64]:generate",),
    "logo": ("logo[size=64]:generate", "logo[size=128]:generate"),
    "icon": (
        "icon[item=sword,theme=light]:generate",
        'icon[item=sword,theme="dark side"]:generate',
        'icon[item=axe,theme="dark side"]:generate',
    ),
}


def values(project: Project) -> dict[str, tuple[int, int]]:
    """Pick and revision of every paid step."""
    steps = project.graph().steps.values()
    return {step.id: (step.pick, step.revision) for step in steps if isinstance(step, Paid)}


def opened(folder: str) -> Project:
    environ = {"HOME": folder, "ASSETFORGE_CACHE_DIR": os.path.join(folder, "store")}
    return Project(Root(folder), "assets.toml", load_settings(environ), environ)


def chosen(text: str, propose: Callable[[Project], Proposal]) -> tuple[Project, Project, str]:
    """The project before and after, and what the file holds then."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "assets.toml")
        path.write_bytes(text.encode())
        before = opened(folder)
        proposal = propose(before)
        assert path.read_bytes() == text.encode()
        write(proposal)
        after = opened(folder)
        assert values(after) == values(proposal.project)
        return before, after, path.read_bytes().decode()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32), st.sampled_from(sorted(NAMES)), st.sampled_from([1, 2]), st.sampled_from(["", "\ufeff"])
)
def test_a_pick_is_for_what_was_named_and_nothing_else(seed: int, name: str, number: int, mark: str) -> None:
    text = mark + Writer(seed).document(TABLE)
    before, after, told = chosen(text, lambda project: propose_pick(project, name, number))
    wanted = {step: (number, values(before)[step][1]) for step in NAMES[name]}
    assert values(after) == values(before) | wanted
    assert_kept(text, told)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from(sorted(NAMES)))
def test_a_reroll_raises_the_revision_of_what_was_named_and_no_other(seed: int, name: str) -> None:
    text = Writer(seed).document(TABLE)
    steps = NAMES[name]
    if name == "icon":
        steps = (*steps, "icon[item=axe,theme=light]:generate")
    before, after, told = chosen(text, lambda project: propose_reroll(project, name))
    wanted = {step: (values(before)[step][0], values(before)[step][1] + 1) for step in steps}
    assert values(after) == values(before) | wanted
    assert_kept(text, told)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 3), st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=4))
def test_a_reroll_leaves_no_instance_out_without_a_word(base: int, each: list[tuple[bool, int]]) -> None:
    """Every revision is one that no instance with it had, or stays and is told of."""
    overrides = [{"when": {"at": at}, "revision": own} for at, (is_own, own) in enumerate(each) if is_own]
    icon = {"matrix": {"at": list(range(len(each)))}, "prompt": "{{ at }}", "revision": base, "overrides": overrides}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "assets.toml").write_text(Writer(0).document(TABLE | {"asset": {"icon": icon}}), "utf-8")
        project = opened(folder)
        try:
            proposal = propose_reroll(project, "icon")
        except UsageError:
            assert all(is_own for is_own, _ in each)
            return
    before, after = values(project), values(proposal.project)
    changed = {step for step in before if before[step] != after[step]}
    assert changed == set(proposal.steps)
    assert {after[step][1] for step in changed} == {max(before[step][1] for step in changed) + 1}
    told = " ".join(problem.message for problem in proposal.kept)
    assert {step for step in before if f"`{step.removesuffix(':generate')}`" in told} == before.keys() - changed


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from(sorted(NAMES)))
def test_what_was_rerolled_and_picked_again_is_edited_in_place(seed: int, name: str) -> None:
    """The second edit finds the first: overrides don't pile up."""
    text = Writer(seed).document(TABLE)
    *_, once = chosen(text, lambda project: propose_reroll(project, name))
    *_, twice = chosen(once, lambda project: propose_reroll(project, name))
    went, came = rewritten(once, twice)
    assert len(went) == len(came) == 1
    *_, picked = chosen(twice, lambda project: propose_pick(project, name, 2))
    *_, back = chosen(picked, lambda project: propose_pick(project, name, 1))
    overrides = [len(asset.get("overrides", [])) for asset in tomllib.loads(once)["asset"].values()]
    assert [len(asset.get("overrides", [])) for asset in tomllib.loads(back)["asset"].values()] == overrides


def assert_kept(before: str, after: str) -> None:
    """Nothing but one line was rewritten, and but a few were added."""
    went, came = rewritten(before, after)
    assert len(went) <= 1
    assert len(came) <= 5

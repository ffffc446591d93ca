"""The keys of every golden manifest, as they are now and as they are written: what a release must never change.

Each folder of `tests/golden/keys` is a project; its `keys.json` has, for each profile ("" is none), every action
with its key, its ingredients and the pictures these digests stand for, so that a change can be read.
"""

import json
from pathlib import Path
from typing import Any, cast

from assetforge.model import Action, Link, Paid, Picture
from assetforge.ops.spec import normalised
from assetforge.ops.table import OPS
from assetforge.plan.difference import plain
from assetforge.plan.walk import Walk
from tests.plan.known_pictures import manifest_of, walked

FOLDER = Path(__file__).parent.parent / "golden" / "keys"
NAME = "keys.json"

Keys = dict[str, dict[str, dict[str, Any]]]


def manifests() -> list[Path]:
    """The golden projects, by number."""
    return sorted(path.parent for path in FOLDER.glob("*/assets.toml"))


def given(folder: Path) -> Keys:
    """What a project's actions are now."""
    names = manifest_of(folder).table.profile
    keys = {"": _actions(walked(folder))} | {name: _actions(walked(folder, name)) for name in names}
    return cast(Keys, json.loads(json.dumps(keys)))


def kept(folder: Path) -> Keys:
    """What is written of them; nothing for a new project."""
    file = folder / NAME
    return cast(Keys, json.loads(file.read_text("utf-8")) if file.exists() else {})


def text(keys: Keys) -> str:
    """The written form, one line an ingredient, so that a difference reads as one."""
    rows: list[str] = []
    for profile, actions in keys.items():
        rows.append(f" {json.dumps(profile)}: {{")
        for name, told in actions.items():
            lines = ",\n".join(
                f"   {json.dumps(part)}: {json.dumps(value, ensure_ascii=False)}" for part, value in told.items()
            )
            rows.append(f"  {json.dumps(name, ensure_ascii=False)}: {{\n{lines}\n  }},")
        rows[-1] = rows[-1].removesuffix(",")
        rows.append(" },")
    rows[-1] = rows[-1].removesuffix(",")
    return "{\n" + "\n".join(rows) + "\n}\n"


def first_difference(before: Any, now: Any, name: str = "") -> str:
    """Where two values first differ, and how: `inputs[0].params.width: 64, now 65`; "" where they are equal."""
    if isinstance(before, dict) and isinstance(now, dict):
        parts = [(f"{name}.{key}", before.get(key), now.get(key)) for key in dict.fromkeys([*before, *now])]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        parts = [(f"{name}[{index}]", *pair) for index, pair in enumerate(zip(before, now, strict=True))]
    else:
        return "" if before == now else f"{name.lstrip('.')}: {json.dumps(before)}, now {json.dumps(now)}"
    return next(filter(None, (first_difference(one, other, place) for place, one, other in parts)), "")


def changed(folder: Path) -> list[str]:
    """Every written action that has another key now, with the first ingredient that differs, or that is gone."""
    before, now = kept(folder), given(folder)
    found = []
    for profile, actions in before.items():
        for name, told in actions.items():
            place = f"{folder.name}: {name}" + (f" (profile {profile})" if profile else "")
            present = now.get(profile, {}).get(name)
            if present is None:
                found.append(f"{place} is gone")
            elif present != told:
                order = sorted(told.keys() | present.keys(), key=lambda part: (_rank(part), part))
                before_parts, now_parts = ({part: one.get(part) for part in order} for one in (told, present))
                found.append(f"{place}: {first_difference(before_parts, now_parts)}")
    return found


def _rank(part: str) -> int:
    """What a digest stands for says more than the digest; the key itself says least."""
    return {"from": 0, "mask from": 0, "inputs": 2, "mask": 2, "picture": 2, "key": 3}.get(part, 1)


def _actions(walk: Walk) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (name, number), state in sorted(walk.paid.items()):
        assert state.action is not None, walk.refused.get(name)
        found[f"{name}#{number}"] = _told(state.action) | _inputs(walk, name)
    for name, file in sorted(walk.files.items()):
        assert file.action is not None, walk.refused.get(name)
        assert file.picture is not None
        found[name] = _told(file.action) | {"from": _tree(file.picture)}
    return found


def _told(action: Action) -> dict[str, Any]:
    return {"key": action.key} | {name: plain(value) for name, value in action.ingredients}


def _inputs(walk: Walk, name: str) -> dict[str, Any]:
    step = walk.graph.steps[name]
    assert isinstance(step, Paid)
    told = {"from": [_linked(walk, link) for link in step.pictures]} if step.pictures else {}
    return told | ({"mask from": [_linked(walk, step.mask)]} if isinstance(step.mask, Link) else {})


def _linked(walk: Walk, link: Link) -> Any:
    picture = walk.picture(link)
    assert isinstance(picture, Picture)
    return _tree(picture)


def _tree(picture: Picture) -> Any:
    if picture.media is not None:
        media = picture.media
        return f"{media.format} {media.size} bytes {media.digest[:12]} pixels {media.pixels[:12]}"
    params = json.loads(json.dumps(normalised(picture.params)))
    return [f"{picture.op}@{OPS[picture.op].version}", params, *map(_tree, picture.inputs)]

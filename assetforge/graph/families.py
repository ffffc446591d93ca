"""Families of outputs: sets of files with fixed names and sizes, as `families.toml` beside this has them.

What an entry of the manifest may say to a family, and what each of its files is made by; unaware of how they are
encoded, and of where they lie.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from assetforge.entry import RENDERED
from assetforge.manifest.schema import OutputTable
from assetforge.model import Size
from assetforge.ops.table import OPS
from assetforge.words import did_you_mean

# What the files of a family have of their own.
FIXED = {"width": "sizes", "height": "sizes", "sizes": "sizes", "format": "formats"}
OWN_KEYS = frozenset({*FIXED, "fit", "position", "family", "color"})


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """One file of a family. `mount` is how it gets a ground, None where it has none."""

    name: str
    size: Size
    sizes: tuple[int, ...]
    mount: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Family:
    """A set of files."""

    name: str
    fit: Literal["cover", "contain"]
    files: tuple[FamilyFile, ...]

    @property
    def least(self) -> Size:
        """The size that none of the files is larger than."""
        return Size(max(file.size.width for file in self.files), max(file.size.height for file in self.files))


@cache
def families() -> Mapping[str, Family]:
    """Every family by its name."""
    text = resources.files("assetforge.graph").joinpath("families.toml").read_text("utf-8")
    return {name: _family(name, table) for name, table in tomllib.loads(text).items()}


def _family(name: str, table: Mapping[str, Any]) -> Family:
    files = tuple(
        FamilyFile(file["name"], Size.parse(file["size"]), tuple(file.get("sizes", ())), file.get("mount"))
        for file in table["files"]
    )
    return Family(name, table["fit"], files)


@dataclass(frozen=True, slots=True)
class FamilyFlaw:
    """What is wrong with a key of an entry that names a family."""

    key: str
    message: str
    hint: str


def flaws_of(entry: OutputTable) -> Iterator[FamilyFlaw]:
    """What an entry says that no family listens to."""
    name = entry.family
    if name is None:
        if entry.color is not None:
            hint = "flatten the picture in a step, or leave it out"
            yield FamilyFlaw("color", "`color` says nothing without a `family`", hint)
        return
    if name not in families():
        hint = did_you_mean(name, list(families()), "families")
        yield FamilyFlaw("family", f"there is no family `{name}`", hint)
        return
    for key, what in FIXED.items():
        if getattr(entry, key) is not None:
            told = f"`{key}` says nothing to a family, whose files have {what} of their own"
            yield FamilyFlaw(key, told, "leave it out, or write this file as an output of its own")
    if entry.fit not in (None, "cover", "contain"):
        told = f"a family's files are filled whole, so its `fit` can't be `{entry.fit}`"
        yield FamilyFlaw("fit", told, "use `cover` or `contain`")


@dataclass(frozen=True, slots=True)
class Shaping:
    """How the picture gets into a family's files. `color` is the ground that is asked for, None for the family's."""

    family: Family
    fit: str
    position: Any
    color: str | None

    @classmethod
    def of(cls, entry: OutputTable, chosen: Mapping[str, Any]) -> "Shaping":
        """What an entry without flaws asks for; `chosen` are its settings with the defaults of all outputs, of which
        a `fit` that would leave files half empty is no wish for this one."""
        family = families()[entry.family or ""]
        fit = chosen.get("fit") if chosen.get("fit") in ("cover", "contain") else family.fit
        return cls(family, str(fit), chosen.get("position"), entry.color)

    def enough(self) -> Any:
        """Parameters of `_at_least`, which comes before everything."""
        width, height = self.family.least
        given = {"family": self.family.name, "width": width, "height": height, "one": self.fit == "contain"}
        return OPS["_at_least"].params.model_validate(given)

    def making(self, file: FamilyFile) -> tuple[str, Any] | None:
        """The step that a file is made by before it is scaled and encoded, with its parameters. Raises Invalid."""
        own = {"fit": self.fit, **self._placed()}
        ground = {} if self.color is None else {"color": self._params("flatten", color=self.color).color}
        if file.sizes:  # icon files are padded to a square
            return ("crop", self._params("crop", aspect="1:1", **self._placed())) if self.fit == "cover" else None
        if file.mount is None or not (file.mount or self.color is not None or self.fit == "contain"):
            return None
        sides = {"width": file.size.width, "height": file.size.height}
        return "_mount", self._params("_mount", **{**sides, **own, **ground, **file.mount})

    def settings(self, file: FamilyFile) -> dict[str, Any]:
        """What the output itself asks for: `sizes`, or the size it is scaled to where no step has made it so."""
        if file.sizes:
            return {"sizes": list(file.sizes)}
        if self.making(file) is not None:
            return {}
        return {"width": file.size.width, "height": file.size.height, "fit": self.fit, **self._placed()}

    def _placed(self) -> dict[str, Any]:
        return {} if self.position is None else {"position": self.position}

    def _params(self, op: str, **given: Any) -> Any:
        return OPS[op].params.model_validate(given, context=RENDERED)

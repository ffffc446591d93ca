"""Packages with steps, installed for a test: the example's, and ones of a few lines."""

import os
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.builder import Builder

EXAMPLE = Path(__file__).parent.parent / "examples" / "plugin"
STEP = """\
from assetforge.ops.spec import Op, OpFailed, Params
from assetforge.model import Size
from PIL import Image


class Nothing(Params):
    amount: int = 1


def same(params, pictures):
    return pictures[0]


def as_before(params, sizes):
    return sizes[0]


"""


def install(site: Path, package: str, points: Mapping[str, str], code: str, *, version: str = "1.0") -> Path:
    """A distribution of one module, named as it is, that stands in a folder as an installer would leave it."""
    module = package.replace("-", "_")
    (site / module).mkdir(parents=True, exist_ok=True)
    (site / module / "__init__.py").write_text(code, "utf-8")
    describe(site, package, version, {"assetforge.ops": points})
    return site


def describe(site: Path, package: str, version: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    """What an installer says of a distribution."""
    info = site / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", "utf-8")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")


def install_example(site: Path) -> Path:
    """The example, by what its pyproject.toml says."""
    told = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.copytree(EXAMPLE / "src", site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    describe(site, told["name"], told["version"], told["entry-points"])
    return site


def give(project: Builder, site: Path) -> None:
    """Lets the project's user have what is installed there."""
    project.environ["PYTHONPATH"] = os.pathsep.join([project.env()["PYTHONPATH"], str(site)])

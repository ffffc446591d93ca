"""The README's tour does what it shows, and its two commands can be found by CI."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assetforge.project import load
from tests.pages import Block, blocks

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TOUR = "## Five minutes"


def tour() -> list[Block]:
    """The tour's blocks, in order."""
    lines = README.read_text("utf-8").splitlines()
    start = lines.index(TOUR)
    end = next(number for number, line in enumerate(lines) if number > start and line.startswith("## "))
    return [block for block in blocks(README) if start < block.line <= end]


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines that are shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def loosely(line: str) -> str:
    """A line without what differs from run to run: how long something took, and the room between columns."""
    return re.sub(r"\s+", " ", re.sub(r"[0-9]+(\.[0-9]+)? s\b", "0 s", line)).strip()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A shell that knows the command `assetforge`, and nothing of the user's."""
    shim = tmp_path / "bin" / "assetforge"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m assetforge "$@"\n', "utf-8")
    shim.chmod(0o755)
    return {
        "PATH": f"{shim.parent}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path / "home"),
        "ASSETFORGE_CACHE_DIR": str(tmp_path / "store"),
        "ASSETFORGE_CONFIG_DIR": str(tmp_path / "config"),
    }


def test_tour_does_what_it_shows(tmp_path: Path, environ: dict[str, str]) -> None:
    """Every file is written and every command run, in order, in one folder. Of what is printed, each shown line
    is there, but for durations; where nothing is left out (`...`), there is no other."""
    folder = tmp_path / "tour"
    folder.mkdir()
    ran = 0
    for block in tour():
        name, _, how = block.mark.removeprefix("file: ").partition(", ")
        if block.mark.startswith("file: "):
            with open(folder / name, "a" if how == "continued" else "w", encoding="utf-8") as file:
                file.write("\n" + block.text)
        if block.language != "console":
            continue
        for command, shown in commands(block):
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env=environ,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            printed = sorted(loosely(line) for line in (done.stdout + done.stderr).splitlines())
            expected = sorted(loosely(line) for line in shown if line != "...")
            where = f"{block}: $ {command}\n{done.stdout}{done.stderr}"
            if "..." in shown:
                assert set(expected) <= set(printed), where
            else:
                assert expected == printed, where
            ran += 1
    assert ran >= 10


@pytest.mark.parametrize(("mark", "last"), [("ci: build", "assetforge build"), ("ci: checks", "pytest")])
def test_command_for_ci_is_one_line(mark: str, last: str) -> None:
    (block,) = [block for block in blocks(README) if block.mark == mark]
    (line,) = block.text.splitlines()
    assert line.split(" && ")[-1].endswith(last)


def test_pictures_of_the_readme_are_outputs_of_the_manifest() -> None:
    text = README.read_text("utf-8")
    shown = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text))
    written = {step.path for step in load(ROOT).graph().steps.values() if hasattr(step, "path")}
    shot = {path for path in shown if path.startswith("docs/pictures/looking/")}
    assert all((ROOT / path).is_file() for path in shot)
    shown -= shot  # which are taken of the page itself (tests/browser/screenshots.py)
    assert shown
    assert shown <= written

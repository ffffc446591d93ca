"""A project in a folder for tests of the command line: written, run as a user would, and looked at.

project.write({"assets.toml": "..."}).run("build", "--draft").code == 0
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from assetforge.cli.main import main
from assetforge.digest import digest_bytes

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """What was printed with --json."""
        told: dict[str, Any] = json.loads(self.out)
        return told


@dataclass
class Builder:
    """A folder with a project, and a user with a home, a store and settings of their own."""

    home: Path
    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, files: Mapping[str, str | bytes]) -> Self:
        """Writes files below the root."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def remove(self, name: str) -> Self:
        (self.root / name).unlink()
        return self

    def text(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def files(self) -> dict[str, str]:
        """Every file's digest, by path."""
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {path.relative_to(self.root).as_posix(): digest_bytes(path.read_bytes()) for path in found}

    def env(self, **more: str) -> dict[str, str]:
        """The environment of this user."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "ASSETFORGE_CACHE_DIR": str(self.home / "store"),
            "ASSETFORGE_CONFIG_DIR": str(self.home / "config"),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "sealed"), str(ROOT)]),
            "SEALED_FOLDERS": os.environ.get("SEALED_FOLDERS", ""),
            "COLUMNS": "80",
            "TMPDIR": str(self.home),
            **self.environ,
            **more,
        }

    def start(self, *arguments: str, cwd: str = ".", **env: str) -> "subprocess.Popen[str]":
        """The real command, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "assetforge", *arguments], cwd=self.root / cwd, env=self.env(**env), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def run(self, *arguments: str, cwd: str = ".", **env: str) -> Result:
        """The real command in a process of its own."""
        process = self.start(*arguments, cwd=cwd, **env)
        out, err = process.communicate(timeout=60)
        return Result(process.returncode, out, err)

    def call(self, *arguments: str, cwd: str = ".", **env: str) -> Result:
        """The same in this process, which is quicker."""
        out, err = io.StringIO(), io.StringIO()
        streams = contextlib.ExitStack()
        with self._user(env), contextlib.chdir(self.root / cwd), streams:
            streams.enter_context(contextlib.redirect_stdout(out))
            streams.enter_context(contextlib.redirect_stderr(err))
            code = main(arguments)
        return Result(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def _user(self, env: Mapping[str, str]) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.env(**env))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

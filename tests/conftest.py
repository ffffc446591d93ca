"""What all tests share: Hypothesis without deadlines, since a busy machine is no fault of a law; a user of their own
in place of the real one; and no way to another machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

from tests.builder import Builder
from tests.images_server import ImagesServer
from tests.sealed import sitecustomize as seal

settings.register_profile("assetforge", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "assetforge"))

# The real user's folders, before any test changes where they are looked for.
REAL = {platformdirs.user_config_dir("assetforge"), platformdirs.user_data_dir("assetforge")}
PREFIXES = ("ASSETFORGE_", "OPENAI_", "GITHUB_", "XDG_", "NO_COLOR", "FORCE_COLOR", "HTTP", "http", "ALL_PROXY")

os.environ[seal.FOLDERS] = os.pathsep.join(sorted(REAL))
seal.folders = tuple(sorted(REAL))


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody's home, settings, store, keys and proxies; what the audit hook forbids, it forbids always."""
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ASSETFORGE_CACHE_DIR", str(home / "store"))
    monkeypatch.setenv("ASSETFORGE_CONFIG_DIR", str(home / "config"))


@pytest.fixture
def project(tmp_path: Path) -> Builder:
    """A folder for a project, and a user who has set nothing."""
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Builder(home, root)


@pytest.fixture
def images() -> Iterator[ImagesServer]:
    """A real Images API on this machine."""
    with ImagesServer() as server:
        yield server


@pytest.fixture
def shop(project: Builder, images: ImagesServer) -> Builder:
    """A project whose user has a key for `images`."""
    project.environ |= images.environ
    return project

"""Which kinds of provider there are, and what each may have: trust, a key, or nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.config import Settings, load_settings
from assetforge.errors import UsageError
from assetforge.providers.access import Access, find_access, is_fetchable
from assetforge.providers.catalog import BUILT_IN, keyed_kind, known_kind, open_provider
from assetforge.providers.spec import ProviderTable

RELAY = "https://relay.example/v1"


def settings(tmp_path: Path, **environ: str) -> Settings:
    return load_settings({"ASSETFORGE_CONFIG_DIR": str(tmp_path), **environ})


def access(tmp_path: Path, table: ProviderTable, name: str = "relay", **environ: str) -> Access:
    return find_access(name, table, settings(tmp_path, **environ), environ)


def table(base_url: str = RELAY, api_key_env: str = "RELAY_KEY") -> ProviderTable:
    return ProviderTable(kind="images-api", base_url=base_url, api_key_env=api_key_env)


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Path]:
    """An installed distribution with the kinds `sketch`, `broken`, and one that would shadow `draft`."""
    site = tmp_path / "site"
    info = site / "sketcher-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sketcher\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(
        "[assetforge.providers]\nsketch = sketcher:make\nbroken = sketcher_missing:make\ndraft = sketcher:make\n"
    )
    (site / "sketcher.py").write_text("def make(name, table, access):\n    return name, table.kind, access.key\n")
    sys.path.insert(0, str(site))
    yield site
    sys.path.remove(str(site))
    sys.modules.pop("sketcher", None)


def test_openai_and_draft_exist_without_a_table(tmp_path: Path) -> None:
    openai = open_provider("openai", BUILT_IN["openai"], settings(tmp_path), {"OPENAI_API_KEY": "sk-1"})
    draft = open_provider("draft", BUILT_IN["draft"], settings(tmp_path), {})
    assert (openai.name, openai.kind, openai.concurrency) == ("openai", "images-api", 3)
    assert (draft.name, draft.kind, draft.ready()) == ("draft", "draft", None)
    assert openai.ready() is None


def test_an_unknown_kind_is_refused_with_the_kinds_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no provider kind `imags-api`") as caught:
        open_provider("x", ProviderTable(kind="imags-api"), settings(tmp_path), {})
    assert caught.value.problems[0].hint == "use `draft` or `images-api`"
    assert not known_kind("imags-api")
    with pytest.raises(UsageError):
        keyed_kind("imags-api")


def test_a_plugin_is_loaded_only_when_it_is_opened(tmp_path: Path, plugins: Path) -> None:
    assert known_kind("sketch")
    assert keyed_kind("sketch") == "sketch@2.1"
    assert "sketcher" not in sys.modules
    made: object = open_provider("mine", ProviderTable(kind="sketch"), settings(tmp_path), {"OPENAI_API_KEY": "sk-1"})
    assert made == ("mine", "sketch", "sk-1")


def test_a_plugin_gets_no_key_that_its_origin_is_not_trusted_with(tmp_path: Path, plugins: Path) -> None:
    stolen = ProviderTable(kind="sketch", base_url="https://thief.example/v1", api_key_env="OPENAI_API_KEY")
    made: object = open_provider("mine", stolen, settings(tmp_path), {"OPENAI_API_KEY": "sk-1"})
    assert made == ("mine", "sketch", "")


def test_a_plugin_cannot_shadow_a_built_in_kind(tmp_path: Path, plugins: Path) -> None:
    assert open_provider("draft", BUILT_IN["draft"], settings(tmp_path), {}).kind == "draft"
    assert keyed_kind("draft") == "draft"


def test_a_plugin_that_cannot_be_loaded_is_named(tmp_path: Path, plugins: Path) -> None:
    with pytest.raises(UsageError, match="the provider kind `broken` can't be loaded: ModuleNotFoundError"):
        open_provider("x", ProviderTable(kind="broken"), settings(tmp_path), {})


def test_loading_the_catalog_loads_no_http_client_and_no_picture_library() -> None:
    code = (
        "import sys, assetforge.providers.catalog\n"
        "print([name for name in ('httpx', 'PIL', 'asyncio') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_an_origin_is_asked_only_where_it_is_trusted_outside_the_repository(tmp_path: Path) -> None:
    found = access(tmp_path, table(), RELAY_KEY="k-1")
    assert found.problem is not None
    assert found.problem.message == "`https://relay.example` is not trusted"
    assert found.problem.hint == "run `assetforge trust https://relay.example --key RELAY_KEY`"
    assert found.key == ""
    trusted = access(tmp_path, table(), RELAY_KEY="k-1", ASSETFORGE_TRUST="https://relay.example=RELAY_KEY")
    assert (trusted.problem, trusted.key, trusted.base_url) == (None, "k-1", RELAY)


def test_a_key_goes_only_where_it_was_trusted_to_go(tmp_path: Path) -> None:
    """The origin is trusted, but the manifest names the variable of another key."""
    environ = {"ASSETFORGE_TRUST": "https://relay.example=RELAY_KEY", "OPENAI_API_KEY": "sk-1"}
    found = access(tmp_path, table(api_key_env="OPENAI_API_KEY"), **environ)
    assert found.problem is not None
    assert found.problem.message == "`https://relay.example` is not trusted with `OPENAI_API_KEY`"
    assert found.key == ""


def test_an_origin_is_scheme_host_and_port(tmp_path: Path) -> None:
    for base_url in (
        "https://relay.example:8443/v1",
        "http://relay.example/v1",
        "https://api.relay.example/v1",
    ):
        found = access(tmp_path, table(base_url), RELAY_KEY="k", ASSETFORGE_TRUST="https://relay.example=RELAY_KEY")
        assert found.problem is not None, base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.openai.com\\@thief.example/v1",
        "https://api.openai.com@thief.example/v1",
        "https://api.openai.com/v1?x=1",
        "https://api.openai.com/v1#x",
        "https://api.openai.com /v1",
        "ftp://api.openai.com/v1",
        "api.openai.com/v1",
        "https://api.openai.com:port/v1",
    ],
)
def test_a_url_that_could_be_read_in_two_ways_gets_no_key(tmp_path: Path, base_url: str) -> None:
    found = access(tmp_path, table(base_url, "OPENAI_API_KEY"), OPENAI_API_KEY="sk-1")
    assert found.problem is not None
    assert found.key == ""


def test_plain_http_is_for_this_machine_only(tmp_path: Path) -> None:
    far = access(
        tmp_path,
        table("http://relay.example/v1"),
        RELAY_KEY="k",
        ASSETFORGE_TRUST="http://relay.example=RELAY_KEY",
    )
    assert far.problem is not None
    assert far.problem.message == "`http://relay.example` is not https"
    near = "http://127.0.0.1:8080"
    assert access(tmp_path, table(near), RELAY_KEY="k").problem is not None
    assert access(tmp_path, table(near), RELAY_KEY="k", ASSETFORGE_TRUST=f"{near}=RELAY_KEY").problem is None


@pytest.mark.parametrize(
    ("key", "message"), [("", "`OPENAI_API_KEY` is not set"), ("sk\n1", "`OPENAI_API_KEY` holds")]
)
def test_a_missing_or_broken_key_is_told_without_showing_it(tmp_path: Path, key: str, message: str) -> None:
    found = access(tmp_path, BUILT_IN["openai"], "openai", OPENAI_API_KEY=key)
    assert found.problem is not None
    assert found.problem.message.startswith(message)
    assert "sk" not in found.problem.message


def test_the_base_url_of_the_environment_wins_for_the_provider_named_openai_only(tmp_path: Path) -> None:
    environ = {"OPENAI_BASE_URL": "http://localhost:9/v1/", "OPENAI_API_KEY": "sk-1"}
    assert access(tmp_path, BUILT_IN["openai"], "openai", **environ).base_url == "http://localhost:9/v1"
    assert access(tmp_path, BUILT_IN["openai"], "other", **environ).base_url == "https://api.openai.com/v1"


def test_a_key_is_not_in_what_is_shown_of_its_access(tmp_path: Path) -> None:
    found = access(tmp_path, BUILT_IN["openai"], "openai", OPENAI_API_KEY="sk-secret")
    assert found.key == "sk-secret"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("address", "own", "fetchable"),
    [
        ("93.184.216.34", "93.184.216.35", True),
        ("10.0.0.5", "93.184.216.35", False),
        ("169.254.169.254", "10.0.0.5", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "93.184.216.35", False),
        ("::1", "93.184.216.35", False),
        ("10.0.0.5", "10.0.0.5", True),
    ],
)
def test_a_picture_is_fetched_from_public_addresses_or_the_providers_own(
    address: str, own: str, fetchable: bool
) -> None:
    assert is_fetchable([address], [own]) is fetchable
    assert is_fetchable(["93.184.216.34", address], [own]) is fetchable

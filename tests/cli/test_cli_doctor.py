"""`doctor` says what is well and what is not, with a way out; it changes nothing, and asks only when told to."""

import json
from pathlib import Path

import pytest

from assetforge.report.checkup_store import store_findings
from assetforge.store.note import quarantine
from assetforge.store.notes import Notes
from tests.builder import Builder, Result
from tests.cli.manifests import DRAFTS, HERO
from tests.cli.test_cli_help import loaded
from tests.cli.test_cli_json import EVERY, KEYS
from tests.images_server import KEY_ENV, ImagesServer
from tests.trust.thief import Thief, redirect

SECRET = "sk-doctors-keep-secrets-too"


def levels(told: Result) -> dict[str, str]:
    """What was found, by the words it was told in."""
    return {one["message"]: one["level"] for one in told.object["findings"]}


def level_of(told: Result, words: str) -> str:
    """The level of the one finding that has these words."""
    (level,) = [level for message, level in levels(told).items() if words in message]
    return level


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def models(*listed: dict[str, object]) -> bytes:
    return answer(json.dumps({"object": "list", "data": listed}).encode())


def online(project: Builder, thief: Thief) -> Result:
    """What is found with --online of a provider that gives one answer to everything; the key is never told."""
    environ = {KEY_ENV: SECRET, "OPENAI_BASE_URL": f"{thief.origin}/v1"}
    told = project.write({"assets.toml": HERO}).call("doctor", "--online", "--json", **environ)
    assert SECRET not in told.out + told.err
    return told


# --- offline ---


def test_all_is_well_where_all_is_there(shop: Builder, images: ImagesServer) -> None:
    told = shop.write({"assets.toml": HERO}).call("doctor", "--json")
    assert (told.code, set(levels(told).values())) == (0, {"ok"})
    assert level_of(told, f"`{images.origin}` is trusted with the key in `{KEY_ENV}`") == "ok"
    assert images.key not in told.out


def test_the_object_is_the_documented_one(shop: Builder) -> None:
    told = shop.write({"assets.toml": HERO}).call("doctor", "--json").object
    assert set(told) == EVERY | KEYS["doctor"]
    assert {frozenset(one) for one in told["findings"]} == {frozenset(KEYS["finding"])}


def test_lines_say_the_same_as_the_object(project: Builder) -> None:
    project.write({"assets.toml": HERO})
    text, told = project.call("doctor"), project.call("doctor", "--json")
    assert text.code == told.code == 1
    lines = [line for line in text.out.splitlines() if not line.startswith("      hint: ")]
    assert lines == [f"{one['level']:<4}  {one['subject']}: {one['message']}" for one in told.object["findings"]]
    hints = [one["hint"] for one in told.object["findings"] if one["hint"]]
    assert [line.removeprefix("      hint: ") for line in text.out.splitlines() if line not in lines] == hints
    assert all(one["hint"] for one in told.object["findings"] if one["level"] == "fail")


def test_quiet_tells_only_what_is_not_well(project: Builder) -> None:
    told = project.write({"assets.toml": HERO}).call("doctor", "-q").out
    assert told.startswith(f"fail  provider openai: `{KEY_ENV}` is not set\n")
    assert "\nok" not in told


def test_it_works_without_a_project_and_fails_nobody_for_it(project: Builder) -> None:
    told = project.call("doctor", "--json")
    assert told.code == 0
    assert level_of(told, "there is no assets.toml here") == "ok"
    assert level_of(told, f"`{KEY_ENV}` is not set") == "warn"
    assert "root" not in told.object


def test_no_client_is_loaded_to_ask_nobody(project: Builder) -> None:
    assert "httpx" not in loaded(project, "doctor")


def test_it_asks_nobody_and_makes_nothing(project: Builder) -> None:
    project.write({"assets.toml": HERO})
    before = project.files()
    with Thief() as thief:
        told = project.run("doctor", OPENAI_API_KEY=SECRET, OPENAI_BASE_URL=f"{thief.origin}/v1")
    assert told.code == 0
    assert thief.requests == []
    assert (project.files(), list(project.home.iterdir())) == (before, [])


def test_a_broken_manifest_is_one_line_with_its_place(project: Builder) -> None:
    project.write({"assets.toml": HERO.replace("prompt", "promt") + '[asset.b]\nsource = "@heroo"\n'})
    (line,) = [one for one in project.call("doctor").out.splitlines() if one.startswith("fail  manifest")]
    assert line.startswith("fail  manifest: assets.toml:")
    (one,) = [one for one in project.call("doctor", "--json").object["findings"] if one["subject"] == "manifest"]
    assert (one["level"], one["file"], one["line"] > 0) == ("fail", "assets.toml", True)
    project.write({"assets.toml": "[asset.hero\n"})
    assert project.call("doctor").code == 1


@pytest.mark.parametrize(
    ("file", "text", "environ", "words"),
    [
        ("config.toml", "max_usd_per_bild = 1\n", {}, "max_usd_per_bild"),
        ("config.toml", "max_usd_per_build = [\n", {}, "is not valid TOML"),
        ("trust.json", "[1]", {}, "trust.json can't be read"),
        ("none", "", {"ASSETFORGE_MAX_USD": "much"}, "ASSETFORGE_MAX_USD"),
        ("none", "", {"ASSETFORGE_TRUST": SECRET}, "ASSETFORGE_TRUST"),
    ],
)
def test_wrong_settings_are_told(project: Builder, file: str, text: str, environ: dict[str, str], words: str) -> None:
    project.write({"assets.toml": HERO, f"../home/config/{file}": text})
    told = project.call("doctor", **environ)
    assert told.code == 1
    assert words in told.out
    assert SECRET not in told.out + told.err


@pytest.mark.parametrize(
    ("file", "text", "environ"),
    [
        ("config.toml", "max_usd_per_bild = 1\nconfirm = 2\n", {}),
        ("config.toml", "max_usd_per_build = [\n", {}),
        ("trust.json", "[1]", {}),
        ("none", "", {"ASSETFORGE_MAX_USD": "much"}),
        ("none", "", {"ASSETFORGE_TRUST": SECRET}),
    ],
)
def test_settings_that_are_wrong_are_one_line_and_all_else_is_looked_at(
    shop: Builder, file: str, text: str, environ: dict[str, str]
) -> None:
    shop.write({"assets.toml": HERO, f"../home/config/{file}": text})
    told = shop.call("doctor", "--json", **environ)
    assert told.code == 1
    assert [one["subject"] for one in told.object["findings"] if one["level"] == "fail"] == ["settings"]
    assert all(one["hint"] for one in told.object["findings"] if one["level"] == "fail")
    assert level_of(told, "`assets.toml`: 1 asset,") == "ok"
    assert level_of(told, f"`{KEY_ENV}` is set") == "ok"
    assert level_of(told, "of this month is spent") == "ok"
    knows_limits = file == "trust.json" or "ASSETFORGE_TRUST" in environ
    assert ("a build asks before" in told.out) is ("no limit" in told.out) is knows_limits


def test_a_base_url_from_the_environment_is_told_with_its_name(shop: Builder, images: ImagesServer) -> None:
    told = shop.write({"assets.toml": HERO}).call("doctor", "--json")
    assert level_of(told, f"its base URL is `{images.url}`: so says `OPENAI_BASE_URL`") == "ok"
    told = shop.call("doctor", "--online", "--json", OPENAI_BASE_URL="nonsense")
    assert told.code == 1
    assert level_of(told, "`OPENAI_BASE_URL`: `nonsense` is not an http(s) URL") == "fail"
    assert level_of(told, "`assets.toml`: 1 asset") == "ok"
    assert "is trusted" not in told.out
    secret = shop.call("doctor", OPENAI_BASE_URL=f"https://me:{SECRET}@relay.example/v1")
    assert (secret.code, SECRET in secret.out + secret.err) == (1, False)


def test_assets_are_counted_as_they_are_written(project: Builder) -> None:
    many = '[asset.icon]\nmatrix.what = ["sword", "bow"]\nprompt = "{{ what }}"\noutput = "{{ what }}.png"\n'
    project.write({"assets.toml": HERO + many})
    assert level_of(project.call("doctor", "--json"), "`assets.toml`: 2 assets, 3 instances, ") == "ok"


def test_an_origin_without_trust_fails_where_it_is_used(project: Builder) -> None:
    relay = (
        '[provider.relay]\nkind = "images-api"\nbase_url = "https://relay.example/v1"\napi_key_env = "RELAY_KEY"\n'
    )
    project.write({"assets.toml": relay + DRAFTS + HERO})
    told = project.call("doctor", "--json", RELAY_KEY=SECRET)
    assert (told.code, level_of(told, "`https://relay.example` is not trusted")) == (0, "warn")
    assert level_of(told, "draws here, for nothing") == "ok"
    project.write({"assets.toml": relay + '[defaults]\nprovider = "relay"\n' + HERO})
    told = project.call("doctor", "--json", RELAY_KEY=SECRET)
    assert (told.code, level_of(told, "`https://relay.example` is not trusted")) == (1, "fail")
    (hint,) = [one["hint"] for one in told.object["findings"] if one["level"] == "fail"]
    assert project.call(*hint.split("`")[1].split()[1:]).code == 0
    assert project.call("doctor", RELAY_KEY=SECRET).code == 0
    assert level_of(project.call("doctor", "--json"), "`RELAY_KEY` is not set") == "fail"


@pytest.mark.parametrize(
    ("model", "level", "words"),
    [
        ("gpt-image-2", "ok", "model `gpt-image-2` is known"),
        ("gpt-image-9", "warn", "model `gpt-image-9` is not known here"),
        ("gpt-image-1", "fail", "`gpt-image-1` was shut down on"),
    ],
)
def test_models_and_their_prices_are_told(shop: Builder, model: str, level: str, words: str) -> None:
    told = shop.write({"assets.toml": f'[defaults]\nmodel = "{model}"\n{HERO}'}).call("doctor", "--json")
    assert told.code == (1 if level == "fail" else 0)
    assert level_of(told, words) == level
    assert level_of(told, f"the price of `{model}` is") == ("warn" if model == "gpt-image-9" else "ok")


def test_limits_are_told_with_where_they_come_from(shop: Builder) -> None:
    shop.write({"assets.toml": "[budget]\nmax_usd_per_build = 5.0\nconfirm_usd = 0.5\n" + HERO})
    assert level_of(shop.call("doctor", "--json"), "at most $5.00 (`[budget]` of the manifest)") == "ok"
    told = shop.call("doctor", "--json", ASSETFORGE_MAX_USD="2")
    assert level_of(told, "at most $2.00 (`ASSETFORGE_MAX_USD`)") == "ok"
    shop.write(
        {"../home/config/config.toml": "max_usd_per_build = 1.0\nconfirm_usd = 0.25\nmax_usd_per_month = 0.0\n"}
    )
    told = shop.call("doctor", "--json", ASSETFORGE_MAX_USD="2")
    config = shop.home / "config/config.toml"
    assert level_of(told, f"at most $1.00 (`{config}`)") == "ok"
    assert level_of(told, f"before it spends more than $0.25 (`{config}`)") == "ok"
    assert level_of(told, "of at most $0.00") == "warn"


def test_what_builds_left_is_told_and_left(project: Builder) -> None:
    store = project.home / "store"
    living = Notes.open(store / "inflight")
    living.begin({"step": "a"})
    assert set(levels(project.call("doctor", "--json")).values()) == {"ok", "warn"}
    assert "ended early" not in project.call("doctor").out
    quarantine(living.begin({"step": "b"}), "no picture")
    living.close()
    told = project.call("doctor", "--json")
    assert level_of(told, "1 call of builds that ended early") == "warn"
    assert level_of(told, "in quarantine") == "warn"
    assert told.out == project.call("doctor", "--json").out


def test_a_store_that_can_not_be_is_told(project: Builder) -> None:
    project.write({"file": ""})
    told = project.call("doctor", "--json", ASSETFORGE_CACHE_DIR=str(project.root / "file" / "store"))
    assert told.code == 1
    assert "is not a folder" in told.out


@pytest.mark.parametrize(
    ("mounts", "is_warned"),
    [
        ("/dev/sda1 / ext4 rw 0 0\nserver:/x {0} nfs4 rw 0 0\n", True),
        ("/dev/sda1 / ext4 rw 0 0\n//server/x {0} cifs rw 0 0\n", True),
        ("server:/x {1} fuse.sshfs rw 0 0\n", True),
        ("server:/x / nfs rw 0 0\n/dev/sda1 {0} ext4 rw 0 0\n", False),
        ("server:/x {0}-not nfs rw 0 0\n/dev/sda1 / xfs rw 0 0\n", False),
        ("", False),
        ("nonsense\n\n \n", False),
    ],
)
def test_a_network_file_system_is_warned_of(tmp_path: Path, mounts: str, is_warned: bool) -> None:
    """Of all that a folder is below, the nearest counts; blanks in its name are written as \\040."""
    folder = tmp_path / "a store"
    folder.mkdir()
    listed = tmp_path / "mounts"
    listed.write_text(mounts.format(str(folder).replace(" ", r"\040"), tmp_path))
    found = [one.level for one in store_findings(folder, listed) if "network file system" in one.problem.message]
    assert found == ["warn"] * is_warned


# --- online ---


def test_a_key_that_is_accepted_is_told(shop: Builder, images: ImagesServer) -> None:
    told = shop.write({"assets.toml": HERO}).call("doctor", "--online", "--json")
    assert (told.code, level_of(told, "the key is accepted")) == (0, "ok")
    assert images.calls == []
    refused = shop.call("doctor", "--online", "--json", OPENAI_API_KEY=SECRET)
    assert (refused.code, level_of(refused, "401: the key is refused")) == (1, "fail")


def test_the_list_of_models_is_compared(project: Builder) -> None:
    with Thief(answer=models({"id": "gpt-image-2", "shutdown_date": "2031-05-06"})) as thief:
        told = online(project, thief)
        (request,) = thief.requests
    assert request.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert f"authorization: bearer {SECRET}".encode() in request.lower()
    assert level_of(told, "will shut `gpt-image-2` down on 2031-05-06") == "warn"
    with Thief(answer=models({"id": "another", "shutdown_date": None})) as thief:
        told = online(project, thief)
    assert level_of(told, "`gpt-image-2` is not in the provider's list") == "warn"
    assert told.code == 0


@pytest.mark.parametrize(
    ("sent", "level", "words"),
    [
        (answer(b"{}", "404 Not Found"), "warn", "lists no models"),
        (answer(SECRET.encode(), "403 Forbidden"), "fail", "the key is refused"),
        (answer(SECRET.encode(), "500 Oops"), "fail", "gave no list"),
        (answer(b"<html>"), "warn", "no list of models"),
        (answer(b"[" * 100_000), "warn", "no list of models"),
        (answer(b" " * (2 << 20)), "warn", "over 1 MB"),
        (models({"name": "x"}), "warn", "no list of models"),
        (b"", "fail", "can't be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "fail", "can't be reached"),
    ],
)  # fmt: skip
def test_whatever_is_answered_is_told_in_words(project: Builder, sent: bytes, level: str, words: str) -> None:
    with Thief(answer=sent) as thief:
        told = online(project, thief)
    assert level_of(told, words) == level
    assert told.code == (1 if level == "fail" else 0)


def hint_of(told: Result, words: str) -> str:
    (hint,) = [one["hint"] for one in told.object["findings"] if words in one["message"]]
    return str(hint)


def test_what_to_do_is_told_where_nobody_listens_or_something_else_answers(project: Builder) -> None:
    with Thief(answer=answer(b"{}", "404 Not Found")) as thief:
        told = online(project, thief)
    assert hint_of(told, "404: the provider lists no models") == "check `base_url`, which may lack a /v1, and `query`"
    assert hint_of(online(project, thief), "can't be reached") == "is the server running?"


def test_a_redirect_is_not_followed(project: Builder) -> None:
    with Thief() as other, Thief(answer=redirect(f"{other.origin}/v1/models")) as thief:
        told = online(project, thief)
    assert level_of(told, "the provider redirects") == "fail"
    assert other.requests == []


def test_who_is_not_trusted_is_not_asked(project: Builder) -> None:
    with Thief() as thief:
        relay = f'[provider.relay]\nkind = "images-api"\nbase_url = "{thief.origin}/v1"\n'
        project.write({"assets.toml": relay + '[defaults]\nprovider = "relay"\n' + HERO})
        assert project.call("doctor", "--online", OPENAI_API_KEY=SECRET).code == 1
    assert thief.requests == []

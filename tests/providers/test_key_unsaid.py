"""The key goes to the provider, and to nobody and nothing else."""

import asyncio
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.config import load_settings
from assetforge.providers.access import find_access
from assetforge.providers.images_api import ImagesApi
from assetforge.providers.spec import CallFailed, Delivery, ProviderTable
from tests.providers.calls import (
    FolderNote,
    Waits,
    answering,
    asking,
    fail,
    fail_at,
    open_at,
    order,
    reply,
    serving,
    using_at,
)


def test_the_key_is_in_no_error(tmp_path: Path) -> None:
    """A server may repeat the key in what it says."""
    with serving() as server:
        server.script(status=400, code="odd", message=f"your key {server.key} is fine")
        error = fail(server, tmp_path, order())
    assert str(error) == "400 odd: your key [key] is fine"
    assert server.key not in repr(error.__context__) + repr(error.__cause__)


def test_a_wrong_key_stops_everything_and_is_not_shown(tmp_path: Path) -> None:
    with serving() as server:
        true, server.key = server.key, "another"
        environ = {**server.environ, "OPENAI_API_KEY": true, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        table = ProviderTable(kind="images-api")
        api = ImagesApi("openai", table, find_access("openai", table, load_settings(environ), environ))
        with pytest.raises(CallFailed, match=re.escape("Incorrect API key provided: [key]")) as caught:
            asyncio.run(api.submit(order(), FolderNote(tmp_path / "note"), Waits()))
    assert caught.value.category == "everything"


ECHOES: tuple[Callable[[str], bytes], ...] = (
    lambda key: reply(400, json.dumps({"error": {"code": key, "message": f"your key is {key}"}}).encode()),
    lambda key: reply(400, json.dumps({"error": {"code": "x", "type": key, "message": "a" * 490 + key}}).encode()),
    lambda key: reply(401, json.dumps({"detail": f"bad key {key!r}"}).replace("/", "\\/").encode()),
    lambda key: reply(400, json.dumps({"error": {"message": "a b " + "\u200b".join([key[:1], key[1:]])}}).encode()),
    lambda key: reply(403, f"<p>{html.escape(key)}".encode(), content_type="text/html"),
    lambda key: reply(400, json.dumps({"detail": html.escape(key)}).encode()),
    lambda key: reply(400, json.dumps({"detail": quote(quote(key, safe=""))}).encode()),
    lambda key: reply(451, json.dumps({"error": {"moderation_details": {"categories": [key]}}}).encode()),
    lambda key: reply(418, b"", content_type=quote(key)),
    lambda key: reply(302, location=f"https://{quote(key, safe='')}.example/"),
    lambda key: reply(200, json.dumps({"error": {"message": key}}).encode()),
    lambda key: reply(200, json.dumps({"data": [{"url": f"ftp://x/{key}"}], "usage": {key: 3}}).encode()),
    lambda key: reply(200, json.dumps({"data": [{"b64_json": "!"}]}).encode(), x_request_id=key),
)


@settings(max_examples=60)
@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12, max_size=60), st.sampled_from(ECHOES)
)
def test_no_server_can_make_us_repeat_the_key(
    tmp_path_factory: pytest.TempPathFactory, key: str, echo: Callable[[str], bytes]
) -> None:
    """Whatever it looks like, wherever it is said, and however it is escaped there."""
    folder, waits = tmp_path_factory.mktemp("key"), Waits()
    with answering(echo(key)) as (url, requests), pytest.raises(CallFailed) as caught:
        using_at(url, folder, asking(order(), waits), key=key)
    assert key.encode() in requests[0]
    error = caught.value
    said = [str(error), repr(error), repr(error.hint), error.reason, repr(error.__context__), repr(error.answer)]
    said += [error.hint or "", *(retry.reason for retry in waits.retries), *((error.answer or Delivery(())).usage)]
    said += [*(error.answer or Delivery(())).faults, (error.answer or Delivery(())).request]
    said += map(str, FolderNote(folder / "note").facts.get("headers", {}).values())
    for escaped in (key, json.dumps(key)[1:-1], repr(key)[1:-1], html.escape(key), quote(key, safe=""), quote(key)):
        assert all(escaped not in each for each in said)


def test_a_key_is_not_left_on_the_disk_by_an_answer_that_repeats_it(tmp_path: Path) -> None:
    """A body that can't be used is kept, and shown to those who sold it. The key may fall on a seam."""
    key = "sk-test-2f6c1e7ad94b"
    body = b"<html>" + b"-" * 65_400 + (b"your key " + key.encode() + b" ") * 20_000 + key.encode()[:9]
    with answering(reply(200, body)) as (url, _):
        fail_at(url, tmp_path, key=key)
    kept = (tmp_path / "note" / "body").read_bytes()
    assert key.encode() not in kept
    assert kept == body.replace(key.encode(), b"*" * len(key))


def test_a_provider_does_not_show_its_key(tmp_path: Path) -> None:
    api = open_at("http://127.0.0.1:9/v1", tmp_path)
    assert "2f6c1e7ad94b" not in repr(api) + repr(vars(api))

"""A call that gives nothing: what is asked again, what is not, and what is said of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from assetforge.providers.images_api import ImagesApi
from assetforge.providers.spec import CallFailed, Delivery, Retry
from tests.providers.calls import (
    FolderNote,
    Waits,
    answering,
    ask,
    asking,
    digests,
    fail,
    fail_at,
    order,
    reply,
    serving,
    using_at,
)


def test_what_passes_is_asked_again_after_the_wait_that_was_asked_for(tmp_path: Path) -> None:
    """Each try is admitted, and the build is told before it waits."""

    async def work(api: ImagesApi, note: FolderNote) -> Delivery:
        await api.submit(order(), note, waits)
        return await api.collect(note)

    waits = Waits()
    with serving() as server:
        server.script(status=429, code="rate_limit_exceeded", headers={"retry-after": "7"})
        server.script(status=503, body=b"busy", content_type="text/plain")
        server.script(status=500, code=None)
        delivery = using_at(server.url, tmp_path, work, waits=waits)
    assert [call.status for call in server.calls] == [429, 503, 500, 200]
    assert waits.slept == [7.0, 4.0, 8.0]
    assert waits.told == ["admit", "again", "sleep"] * 3 + ["admit"]
    assert waits.retries[0].reason == "429 rate_limit_exceeded: scripted"
    assert [(retry.crowded, retry.doubtful) for retry in waits.retries] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert digests(delivery) == server.calls[-1].images
    assert FolderNote(tmp_path / "note").facts["doubtful"] == 1


def test_the_note_counts_a_doubtful_try_before_the_build_hears_of_it(tmp_path: Path) -> None:
    class Counting(Waits):
        def again(self, retry: Retry) -> None:
            counted.append(FolderNote(tmp_path / "note").facts.get("doubtful", 0))

    counted: list[int] = []
    with serving() as server:
        server.script(status=500, code=None, times=2)
        using_at(server.url, tmp_path, asking(order(), Counting()))
    assert counted == [1, 2]


def test_a_request_leaves_only_when_it_is_admitted(tmp_path: Path) -> None:
    class Closed(Waits):
        async def admit(self) -> None:
            raise CallFailed("stop", "the build is over")

    with serving() as server:
        with pytest.raises(CallFailed, match="the build is over"):
            using_at(server.url, tmp_path, asking(order(), Closed()))
        assert not server.calls


def test_a_build_that_does_not_want_another_try_has_none(tmp_path: Path) -> None:
    class Spent(Waits):
        def again(self, retry: Retry) -> None:
            raise CallFailed("maybe_billed", f"{retry.reason}; no money is left")

    with serving() as server:
        server.script(status=500, code=None, times=9)
        with pytest.raises(CallFailed, match="no money is left"):
            using_at(server.url, tmp_path, asking(order(), Spent()))
    assert len(server.calls) == 1


def test_a_third_plain_500_may_have_been_billed(tmp_path: Path) -> None:
    with serving() as server:
        server.script(status=500, code=None, times=9)
        error = fail(server, tmp_path, order())
    assert error.category == "maybe_billed"
    assert len(server.calls) == 3


def test_what_may_have_been_billed_is_never_asked_again_unseen(tmp_path: Path) -> None:
    """Whether the table wants it is for the build to see, which counts the price."""
    with serving() as server:
        server.script(drop="after")
        error = fail(server, tmp_path, order(), retry_maybe_billed=5)
    assert error.category == "maybe_billed"
    assert len(server.calls) == 1


def test_what_the_server_wants_of_retries_is_its_own_affair(tmp_path: Path) -> None:
    with serving() as server:
        server.script(status=502, headers={"x-should-retry": "true"})
        assert fail(server, tmp_path, order()).category == "maybe_billed"
        server.script(status=429, code="slow_down", headers={"x-should-retry": "false"})
        ask(server, tmp_path / "more", order())
    assert [call.status for call in server.calls] == [502, 429, 200]


def test_six_tries_are_the_most(tmp_path: Path) -> None:
    with serving() as server:
        server.script(status=429, code="slow_down", times=9)
        error = fail(server, tmp_path, order())
    assert error.category == "passing"
    assert str(error) == "429 slow_down: scripted (6 tries)"
    assert len(server.calls) == 6


@pytest.mark.parametrize(
    ("scripted", "category"),
    [
        ({"status": 400, "code": "moderation_blocked"}, "refused"),
        ({"status": 429, "code": "insufficient_quota"}, "everything"),
        ({"status": 401, "code": "invalid_api_key"}, "everything"),
        ({"status": 404}, "stop"),
        ({"status": 307, "headers": {"location": "/v1/images/generations"}}, "stop"),
        ({"status": 502, "body": b"<html>", "content_type": "text/html"}, "maybe_billed"),
        ({"status": 500, "body": b"<html>", "content_type": "text/html"}, "maybe_billed"),
        ({"status": 524}, "maybe_billed"),
        ({"status": 408}, "maybe_billed"),
        ({"drop": "before"}, "maybe_billed"),
        ({"drop": "after"}, "maybe_billed"),
        ({"drop": "within"}, "maybe_billed"),
        ({"body": b""}, "maybe_billed"),
        ({"body": b"<html>not yet</html>", "content_type": "text/html"}, "maybe_billed"),
        ({"body": b'{"created": 1, "data": []}'}, "maybe_billed"),
        ({"body": b'{"data": [{"b64_json": "string!"}]}'}, "maybe_billed"),
        ({"body": b'{"error": {"code": "odd", "message": "?"}}'}, "maybe_billed"),
        ({"body": b'{"error": {"code": "moderation_blocked", "message": "no"}}'}, "refused"),
    ],
)
def test_nothing_else_is_asked_twice(tmp_path: Path, scripted: dict[str, Any], category: str) -> None:
    with serving() as server:
        server.script(**scripted)
        error = fail(server, tmp_path, order())
    assert error.category == category
    assert len(server.calls) == 1


def test_an_error_under_a_success_that_passes_is_asked_again(tmp_path: Path) -> None:
    with serving() as server:
        server.script(body=b'{"error": {"code": "slow_down", "message": "wait"}, "data": []}')
        delivery = ask(server, tmp_path, order())
    assert digests(delivery) == server.calls[1].images


def test_a_time_out_may_have_been_billed(tmp_path: Path) -> None:
    with serving() as server:
        server.script(latency=5)
        error = fail(server, tmp_path, order(), timeout_seconds=0.2)
    assert error.category == "maybe_billed"
    assert str(error) == "no answer within 0.2 s"
    assert len(server.calls) == 1


def test_a_body_that_is_cut_off_gives_its_complete_images(tmp_path: Path) -> None:
    with serving() as server:
        server.script(drop="within", reshape=lambda body: body | {"filler": "x" * 600_000})
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert digests(delivery) == server.calls[0].images
    assert FolderNote(tmp_path / "note").facts["truncated"] is True


def test_a_server_that_is_not_there_costs_nothing_and_is_waited_for_once(tmp_path: Path) -> None:
    """What else waits for it need not wait as long for the same."""
    waits = Waits()
    with serving() as server:
        pass
    with pytest.raises(CallFailed) as caught:
        using_at(server.url, tmp_path, asking(order(), waits))
    error = caught.value
    assert (error.category, error.reason) == ("stop", "")
    assert str(error).startswith(f"`{server.origin}` can't be reached: ")
    assert str(error).endswith(" (6 tries)")
    assert error.hint == "start the server, or check `base_url`"
    assert all(retry.crowded and not retry.doubtful for retry in waits.retries)
    assert len(waits.retries) == 5


def test_a_proxy_that_refuses_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(reply(403)) as (url, requests):
        monkeypatch.setenv("HTTPS_PROXY", url.removesuffix("/v1"))
        error = fail_at("https://relay.example/v1", tmp_path)
    assert error.category == "stop"
    assert str(error).startswith("`https://relay.example` can't be reached: 403")
    assert error.hint == "check `HTTPS_PROXY`, and what your proxy lets through"
    assert all(b"sk-test" not in request for request in requests)


def test_a_proxy_that_is_none_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:secret@127.0.0.1:9")
    waits = Waits()
    with pytest.raises(CallFailed) as caught:
        using_at("https://relay.example/v1", tmp_path, asking(order(), waits))
    assert (caught.value.category, waits.told) == ("stop", [])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "told", "hint"),
    [
        (
            "https://other.example/v1/images/generations?token=t",
            "307: the provider redirects to `https://other.example`",
            "set `base_url` to where it leads",
        ),
        (
            "//[key].example:8443/x",
            "307: the provider redirects to `https://[key].example:8443`",
            "set `base_url` to where it leads",
        ),
        ("https://a@b/", "307: the provider redirects", "check `base_url` and `model`"),
        ("https://[", "307: the provider redirects", "check `base_url` and `model`"),
    ],
)
def test_a_redirect_is_told_of_and_not_followed(tmp_path: Path, location: str, told: str, hint: str) -> None:
    key = "sk-test-2f6c1e7ad94b"
    location = location.replace("//[key]", f"https://{key}")
    with answering(reply(307, location=location)) as (url, requests):
        error = fail_at(url, tmp_path, key=key)
    assert (error.category, str(error), error.hint) == ("stop", told, hint)
    assert len(requests) == 1


def test_the_reason_of_a_refusal_is_its_status_and_code(tmp_path: Path) -> None:
    with serving() as server:
        server.script(status=400, code="invalid_value", message="one thing")
        first = fail(server, tmp_path, order())
        server.script(status=400, code="invalid_value", message="another thing")
        second = fail(server, tmp_path, order())
    assert first.reason == second.reason == "400 invalid_value"
    assert not first.moderation


def test_a_moderation_is_told_with_stage_and_categories(tmp_path: Path) -> None:
    details = {"moderation_stage": "output", "categories": ["sexual", "violence"]}
    error_body = {"code": "moderation_blocked", "type": "image_generation_user_error", "message": "No."}
    body = json.dumps({"error": error_body | {"moderation_details": details}}).encode()
    with answering(reply(400, body)) as (url, _):
        error = fail_at(url, tmp_path)
    assert (error.category, error.moderation, error.reason) == ("refused", True, "400 moderation_blocked")
    assert str(error) == "400 moderation_blocked: No (stage: output; categories: sexual, violence)"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>not yet</html>", "the answer is an HTML page"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>\n<title>Log in</title>", "the answer is an HTML page"),
        (b"<?xml version='1.0'?><error/>", "the answer is cut off, or is not JSON"),
        (b'{"data": [{"b64_json": "', "the answer is cut off, or is not JSON"),
        (b"", "the answer is cut off, or is not JSON"),
    ],
)
def test_a_page_under_a_status_of_success_is_told_as_one(tmp_path: Path, body: bytes, told: str) -> None:
    with serving() as server:
        server.script(body=body)
        error = fail(server, tmp_path, order())
    assert (error.category, str(error)) == ("maybe_billed", told)

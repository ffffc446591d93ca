"""Every named fault can be had, and is what its name says."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from assetforge.errors import UsageError
from assetforge.simulate.faults import FAULTS, KINDS
from assetforge.simulate.limits import Limits
from assetforge.simulate.script import Script, choose, read_script
from tests.images_server import ImagesServer
from tests.simulate.speaking import generate, picture

QUOTA = "insufficient_quota"
# Status, code and type, by the vendor's table of errors.
ENVELOPES: dict[str, tuple[int, str | None, str]] = {
    "invalid_value": (400, "invalid_value", "image_generation_user_error"),
    "invalid_input_fidelity_model": (400, "invalid_input_fidelity_model", "invalid_request_error"),
    "unknown_parameter": (400, "unknown_parameter", "invalid_request_error"),
    "invalid_type": (400, "invalid_type", "invalid_request_error"),
    "duplicate_parameter": (400, "duplicate_parameter", "invalid_request_error"),
    "invalid_image_file": (400, "invalid_image_file", "invalid_request_error"),
    "moderation_blocked": (400, "moderation_blocked", "image_generation_user_error"),
    "moderation_blocked_output": (400, "moderation_blocked", "image_generation_user_error"),
    "content_policy_violation": (400, "content_policy_violation", "invalid_request_error"),
    "billing_hard_limit_reached": (400, "billing_hard_limit_reached", "invalid_request_error"),
    "invalid_api_key": (401, "invalid_api_key", "invalid_request_error"),
    "organization_not_verified": (403, None, "invalid_request_error"),
    "request_timeout": (408, None, "invalid_request_error"),
    "conflict": (409, None, "invalid_request_error"),
    "rate_limit_exceeded": (429, "rate_limit_exceeded", "requests"),
    "slow_down": (429, "slow_down", "invalid_request_error"),
    "insufficient_quota": (429, "insufficient_quota", QUOTA),
    "credit_balance_exhausted": (429, "credit_balance_exhausted", QUOTA),
    "organization_spend_limit_exceeded": (429, "organization_spend_limit_exceeded", QUOTA),
    "project_spend_limit_exceeded": (429, "project_spend_limit_exceeded", QUOTA),
    "organization_usage_limit_exceeded": (429, "organization_usage_limit_exceeded", QUOTA),
    "gateway_quota": (429, "429", "throttling_error"),
    "refused_451": (451, "content_refused", "invalid_request_error"),
    "server_error": (500, None, "server_error"),
    "overloaded": (503, "overloaded", "server_error"),
}
BODIES: dict[str, tuple[int, str]] = {
    "detail": (422, "application/json"),
    "error_as_text": (400, "application/json"),
    "redirect": (307, "application/json"),
    "server_error_text": (500, "text/plain"),
    "bad_gateway": (502, "text/html"),
    "gateway_timeout": (504, "text/html"),
    "timeout_524": (524, "text/html"),
    "html": (200, "text/html"),
    "truncated": (200, "application/json"),
    "empty_body": (200, "application/json"),
    "empty_data": (200, "application/json"),
    "error_under_200": (200, "application/json"),
}
DROPS = {"drop_before": 0, "drop_after": 1, "drop_within": 1}
DELIVERED = {
    "not_an_image", "wrong_size", "wrong_format", "broken_base64", "data_url", "fewer_images", "links", "no_usage",
    "zero_usage", "slow", "dead_link",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def failing(server: ImagesServer, fault: str, **fields: Any) -> httpx.Response:
    """The answer to a call that has this fault."""
    server.script(fault=fault)
    response = generate(server, **fields)
    assert server.calls[-1].fault == fault
    return response


def test_every_fault_is_tried_here() -> None:
    assert ENVELOPES.keys() | BODIES.keys() | DROPS.keys() | DELIVERED == FAULTS.keys()


@pytest.mark.parametrize("fault", ENVELOPES)
def test_a_failure_has_the_envelope_of_its_row(server: ImagesServer, fault: str) -> None:
    response = failing(server, fault)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == ENVELOPES[fault]
    assert error["message"]
    # What a server did before it gave up is billed, whatever the caller hears.
    assert bool(server.calls[-1].images) == (fault == "request_timeout")


@pytest.mark.parametrize("fault", BODIES)
def test_a_body_is_not_what_it_should_be(server: ImagesServer, fault: str) -> None:
    response = failing(server, fault)
    assert (response.status_code, response.headers["content-type"]) == BODIES[fault]
    if response.headers["content-type"] != "application/json" or fault in ("truncated", "empty_body", "redirect"):
        with pytest.raises(ValueError, match=r".+"):
            response.json()
    else:
        assert not response.json().get("data")


@pytest.mark.parametrize("fault", DROPS)
def test_a_connection_is_lost(server: ImagesServer, fault: str) -> None:
    server.script(fault=fault)
    with pytest.raises(httpx.TransportError):
        generate(server)
    assert len(server.calls[-1].images) == DROPS[fault]
    assert (server.calls[-1].cost == 0) == (DROPS[fault] == 0)


@pytest.mark.parametrize("fault", ["rate_limit_exceeded", "slow_down"])
def test_a_crowded_server_says_when_to_come_back(server: ImagesServer, fault: str) -> None:
    headers = failing(server, fault).headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "1000")


@pytest.mark.parametrize(
    ("fault", "stage"), [("moderation_blocked", "input"), ("moderation_blocked_output", "output")]
)
def test_moderation_says_at_which_stage(server: ImagesServer, fault: str, stage: str) -> None:
    error = failing(server, fault).json()["error"]
    assert error["moderation_details"]["moderation_stage"] == stage
    assert "safety_violations=[" in error["message"]


def test_a_redirect_leads_elsewhere(server: ImagesServer) -> None:
    assert not failing(server, "redirect").headers["location"].startswith(server.origin)


# --- pictures that are not as asked ---


def test_another_size(server: ImagesServer) -> None:
    assert picture(failing(server, "wrong_size").json()["data"][0]).size == (1254, 1254)


@pytest.mark.parametrize(("asked", "made"), [("png", "JPEG"), ("webp", "PNG")])
def test_another_format(server: ImagesServer, asked: str, made: str) -> None:
    assert picture(failing(server, "wrong_format", output_format=asked).json()["data"][0]).format == made


def test_no_picture(server: ImagesServer) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        picture(failing(server, "not_an_image").json()["data"][0])
    assert server.calls[-1].images


def test_broken_text(server: ImagesServer) -> None:
    with pytest.raises(ValueError, match="base64"):
        picture(failing(server, "broken_base64").json()["data"][0])


def test_a_prefix(server: ImagesServer) -> None:
    text = failing(server, "data_url").json()["data"][0]["b64_json"]
    prefix, _, rest = text.partition(",")
    assert prefix == "data:image/png;base64"
    assert picture({"b64_json": rest}).size == (1024, 1024)


@pytest.mark.parametrize(("asked", "made"), [(3, 2), (1, 0)])
def test_fewer_than_asked(server: ImagesServer, asked: int, made: int) -> None:
    assert len(failing(server, "fewer_images", n=asked).json()["data"]) == made
    assert len(server.calls[-1].images) == made


def test_usage_left_out_or_made_up(server: ImagesServer) -> None:
    assert "usage" not in failing(server, "no_usage").json()
    assert failing(server, "zero_usage").json()["usage"]["total_tokens"] == 0
    assert server.calls[-1].cost


def test_links_in_place_of_pictures(server: ImagesServer) -> None:
    url = failing(server, "links").json()["data"][0]["url"]
    assert httpx.get(server.origin + url).status_code == 200
    assert httpx.get(server.origin + url + "0").status_code == 404


def test_a_link_that_dies(server: ImagesServer) -> None:
    """Cut off, then missing, then over for good; the picture was drawn and is billed."""
    url = server.origin + failing(server, "dead_link").json()["data"][0]["url"]
    assert server.calls[-1].cost
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    assert [httpx.get(url).status_code for _ in range(3)] == [404, 403, 403]
    assert generate(server).json()["data"][0]["b64_json"]


def test_a_slow_answer_is_a_right_one(server: ImagesServer) -> None:
    server.script(**{**vars(FAULTS["slow"]), "latency": 0.01})
    assert picture(generate(server).json()["data"][0]).size == (1024, 1024)


# --- who gets which ---


def faults_of(script: Script, prompts: list[str]) -> list[str]:
    return [script.take(prompt).name for prompt in prompts]


def test_a_fault_waits_for_the_prompt_it_names() -> None:
    queued = read_script('[{"fault": "slow_down", "match": "ship", "times": 2}, {"fault": "html"}]', "f")
    told = faults_of(Script(queued), ["a ship", "a tree", "a ship", "a ship"])
    assert told == ["slow_down", "html", "slow_down", ""]


@pytest.mark.parametrize("rate", [0.0, 0.2, 1.0])
def test_chance_has_its_share_and_a_seed_its_order(rate: float) -> None:
    prompts = ["x"] * 2_000
    first, second = (faults_of(Script(rate=rate, chosen=choose([]), seed=5), prompts) for _ in range(2))
    assert first == second
    hit = len([name for name in first if name])
    assert math.isclose(hit, rate * len(prompts), abs_tol=100 if 0 < rate < 1 else 0)


def test_by_default_what_goes_wrong_passes_or_may_be_billed() -> None:
    assert {fault.kind for fault in choose([])} == {"passing", "maybe-billed"}
    assert {fault.kind for fault in choose(KINDS)} == set(KINDS)
    assert [fault.name for fault in choose(["html", "html"])] == ["html"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{", "`f` is not valid JSON", None),
        ("{}", "`f` is not a list", "write it like"),
        ("[1]", "entry 1 of `f` names no fault", "write it like"),
        ('[{"match": "x"}]', "entry 1 of `f` names no fault", "write it like"),
        ('[{"fault": "html"}, {"fault": "htlm"}]', "entry 2 of `f` names an unknown fault `htlm`", "`html`"),
        ('[{"fault": "html", "time": 2}]', "entry 1 of `f` has an unknown field `time`", "`times`"),
        ('[{"fault": "html", "times": 0}]', "`times` in entry 1 of `f` is not a whole number from 1", None),
        ('[{"fault": "html", "times": true}]', "`times` in entry 1 of `f` is not a whole number from 1", None),
        ('[{"fault": "html", "match": 2}]', "`match` in entry 1 of `f` is not text", None),
    ],
)
def test_a_wrong_script_is_told(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        read_script(text, "f")
    assert str(caught.value).startswith(message)
    told = caught.value.problems[0].hint
    assert told is None if hint is None else hint in (told or "")


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(UsageError, match="there is no fault or kind `pasing`") as caught:
        choose(["pasing"])
    hint = caught.value.problems[0].hint or ""
    assert [name for name in (*KINDS, *FAULTS) if f"`{name}`" not in hint] == []


# --- limits ---


def test_a_limit_lets_a_minutes_worth_through_and_then_fills_evenly() -> None:
    limits = Limits(images=5)
    assert [limits.admit(1, 100.0) for _ in range(5)] == [None] * 5
    refused = limits.admit(1, 100.0)
    assert refused is not None
    assert refused.seconds == pytest.approx(12)
    assert refused.headers["retry-after"] == "12"
    assert "Limit 5, Used 5, Requested 1. Please try again in 12.0s." in refused.message
    assert limits.admit(1, 112.0) is None
    assert limits.admit(1, 112.0) is not None
    assert limits.admit(5, 172.0) is None


def test_what_is_refused_takes_nothing() -> None:
    limits = Limits(requests=2, images=3)
    assert limits.admit(4, 0.0) is not None
    assert limits.admit(3, 0.0) is None
    refused = limits.admit(1, 0.0)
    assert refused is not None
    assert "on images per min" in refused.message


def test_no_limit_is_none() -> None:
    assert [Limits().admit(10, 0.0) for _ in range(100)] == [None] * 100


def test_a_limit_is_answered_as_the_api_does() -> None:
    with ImagesServer(images=2) as server:
        assert generate(server, n=2).status_code == 200
        refused = generate(server)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["type"]) == (429, "rate_limit_exceeded", "requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert refused.headers["x-ratelimit-limit-images"] == "2"
        assert server.calls[-1].images == ()


def test_a_fault_may_be_changed_by_whoever_scripts_it(server: ImagesServer) -> None:
    server.script(fault="slow_down", headers={"retry-after": "90"}, times=2)
    assert [generate(server).headers.get("retry-after") for _ in range(3)] == ["90", "90", None]
    assert json.loads(replace(FAULTS["slow_down"], message="later").sent)["error"]["message"] == "later"

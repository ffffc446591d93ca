"""What a failed call means, and how long is waited."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.providers.retry import (
    MAX_TRIES,
    MAX_WAITING,
    Tries,
    Verdict,
    after_wait,
    asked_wait,
    classify,
    giving_up,
    next_wait,
)


def envelope(code: str | None = None, kind: str | None = None, message: str = "words") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "category"),
    [
        (429, envelope("rate_limit_exceeded", "requests"), "passing"),
        (429, envelope("slow_down"), "passing"),
        (429, None, "passing"),
        (503, None, "passing"),
        (500, envelope(None, "server_error"), "passing"),
        (500, None, "maybe_billed"),
        (400, envelope("moderation_blocked", "image_generation_user_error"), "refused"),
        (400, envelope("content_policy_violation"), "refused"),
        (400, envelope("invalid_value", "image_generation_user_error"), "refused"),
        (400, envelope("unknown_parameter", "invalid_request_error"), "refused"),
        (413, None, "refused"),
        (422, {"detail": [{"msg": "no"}]}, "refused"),
        (451, None, "refused"),
        (404, envelope("model_not_found"), "stop"),
        (405, None, "stop"),
        (308, None, "stop"),
        (400, envelope("billing_hard_limit_reached", "invalid_request_error"), "everything"),
        (401, envelope("invalid_api_key"), "everything"),
        (402, None, "everything"),
        (402, envelope("402", None, "This request requires more credits"), "everything"),
        (403, envelope("content_policy_violation"), "refused"),
        (400, envelope("content_filter", None, "The response was filtered"), "refused"),
        (400, envelope("contentFilter"), "refused"),
        (400, envelope("429", "throttling_error", "You exceeded your current quota"), "everything"),
        (429, envelope("never_heard_of"), "passing"),
        (429, {"code": "slow_down", "message": "no envelope"}, "passing"),
        (200, {"code": "insufficient_quota", "message": "no envelope"}, "everything"),
        (403, envelope(None, "invalid_request_error", "Your organization must be verified"), "everything"),
        (429, envelope("insufficient_quota", "insufficient_quota"), "everything"),
        (429, envelope("credit_balance_exhausted", "insufficient_quota"), "everything"),
        (429, envelope(None, "insufficient_quota"), "everything"),
        (408, None, "maybe_billed"),
        (409, envelope(), "maybe_billed"),
        (502, None, "maybe_billed"),
        (504, envelope(), "maybe_billed"),
        (524, None, "maybe_billed"),
        (200, None, "maybe_billed"),
        (200, envelope("moderation_blocked"), "refused"),
    ],
)
def test_a_failure_is_told_by_code_then_type_then_message_then_status(
    status: int, body: dict[str, Any] | None, category: str
) -> None:
    assert classify(status, body).category == category


def test_a_gateway_that_rewrites_the_code_is_seen_through() -> None:
    """LiteLLM makes the code the status, and the type `throttling_error`; only the message stays."""
    body = envelope("429", "throttling_error", "RateLimitError: You exceeded your current quota, check your plan")
    assert classify(429, body).category == "everything"
    assert classify(429, envelope("429", "throttling_error", "Too many requests")).category == "passing"
    blocked = envelope("400", None, "Your request was rejected by the safety system. safety_violations=[sexual]")
    assert classify(400, blocked).category == "refused"


AZURE = {
    "code": "contentFilter",
    "message": "Your task failed as a result of our safety system.",
    "inner_error": {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_results": {
            "sexual": {"filtered": True, "severity": "high"},
            "hate": {"filtered": False, "severity": "safe"},
        },
    },
}


@pytest.mark.parametrize(
    ("status", "body", "unfit"),
    [
        (400, envelope("moderation_blocked"), True),
        (400, envelope("content_policy_violation"), True),
        (400, {"error": AZURE}, True),
        (400, {"error": AZURE | {"code": "400", "message": "no"}}, True),
        (400, envelope("400", None, "The prompt triggered Azure OpenAI's content management policy."), True),
        (400, envelope(None, "image_generation_user_error", "rejected by the safety system"), True),
        (400, envelope("400", None, "safety_violations=[sexual]"), True),
        (451, None, True),
        (451, envelope("odd"), True),
        (400, envelope("invalid_value", "image_generation_user_error", "see our content policy"), False),
        (400, envelope("unknown_parameter"), False),
        (422, {"detail": "no prompt"}, False),
        (429, envelope("slow_down", None, "the safety system is busy"), False),
        (404, None, False),
    ],
)
def test_a_moderation_is_told_from_other_refusals(status: int, body: dict[str, Any] | None, unfit: bool) -> None:
    assert classify(status, body).moderation is unfit


def test_what_was_found_unfit_is_told() -> None:
    assert classify(400, {"error": AZURE}).message == (
        "400 contentFilter: Your task failed as a result of our safety system (categories: sexual)"
    )
    odd = envelope("moderation_blocked") | {}
    strange: tuple[Any, ...] = (
        None,
        [],
        "x",
        {"moderation_stage": ["a"], "categories": "b"},
        {"categories": [1, None]},
    )
    for details in strange:
        odd["error"]["moderation_details"] = details
        assert classify(400, odd).message.startswith("400 moderation_blocked: words")


def test_too_much_at_once_is_told_from_what_only_passes() -> None:
    assert classify(429, None).crowded
    assert classify(503, envelope("slow_down")).crowded
    assert not classify(503, None).crowded
    assert not classify(500, envelope()).crowded
    assert not classify(429, envelope("insufficient_quota")).crowded


def test_a_code_is_read_whatever_its_case_or_type() -> None:
    assert classify(400, envelope("Moderation_Blocked")).moderation
    assert classify(429, {"error": {"code": 429, "message": "slow"}}).category == "passing"


def test_a_secret_is_veiled_before_the_words_are_cut() -> None:
    verdict = classify(400, envelope("sk-1", message="x" * 498 + "sk-1"), veil=lambda said: said.replace("sk-1", "*"))
    assert verdict.message == f"400 *: {'x' * 498}*"
    assert verdict.reason == "400 *"


def test_a_code_outranks_what_the_message_says() -> None:
    assert classify(400, envelope("moderation_blocked", message="exceeded your current quota")).category == "refused"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (envelope("moderation_blocked", message="No.\n\tReally"), "400 moderation_blocked: No. Really"),
        (envelope("400", "odd_error"), "400 odd_error: words"),
        ({"error": "plain"}, "400: plain"),
        ({"detail": "no prompt"}, "400: no prompt"),
        ({}, "400: no reason given"),
        (None, "400: an HTML page instead of an answer"),
        ({"detail": [{"loc": ["body", "size"], "msg": "field required"}, {"msg": "not a size"}]},
         "400: field required; not a size"),
        ({"detail": [{"msg": "no"}, {"msg": "no"}, "odd", 3, {"message": "other"}]}, "400: no; odd; 3; other"),
        ({"detail": [{"loc": []}]}, "400: [{'loc': []}]"),
        (envelope(message="It is not one."), "400: It is not one"),
        (envelope(message="There is more..."), "400: There is more..."),
        (envelope(message="\x1b[31mred\x07"), "400: [31mred"),
        (envelope(message="x" * 9_000), "400: " + "x" * 500),
    ],
)  # fmt: skip
def test_the_message_has_the_providers_words_on_one_line(body: dict[str, Any] | None, message: str) -> None:
    assert classify(400, body, "text/html").message == message


def test_a_body_that_is_no_page_is_told_by_its_type() -> None:
    assert classify(502, None, "text/HTML").message == "502: an HTML page instead of an answer"
    assert classify(502, None, "text/plain").message == "502: a body of type text/plain"
    assert classify(502, None).message == "502: no reason given"


def test_a_key_that_ends_a_sentence_is_veiled_before_its_period_goes() -> None:
    verdict = classify(400, envelope(message="your key is sk-1."), veil=lambda said: said.replace("sk-1.", "[key]"))
    assert verdict.message == "400: your key is [key]"


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (400, envelope("unknown_parameter"), "change the setting that the provider names"),
        (422, {"detail": [{"msg": "field required"}]}, "change the setting that the provider names"),
        (400, envelope("moderation_blocked"), "change the prompt or the pictures"),
        (400, envelope("odd") | {"error": {"moderation_details": {"categories": ["x"]}}},
         "change the prompt or the pictures"),
        (413, None, "send smaller pictures, or fewer"),
        (429, envelope("slow_down"), "try again later, or lower `concurrency`"),
        (503, None, "try again later, or lower `concurrency`"),
        (500, envelope(), "build again to ask once more"),
        (404, envelope("model_not_found"), "check `base_url`, the paths, `query` and `model`"),
        (405, None, "check `base_url`, the paths, `query` and `model`"),
    ],
)  # fmt: skip
def test_every_failure_has_a_way_out(status: int, body: dict[str, Any] | None, hint: str) -> None:
    assert classify(status, body).hint == hint
    assert giving_up(Tries(), classify(status, body)).hint == hint


@given(
    st.integers(100, 599),
    st.none()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4).map(lambda e: {"error": e}),
)
def test_any_answer_has_a_meaning(status: int, body: dict[str, Any] | None) -> None:
    assert classify(status, body).message.startswith(str(status))
    assert classify(status, body).hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "99", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "-4"}, 0.0),
    ],
)
def test_the_wait_asked_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    noon = 1_795_348_800.0
    assert asked_wait(headers, noon) == seconds


PASSING = Verdict("passing", "429: slow down")
DOUBTFUL = classify(500, envelope(None, "server_error"))


def waits(verdict: Verdict, asked: float | None, chance: float) -> list[float]:
    tries, found = Tries(), []
    while (wait := next_wait(tries, verdict, asked=asked, chance=chance)) is not None:
        found.append(wait)
        tries = after_wait(tries, verdict, wait)
    return found


def test_waits_double() -> None:
    assert waits(PASSING, None, 0.0) == [2.0, 4.0, 8.0, 16.0, 32.0]


@given(st.none() | st.floats(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_there_are_six_tries_or_ten_minutes_of_waiting(asked: float | None, chance: float) -> None:
    found = waits(PASSING, asked, chance)
    assert len(found) < MAX_TRIES
    assert sum(found) <= MAX_WAITING
    assert all(asked is None or wait >= asked for wait in found)


def test_a_provider_that_asks_for_too_long_a_wait_is_not_waited_for() -> None:
    assert waits(PASSING, 601.0, 0.0) == []
    assert len(waits(PASSING, 250.0, 0.0)) == 2


def test_at_most_two_500s_are_asked_again_and_the_last_may_have_been_billed() -> None:
    assert len(waits(DOUBTFUL, None, 0.0)) == 2
    assert giving_up(Tries(2, 6.0, 2), DOUBTFUL).category == "maybe_billed"
    assert giving_up(Tries(5, 60.0, 0), PASSING).category == "passing"


def test_the_error_is_what_the_verdict_is_in_the_end() -> None:
    error = giving_up(
        Tries(5), Verdict("passing", "nobody listens", "look", last="stop", reason="r", moderation=True)
    )
    assert (error.category, error.hint, error.reason, error.moderation) == ("stop", "look", "r", True)


@pytest.mark.parametrize("category", ["refused", "stop", "everything", "maybe_billed"])
def test_nothing_else_is_asked_again(category: Any) -> None:
    assert waits(Verdict(category, "no"), 0.0, 0.0) == []


def test_the_error_says_how_often_it_was_tried() -> None:
    assert str(giving_up(Tries(), PASSING)) == "429: slow down"
    assert str(giving_up(Tries(5, 60.0, 0), PASSING)) == "429: slow down (6 tries)"

"""Decisions: every state of the world has one, the lock is asked first, and a reason is always given."""

from hypothesis import given
from hypothesis import strategies as st

from assetforge.model import Action, Fresh, Ingredients, Media, Record, Stale
from assetforge.plan.action import leaf
from assetforge.plan.ancestry import Part
from assetforge.plan.difference import word_diff
from assetforge.plan.rebuild import FileEvidence, PaidEvidence, decide_paid, decide_rendition, drafted

digests = st.sampled_from(["a" * 64, "b" * 64])
records = st.builds(
    lambda key, digest, pixels: Record(key, Media(digest, pixels, 8, 8, "png", 90)),
    st.sampled_from(["now", "before"]),
    digests,
    digests,
)
maybe = st.none() | records
ingredients = st.sampled_from(
    [(), (("prompt", "a"), ("size", "8x8")), (("prompt", "b"), ("inputs", [["pixels", "p"]]))]
)
actions = st.builds(lambda listed: Action("now", "hero:generate", 1, listed), ingredients)


class Forgetful:
    """Remembers nothing."""

    def part(self, made: str) -> Part | None:
        return None

    def bought(self, key: str) -> Ingredients:
        return ()


@given(actions, st.builds(PaidEvidence, maybe, maybe, maybe, maybe, ingredients))
def test_a_purchase_is_decided_by_lock_then_store_then_remote(action: Action, evidence: PaidEvidence) -> None:
    decision = decide_paid(action, evidence)
    asked = ((evidence.pinned, "lock"), (evidence.stored, "store"), (evidence.remote, "remote"))
    known = [(record, origin) for record, origin in asked if record is not None]
    if known:
        assert isinstance(decision, Fresh)
        assert (decision.record, decision.origin) == known[0]
        return
    assert isinstance(decision, Stale)
    assert decision.reasons
    assert (decision.reasons == ("not made yet",)) is (evidence.before is None)
    assert drafted(decision, None).reasons == decision.reasons


@given(actions, st.builds(FileEvidence, maybe, st.just("") | digests, maybe, ingredients))
def test_a_file_is_current_only_with_the_lines_key_and_digest(action: Action, evidence: FileEvidence) -> None:
    picture = leaf(Media("a" * 64, "", 8, 8, "png", 90))
    decision = decide_rendition(action, evidence, picture=picture, instance="hero", memory=Forgetful())
    pinned = evidence.pinned
    is_current = pinned is not None and pinned.key == action.key and pinned.media.digest == evidence.file
    assert (isinstance(decision, Fresh) and decision.origin == "file") is is_current
    if isinstance(decision, Fresh):
        assert decision.record in (pinned, evidence.stored)
    else:
        assert isinstance(decision, Stale)
        assert decision.reasons


@given(st.text("ab \n", max_size=12), st.text("ab \n", max_size=12))
def test_a_difference_word_by_word_holds_both_texts(before: str, now: str) -> None:
    runs = word_diff(before, now)
    for mark, text in (("-", before), ("+", now)):
        assert " ".join(run for kind, run in runs if kind in (" ", mark)).split() == text.split()
    assert all(run for _, run in runs)

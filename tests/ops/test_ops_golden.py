"""An operation that gives other pixels must have another version: its renditions are then made again."""

from assetforge.ops.table import OPS
from tests.ops.ops_golden import CASES, given, kept


def test_no_version_of_an_operation_ever_gives_other_pixels() -> None:
    now, written = given(), kept()
    changed = [case for case, digest in now.items() if written.get(case, digest) != digest]
    assert changed == [], "raise the operation's version, then run `python -m tests.ops.ops_golden`"
    assert sorted(set(now) - set(written)) == [], "run `python -m tests.ops.ops_golden`"


def test_every_operation_has_its_pixels_written() -> None:
    assert {name for name, _, _ in CASES} == set(OPS)

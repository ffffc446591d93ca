"""An operation that gives other pixels must have another version: its renditions are then made again."""

from ops_golden import CASES, given, kept

from assetforge.ops.table import OPS


def test_no_version_of_an_operation_ever_gives_other_pixels() -> None:
    now, written = given(), kept()
    changed = [case for case, digest in now.items() if written.get(case, digest) != digest]
    assert changed == [], "raise the operation's version, then run tests/ops/ops_golden.py"
    assert sorted(set(now) - set(written)) == [], "run tests/ops/ops_golden.py"


def test_every_operation_has_its_pixels_written() -> None:
    assert {name for name, _, _ in CASES} == set(OPS)

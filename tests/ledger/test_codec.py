"""Bytes of records: equal for equal facts, refused when they are no such record."""

import inspect
from dataclasses import replace
from typing import Any

import pytest

from qoa_platform import records
from qoa_platform.ledger import LedgerCorrupt
from qoa_platform.ledger.codec import KINDS, checksum, decode, encode, same_content
from qoa_platform.records import Enacted, Outcome, Verdict


def test_every_kind_of_record_is_registered() -> None:
    """A record with a KIND that the ledger does not know would be lost to `verify` and to readers by name."""
    kinds = {c.KIND: c for _, c in inspect.getmembers(records, inspect.isclass) if hasattr(c, "KIND")}
    assert kinds == dict(KINDS)


def test_a_sample_of_every_kind_comes_back_equal(make: Any) -> None:
    """decode(encode(r)) == r, NaN apart (it equals itself as bytes)."""
    samples = make.every_kind()
    assert {r.KIND for r in samples} == set(KINDS)
    for record in samples:
        back = decode(type(record), encode(record))
        assert encode(back) == encode(record)
        assert "nan" in repr(record) or back == record


def test_the_order_of_a_mapping_is_no_difference() -> None:
    """Evidence is content, the order of its keys is not."""
    assert encode_evidence({"a": 1, "b": 2}) == encode_evidence({"b": 2, "a": 1})


def encode_evidence(evidence: dict[str, object]) -> bytes:
    """The bytes of an outcome with that effect."""
    from datetime import UTC, datetime

    noon = datetime(2017, 1, 1, tzinfo=UTC)
    return encode(Outcome(reaction="r", state=records.OutcomeState.APPLIED, effect=evidence, at=noon, wall=noon))


def test_only_when_a_fact_was_noted_is_no_difference(make: Any) -> None:
    """``at`` and ``wall`` are set aside, 3 and 3.0 in a float field are the same, anything else is content."""
    one = make.verdict("2017-10-04", value=3.0)
    assert same_content(Verdict, encode(one), encode(replace(one, wall=make.T.replace(year=2020))))
    assert same_content(Verdict, encode(one), encode(replace(one, value=3)))
    assert not same_content(Verdict, encode(one), encode(replace(one, n=1)))


def test_a_field_added_since_with_a_default_is_no_difference(make: Any) -> None:
    """What an older release wrote equals what this one writes."""
    import msgspec

    old = msgspec.msgpack.decode(encode(make.outcome("r")))
    del old["attempt"]
    assert same_content(Outcome, msgspec.msgpack.encode(old), encode(make.outcome("r")))


@pytest.mark.parametrize("kind", [Outcome, Enacted])
def test_bytes_that_are_no_record_are_refused(kind: type) -> None:
    """Truncated, empty or of another type: LedgerCorrupt, with what to do."""
    for body in (b"", b"\xc1", b"\x80", b"\x81\xa1x", encode_evidence({})[:-3]):
        with pytest.raises(LedgerCorrupt, match=f"no {kind.__name__}.*Restore"):
            decode(kind, body)


def test_any_flipped_bit_changes_the_checksum() -> None:
    """Each bit of a body, and each field of a row."""
    body = bytes(range(32))
    total = checksum(("k", "i", 0, None), body)
    for bit in range(len(body) * 8):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        assert checksum(("k", "i", 0, None), bytes(flipped)) != total
    assert checksum(("k", "i", 0, "None"), body) != total
    assert checksum(("ki", "", 0, None), body) != total

"""Fuzzing the reader: whatever is handed to it, it answers with a contract or with ContractErrors, and quickly."""

import contextlib
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import ContractErrors, read_odcs, read_text
from qoa_platform.contracts.keys import DOCUMENT
from qoa_platform.contracts.shapes import Object, inner
from qoa_platform.contracts.yaml12 import load
from qoa_platform.metrics import catalogue
from tests.contracts.documents import RETAIL, SALES, SHOP

KEYS = sorted({key.name for shape in inner(DOCUMENT) if isinstance(shape, Object) for key in shape.keys})
WORDS = [
    "sales", "shop/sales", "alert", "rerun", "any violated", "sales.* blocked for 2 d", "usual", ">= 99 %", "99 %",
    "6 h",
    "champion", "training", "last 3 partitions", "backtest", "full", "finite", "daily", "ml_consumer", "critical",
    "col('a') > 0", "day", "1.5 x", "qoa/v1", "QualityContract", "DataContract", "v3.1.0", *sorted(catalogue())[:40],
]  # fmt: skip

scalars = st.sampled_from(WORDS) | st.integers(-3, 3) | st.floats() | st.booleans() | st.none() | st.text(max_size=8)
trees = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inside, max_size=5),
    max_leaves=20,
)  # fmt: skip
documents = st.dictionaries(st.sampled_from([k.name for k in DOCUMENT.keys]), trees, max_size=8)


def refuses_or_reads(source: str | bytes) -> None:
    """Read *source* as each dialect; anything raised but ContractErrors fails the test."""
    for read in (read_text, read_odcs):
        try:
            read(source)
        except ContractErrors as error:
            assert error.problems  # noqa: PT017 (reading is allowed to succeed)
            assert all(str(p).isprintable() and p.message for p in error.problems)  # noqa: PT017


@given(documents)
def test_plain_data_of_known_words(document: dict[str, Any]) -> None:
    """Documents made of known keys and words in wrong places."""
    refuses_or_reads(yaml.safe_dump(document, allow_unicode=True))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in _places(child, (*path, key)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("path", [RETAIL, SALES], ids=lambda p: p.name)
@given(data=st.data())
def test_real_documents_with_one_thing_replaced(path: Any, data: st.DataObject) -> None:
    """The running examples with any one node replaced by anything."""
    root = load(path.read_bytes()).root
    assert root is not None
    document = root.plain
    place = data.draw(st.sampled_from(_places(document)))
    refuses_or_reads(yaml.safe_dump(_put(document, place, data.draw(trees)), allow_unicode=True))


@given(
    st.integers(0, len(SHOP)),
    st.integers(0, 30),
    st.text(max_size=5) | st.sampled_from(["&a ", "*a", "!!x", "{", "]", "\t", "'"]),
)
def test_text_with_something_cut_and_put_in(at: int, length: int, put: str) -> None:
    """A document with a piece cut out and another put in."""
    refuses_or_reads(SHOP[:at] + put + SHOP[at + length :])


@given(st.binary(max_size=200))
def test_bytes(source: bytes) -> None:
    """Any bytes."""
    refuses_or_reads(source)


def test_a_large_document_is_read_in_bounded_time() -> None:
    """Thousands of mistakes in one document: every one is found, in seconds."""
    promise = '      - {id: p%d, metric: data.completness, column: qty, must: ">= 99 %%"}\n'
    text = SHOP.split("      - {id: complete")[0] + "".join(promise % i for i in range(2_000))
    start = time.perf_counter()
    with pytest.raises(ContractErrors) as error:
        read_text(text)
    assert time.perf_counter() - start < 30
    assert len(error.value.problems) == 2_000
    with contextlib.suppress(ContractErrors):
        read_text(text.replace("completness", "completeness"))

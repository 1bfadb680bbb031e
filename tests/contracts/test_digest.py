"""The digest of a contract: blind to spelling, order and place, and to nothing else (semantics 23)."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.contracts import ContractErrors, canonical_form, digest_of, read, read_text
from qoa_platform.contracts.yaml12 import load
from qoa_platform.records import Contract, SchemaRef, canonical
from tests.contracts.documents import GOOD, PROMISE, RETAIL, contract_of, promising, shop

UNORDERED = ("stakeholders", "promises", "policy", "segments", "sensitive", "guardrails", "invariants")
"""Lists whose order says nothing; of every other the order counts."""


def plain(text: str) -> dict[str, Any]:
    """A document as plain data."""
    root = load(text).root
    assert root is not None
    found = root.plain
    assert isinstance(found, dict)
    return found


def resolved(ref: str) -> SchemaRef:
    """A schema whose content is its name."""
    return SchemaRef(ref=ref, dialect="odcs", content=json.dumps(ref))


def again(document: object) -> Contract:
    """The contract in plain data, written as YAML and read."""
    return read_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), resolve=resolved)


def shuffled(value: Any, rng: random.Random, key: str = "") -> Any:
    """*value* with the keys of every mapping, and the items of unordered lists, in another order."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {k: shuffled(value[k], rng, k) for k in keys}
    if isinstance(value, list):
        items = [shuffled(v, rng) for v in value]
        if key in UNORDERED:
            rng.shuffle(items)
        return items
    return value


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all scalars of *value*."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, key))
    else:
        yield path


OTHER_WORDS = {
    "critical": "warning", "daily": "0 6 * * *", "usual": ">= 7 rows", "ml_consumer": "data_consumer",
    "data_provider": "data_engineer", "ml_provider": "service_provider", "training": "previous", "champion": "previous",
    "alert": "quarantine", "quarantine": "alert", "upgrade": "release", "wait": "refuse", "p99": "p95",
    "rows": "segments",
    "data.completeness": "data.finite_share", "model.wape": "model.r2", "cost.usd": "resource.elapsed",
    "sales.* blocked": "sales.* violated", "rollback": "hold", "e-process": "fixed",
}  # fmt: skip
"""Another word of the same closed set."""


def other(value: object) -> object:
    """Another value of the same kind: the next number, another word, a longer name."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 1
    assert isinstance(value, str)
    if value in OTHER_WORDS:
        return OTHER_WORDS[value]
    if re.search(r"\d", value):
        return re.sub(r"\d+", lambda m: str(int(m[0]) + 1), value, count=1)
    return value + "x"


def changed(document: Any, path: tuple[Any, ...]) -> Any:
    """*document* with another value at *path*."""
    if not path:
        return other(document)
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(document[path[0]], path[1:])
    return copy


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_order_and_spelling_of_the_document_do_not_count(path: Any, seed: int) -> None:
    """Shuffled keys, shuffled unordered lists, another writer, no comments: the same digest."""
    document = plain(path.read_text(encoding="utf-8"))
    assert again(shuffled(document, random.Random(seed))).digest == again(document).digest


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_every_leaf_counts(path: Any) -> None:
    """Another value at any place makes another digest (or no contract): nothing of the content is left out."""
    document = plain(path.read_text(encoding="utf-8"))
    digest = again(document).digest
    accepted, refused = 0, []
    for leaf in leaves(document):
        try:
            mutant = again(changed(document, leaf))
        except ContractErrors:
            refused.append(leaf)
            continue
        accepted += 1
        assert mutant.digest != digest, f"{leaf} does not count"
    assert accepted > 2 * len(refused), f"the mutations are too coarse: {refused}"


def test_comments_and_place_do_not_count() -> None:
    """Comments, blank lines, the file's name and its lines are no content."""
    text = RETAIL.read_text(encoding="utf-8")
    bare = "\n\n".join(re.sub(r"\s+#.*", "", line) for line in text.splitlines())
    one = read_text(text, file="a.yaml", resolve=resolved)
    two = read_text("# first\n" + bare, file="b.yaml", resolve=resolved)
    assert one.lines != two.lines
    assert one.digest == two.digest == digest_of(one)


SAME = [
    ('must: ">= 99 %"', 'must: ">= 0.99"'),
    ('must: ">= 99 %"', 'must: "≥ 99 %"'),
    ('must: ">= 99 %"', "mustBeGreaterOrEqualTo: 0.99"),
    ('must: ">= 99 %"', 'must: "greater_equal 99 %"'),
    ("column: qty", "columns: [qty]"),
    ("severity: critical", "severity: critical, for: 1, clear_after: 2, mode: enforce, on_unknown: pass"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_equal_meanings_have_one_digest(old: str, new: str) -> None:
    """Another spelling of the same bound, and defaults that are written out, change nothing."""
    assert contract_of(shop((old, new))).digest == contract_of(shop()).digest


def test_defaults_of_the_document_may_be_written_out() -> None:
    """mode, react_within, delay, presets and a rule's streak are what they are by default."""
    explicit = shop(
        ("owner: ops", "owner: ops\nmode: enforce\nreact_within: 168 h\npresets: {}"),
        ("expected: daily", "expected: daily\n    delay: 0 s"), ("violated,", "violated for 1,"),
    )  # fmt: skip
    assert contract_of(explicit).digest == contract_of(shop()).digest


def test_an_expression_counts_by_what_it_says() -> None:
    """Blanks, quotes and brackets of an expression do not count; its columns and numbers do."""
    rates = [f'{{id: p, metric: data.pass_rate, expr: "{e}", must: ">= 1"}}' for e in (
        "col('a') >= 0", "(col('a')  >= 0)", "col('b') >= 0", "col('a') >= 1",
    )]  # fmt: skip
    one, same, column, number = (contract_of(promising(p)).digest for p in rates)
    assert one == same
    assert len({one, column, number}) == 3


def test_the_resolved_schema_counts_and_its_name_does_not() -> None:
    """A changed column of the data contract changes the digest; renaming its file does not."""
    text = shop(("    partition", "    schema: a.odcs.yaml\n    partition"))
    first = read_text(text, resolve=lambda ref: SchemaRef(ref=ref, dialect="odcs", content="1"))
    renamed = read_text(
        text.replace("a.odcs", "b.odcs"), resolve=lambda ref: SchemaRef(ref=ref, dialect="odcs", content="1")
    )
    edited = read_text(text, resolve=lambda ref: SchemaRef(ref=ref, dialect="odcs", content="2"))
    assert first.digest == renamed.digest
    assert first.digest != edited.digest


def test_order_counts_where_it_means_something() -> None:
    """Columns of a key, steps of a rule and presets are kept in order."""
    steps = shop(("[alert]", "[alert, quarantine]"))
    assert contract_of(steps).digest != contract_of(steps.replace("[alert, quarantine]", "[quarantine, alert]")).digest
    presets = shop(("policy:", "presets: {shop/sales: [a, b]}\npolicy:"))
    assert contract_of(presets).digest != contract_of(presets.replace("[a, b]", "[b, a]")).digest


def test_the_canonical_form_is_plain_data() -> None:
    """The form prints as canonical JSON and holds no line, source or digest."""
    form = canonical_form(read(RETAIL))
    assert json.loads(canonical(form)) == json.loads(json.dumps(form))
    assert {"digest", "source", "lines"}.isdisjoint(form)
    assert PROMISE not in canonical(form)

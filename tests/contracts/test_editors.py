"""The JSON Schema for editors: good contracts validate, broken ones do not; it is never stricter than the reader."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import ContractErrors, json_schema, read_text
from qoa_platform.contracts.yaml12 import load
from qoa_platform.metrics import catalogue
from tests.contracts.documents import GOOD, RETAIL, shop
from tests.contracts.linted import CLEAN, resolved

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def plain(text: str) -> Any:
    """A document as plain data."""
    root = load(text).root
    assert root is not None
    return root.plain


def complaints(text: str) -> list[str]:
    """What an editor would underline."""
    return [error.message for error in VALIDATOR.iter_errors(plain(text))]


def test_it_is_a_schema() -> None:
    """It validates against its own meta-schema, and every pattern compiles."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for pattern in re.findall(r"'pattern': '((?:[^'\\]|\\.)*)'", str(SCHEMA)):
        re.compile(pattern)


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_good_contracts_validate(path: Path) -> None:
    """No running example is underlined anywhere."""
    assert complaints(path.read_text(encoding="utf-8")) == []


BROKEN = {
    "no owner": ("owner: ops\n", ""),
    "unknown key": ("owner: ops", "owner: ops\nownr: x"),
    "version as text": ("version: 1", "version: '1'"),
    "version zero": ("version: 1", "version: 0"),
    "another apiVersion": ("qoa/v1", "qoa/v2"),
    "name with a capital": ("name: shop", "name: Shop"),
    "unknown role": ("ml_consumer", "ml_consmer"),
    "unknown metric": ("data.completeness", "data.completness"),
    "unknown severity": ("severity: critical", "severity: fatal"),
    "no bound": ('must: ">= 99 %", ', ""),
    "two bounds": ('must: ">= 99 %"', 'must: ">= 99 %", mustBe: 1'),
    "versus alone": ('must: ">= 99 %"', "versus: champion"),
    "unknown step": ("[alert]", "[alrt]"),
    "two steps in one": ("[alert]", "[{rerun: a, retrain: b}]"),
    "no step": ("[alert]", "[]"),
    "no status": ("sales.* violated", "sales.* broken"),
    "duration without unit": ("    partition", "    delay: 6\n    partition"),
    "subject of nothing": ("    asset: shop/sales\n", ""),
    "subject id with a dash": ("  sales:", "  sa-les:"),
    "unknown key of a promise": ("severity: critical", "severty: critical"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_broken_contracts_do_not_validate(change: tuple[str, str]) -> None:
    """Each of these mistakes is underlined, and refused by the reader too."""
    assert complaints(shop()) == []
    text = shop(change)
    assert complaints(text) != []
    with pytest.raises(ContractErrors):
        read_text(text)


def test_every_metric_and_word_is_explained() -> None:
    """An editor offers all metrics with their definitions, and every key says what it means."""
    offered = {option["const"]: option["description"] for option in SCHEMA["$defs"]["metric"]["oneOf"]}
    assert offered == {spec.id: spec.definition for spec in catalogue().values()}
    for name, definition in SCHEMA["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"


def test_parameters_of_metrics_are_allowed() -> None:
    """A promise may have any parameter that some metric takes, and no other key."""
    text = CLEAN.replace("metric: drift.psi", "metric: data.in_set, values: [1, 2]")
    assert complaints(text) == []
    assert complaints(text.replace("values:", "valuess:")) != []


words = st.sampled_from([
    "usual", ">= 1", "99 %", "0.5", "3", "6 h", " 6 h ", "1e3 ms", ".5 h", "last 3 d", "5 d", "champion",
    "any violated for 2", "any  violated", "daily", "training", "previous", "alert", "shop/x", "a", "+1 %",
    "day", "UTC", "2017-01-01", "mean",
])  # fmt: skip
values = st.recursive(
    words | st.integers(0, 5) | st.floats(0, 2) | st.booleans(), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in _places(child, (*path, key)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("path", [*GOOD, None], ids=lambda p: p.stem if p else "clean")
@given(data=st.data())
def test_what_reads_validates(path: Path | None, data: st.DataObject) -> None:
    """The schema is never stricter than the reader: a document with one node replaced that still reads, validates."""
    document = plain(path.read_text(encoding="utf-8") if path is not None else CLEAN)
    changed = _put(document, data.draw(st.sampled_from(_places(document))), data.draw(values))
    text = yaml.safe_dump(changed, allow_unicode=True)
    try:
        read_text(text, resolve=resolved)
    except ContractErrors:
        return
    assert complaints(text) == [], text


def test_the_running_example_is_not_a_lucky_case() -> None:
    """The schema does look inside: the same document with a promise renamed to nothing is underlined."""
    assert complaints(RETAIL.read_text(encoding="utf-8").replace("{id: volume, ", "{")) != []

"""The pages of docs/metrics: true to the catalogue, and their examples are contracts that can be read."""

import re
from collections import Counter
from pathlib import Path

import pytest

from qoa_platform.contracts import read
from qoa_platform.metrics import FAMILIES, MetricSpec, Source, catalogue
from qoa_platform.records import Contract
from tests.metrics.oracles import ORACLES

PAGES = Path(__file__).parents[2] / "docs" / "metrics"
HEAD = """apiVersion: qoa/v1
kind: QualityContract
name: page
version: 1
owner: docs
runbook: docs/metrics/README.md
stakeholders:
  - {name: readers, role: data_consumer}
subjects:
"""
families = pytest.mark.parametrize("family", FAMILIES)


def page(family: str) -> str:
    """The text of a family's page."""
    return (PAGES / f"{family}.md").read_text("utf-8")


def rows(family: str) -> dict[str, list[str]]:
    """The cells of every row that begins with an id."""
    found = [re.split(r"(?<!\\)\|", line)[1:-1] for line in page(family).splitlines() if line.startswith("| `")]
    named = [[cell.strip() for cell in cells] for cells in found if "." in cells[0] and "`." not in cells[0]]
    twice = [name for name, n in Counter(cells[0] for cells in named).items() if n > 1]
    assert twice == []
    return {cells[0].strip("`"): cells[1:] for cells in named}


def specs(family: str) -> dict[str, MetricSpec]:
    """The catalogue's rows of a family."""
    return {spec.id: spec for spec in catalogue().values() if spec.family == family}


def example(family: str) -> Contract:
    """The promises of the page, as one contract."""
    blocks = re.findall(r"```yaml\n(.*?)```", page(family), re.DOTALL)
    assert len(blocks) == 1
    indented = "".join(f"  {line}\n" for line in blocks[0].splitlines())
    return read(HEAD + indented)


@families
def test_a_page_lists_every_id_once_and_no_other(family: str) -> None:
    """The tables of a family's page hold exactly its metrics."""
    assert rows(family).keys() == specs(family).keys()


@families
def test_units_directions_and_parameters_are_the_catalogues(family: str) -> None:
    """What a page says of a metric is what a contract is linted by."""
    for metric, spec in specs(family).items():
        definition, unit, better, parameters, *_ = rows(family)[metric]
        named = [p.name + " (required)" * p.required for p in spec.params]
        expected = ", ".join(["expr (required)"] * spec.needs_expr + named) or "–"
        assert len(definition) > 5, metric
        assert (unit, better, parameters.replace("`", "")) == (str(spec.unit), str(spec.direction), expected), metric


@families
def test_what_is_measured_says_its_state_and_its_oracle(family: str) -> None:
    """A row of an implemented metric has a state and an oracle; what is only declared has neither."""
    for metric, spec in specs(family).items():
        rest = rows(family)[metric][4:]
        assert len(rest) == (2 if spec.implemented else 0), metric
        assert all(rest), metric


@families
def test_examples_can_be_read(family: str) -> None:
    """The example of a page is a contract without a mistake, and every measured metric of the family is in it."""
    promised = {promise.metric for subject in example(family).subjects for promise in subject.promises}
    assert promised <= specs(family).keys()
    assert promised >= {metric for metric, spec in specs(family).items() if spec.implemented}
    assert promised


def test_the_index_counts_right() -> None:
    """README.md names every family with how many of its metrics are measured, and the totals."""
    index = (PAGES / "README.md").read_text("utf-8")
    said = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) .* \| (\d+ of \d+) \|$", index, re.MULTILINE))
    measured = {f: sum(s.implemented for s in specs(f).values()) for f in FAMILIES}
    assert said == {f: f"{measured[f]} of {len(specs(f))}" for f in FAMILIES}
    assert f"There are {len(catalogue())} of them; {sum(measured.values())} are measured" in index
    frames = {
        m for m, spec in catalogue().items() if spec.implemented and spec.source in {Source.FRAME, Source.PREDICTIONS}
    }
    assert {m for m in frames if not m.startswith("model.estimated_")} == set(ORACLES)


def test_every_page_is_of_a_family() -> None:
    """No page of a family that was renamed is left behind."""
    assert {path.stem for path in PAGES.glob("*.md")} == {*FAMILIES, "README", "own"}

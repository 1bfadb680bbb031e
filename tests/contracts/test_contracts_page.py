"""docs/contracts.md: its example is read and linted, its tables are those of the code.

Its Python blocks are run by pytest-markdown-docs, as those of every page (``make test``).
"""

import re

import pytest

from qoa_platform.contracts import Level, explain, json_schema, lint, read_text
from qoa_platform.contracts.keys import DOCUMENT, OBJECTIVE, PROMISE, RELEASE, RULE, STAKEHOLDER, SUBJECT
from qoa_platform.contracts.linting import RULES, SKIPPED
from qoa_platform.contracts.shapes import Object
from qoa_platform.records import SCALES, Graph, Node, ReactionKind, Reason, Severity
from tests.contracts.documents import ROOT

PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
GRAPH = Graph(
    nodes=(
        Node(asset="shop/raw", partitioned=True),
        Node(asset="shop/sales", upstream=("shop/raw",), partitioned=True, columns=("qty", "price", "sold_at")),
        Node(asset="shop/model", upstream=("shop/sales",), model="demand"),
        Node(asset="shop/backtest", upstream=("shop/model",)),
    )
)


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def table(header: str) -> dict[str, str]:
    """The rows of the table that begins with *header*: first cell → second."""
    body = PAGE.split(header, 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| ([^|]+?) \| (.+?) \|$", body, re.MULTILINE)
    return {code: text for code, text in rows if not code.startswith("-")}


def test_the_whole_example_is_read_and_lints_clean() -> None:
    """The first thing a reader copies has no problem at all, and can be explained."""
    (example,) = [b for b in blocks("yaml") if b.startswith("apiVersion: qoa/v1")]
    contract = read_text(example, file="shop.yaml")
    assert [str(p) for p in lint(contract, graph=GRAPH)] == []
    assert explain(contract).startswith("Contract shop, version 1")


@pytest.mark.parametrize(
    ("name", "shape"),
    [("document", DOCUMENT), ("stakeholder", STAKEHOLDER), ("subject", SUBJECT), ("promise", PROMISE), ("rule", RULE),
     ("release", RELEASE), ("objective", OBJECTIVE)],
)  # fmt: skip
def test_the_table_of_keys_is_that_of_the_reader(name: str, shape: Object) -> None:
    """No key is missing from the page, and none is invented (ODCS's mustBe… are told in the text)."""
    wanted = [key.name for key in shape.keys if not key.name.startswith("must") or key.name == "must"]
    assert table("| in | keys |")[name].strip("`").split() == wanted


def test_the_grammar_names_every_word() -> None:
    """Units, reasons and severities of the EBNF are the closed sets of the code; the conflict order is told."""
    (grammar,) = blocks("ebnf")
    alternatives = {
        line.split(" = ")[0].strip(): re.findall(r'"([^"]+)"', line) for line in grammar.splitlines() if " = " in line
    }
    assert alternatives["unit"] == list(SCALES)
    assert alternatives["reason"] == [r.value for r in Reason]
    assert alternatives["severity"] == [s.value for s in Severity]
    assert all(f"{kind}" in PAGE for kind in (ReactionKind.HOLD, ReactionKind.TERMINATE, ReactionKind.SHIFT))


def test_every_code_is_on_the_page() -> None:
    """The codes of the linter stand with their summaries; those of the reader are all that its source uses."""
    told = table("| code | linter: what it finds |")
    assert {c: t for c, t in told.items() if c not in (SKIPPED, "I400")} == {
        rule.code: rule.summary.replace("``", "`") for rule in RULES
    }
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "qoa_platform" / "contracts").glob("*.py"))
    assert set(table("| code | reading: what is wrong |")) == set(re.findall(r'"(E[01]\d\d)"', source))


def test_levels_are_what_the_page_says() -> None:
    """E, W and I are error, warning and info."""
    levels = {"E": Level.ERROR, "W": Level.WARNING, "I": Level.INFO}
    assert all(rule.level is levels[rule.code[0]] for rule in RULES)


def test_every_key_is_explained_to_editors() -> None:
    """What the page lists, the JSON Schema explains."""
    assert set(json_schema()["properties"]) == set(table("| in | keys |")["document"].strip("`").split())

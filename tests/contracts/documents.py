"""Owns small contract documents for the tests: a whole one, and ways to damage it."""

from pathlib import Path

from qoa_platform.contracts import ContractErrors, Problem, read_text
from qoa_platform.records import Contract

ROOT = Path(__file__).resolve().parents[2]
RETAIL = ROOT / "contracts" / "retail.yaml"
SALES = ROOT / "contracts" / "sales.odcs.yaml"
EXAMPLES = Path(__file__).with_name("examples")
GOOD = (RETAIL, EXAMPLES / "coupons.yaml", EXAMPLES / "retail_original.yaml")

SHOP = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: ops
runbook: docs/shop.md
stakeholders:
  - {name: ops,  role: ml_consumer}
  - {name: feed, role: data_provider}
subjects:
  sales:
    asset: shop/sales
    partition: day
    event_time: sold_at
    expected: daily
    promises:
      - {id: complete, metric: data.completeness, column: qty, must: ">= 99 %", severity: critical}
policy:
  - {name: tell, when: sales.* violated, do: [alert]}
"""
"""The smallest contract that has no problem at all."""

PROMISE = '{id: complete, metric: data.completeness, column: qty, must: ">= 99 %", severity: critical}'
"""The promise of SHOP, to be replaced."""


def shop(*changes: tuple[str, str]) -> str:
    """SHOP with each *(old, new)* replaced; an *old* that is not there fails the test."""
    text = SHOP
    for old, new in changes:
        assert old in text, f"{old!r} is not in the document"
        text = text.replace(old, new, 1)
    return text


def promising(*promises: str, subject: str = "") -> str:
    """SHOP with other promises (flow mappings), and more keys of its subject."""
    listed = "\n      - ".join(promises)
    return shop((PROMISE, listed), ("    promises:", f"{subject}    promises:"))


def contract_of(text: str, file: str = "shop.yaml") -> Contract:
    """The contract in *text*."""
    return read_text(text, file=file)


def problems_of(text: str, file: str = "shop.yaml") -> tuple[Problem, ...]:
    """What is wrong with *text*; none when it is a contract."""
    try:
        read_text(text, file=file)
    except ContractErrors as error:
        return error.problems
    return ()


def said(text: str, file: str = "shop.yaml") -> list[str]:
    """What is wrong with *text*, as printed."""
    return [str(problem) for problem in problems_of(text, file)]

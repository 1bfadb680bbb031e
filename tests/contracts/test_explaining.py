"""explain: every promise, rule and release in words, and what gates."""

from datetime import timedelta
from pathlib import Path

import pytest

from qoa_platform.contracts import explain, read, read_text, sentence, wording
from qoa_platform.records import (
    Baseline,
    Contract,
    Fixed,
    Margin,
    MarginKind,
    Operator,
    ReactionKind,
    Reason,
    Reference,
    ReferenceKind,
    Severity,
    Step,
    Unit,
    Usual,
    Versus,
    When,
    WhenStatus,
)  # fmt: skip
from tests.contracts.documents import GOOD, RETAIL, shop
from tests.contracts.linted import CLEAN, clean, resolved


def lines(contract: Contract) -> list[str]:
    """The explanation, line by line, without indents."""
    return [line.strip() for line in explain(contract).splitlines()]


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_nothing_of_a_contract_is_left_out(path: Path) -> None:
    """Every subject, promise, rule and stakeholder is named, and lines are printable."""
    contract = read(path)
    text = explain(contract)
    wanted = [s.id for s in contract.subjects] + [p.id for s in contract.subjects for p in s.promises]
    wanted += [r.name for r in contract.policy] + [s.name for s in contract.stakeholders] + [contract.owner]
    assert [name for name in wanted if name not in text] == []
    assert all(line.isprintable() for line in text.splitlines())


def test_the_clean_contract_in_full() -> None:
    """The whole explanation of a small contract, word by word."""
    contract = read_text(CLEAN, resolve=resolved)
    assert explain(contract).replace(contract.digest[:12], "DIGEST") == TOLD


TOLD = """\
Contract shop, version 1 (DIGEST), owned by ops
  It binds ops (ml consumer), feed (data provider).
  It acts. Windows that ended more than 7 d ago do not react.
  What to do: docs/shop.md

sales: asset shop/sales, one window a UTC day of sold_at
  A window is due every day, also when nothing arrives.
  Shown for each dept; only the whole is judged, unless a promise says by.
  gates schema     the columns, types and values of sales.odcs.yaml
                   blocked → stop, again
  gates complete   data.completeness of qty is at least 99 %
                   blocked → stop, again
        steady     drift.psi of qty is less than 0.2 nat, compared with what the champion was trained on
                   violated → learn

demand: model demand, trained by shop/model
        good       model.wape over shop/backtest is no worse than that of the champion; for each dept too
                   violated → back

training: runs of shop/features and shop/model, summed
        slow       resource.elapsed is at most 60 s
                   violated → cheap

Rules
  stop: when a promise of sales keeps a candidate from being published: quarantine the candidate, then alert people.
  again: when a promise of sales keeps a candidate from being published: run shop/raw again (up to 3 times).
  learn: when sales.steady is violated: train a candidate of demand.
    Again after 7 d in a still-open episode.
  back: when demand.good is violated: roll demand back to its last good version, then alert people.
  cheap: when training.slow is violated: take the next cheaper preset of shop/features.
    Again after 7 d in a still-open episode; when the episode ends, it goes back to the better preset.

Release of demand
  A version's way: candidate → backtest → champion.
  First champion: what can be judged of its promises over the backtest is kept (good), and one is.
  A challenger is promoted when its model.wape over shop/backtest, paired by week and dept
  is better than the champion's, with 95 % confidence.
  Surely worse, it is refused; undecided, it waits and is judged again with new evidence.
  A rollback goes to last good; 2 versions stay loadable.
"""


def test_only_what_blocks_gates() -> None:
    """Gates stands at critical promises of an asset's own frame and at the schema, and at no other."""
    found = [line.split()[1] for line in lines(read(RETAIL)) if line.startswith("gates ")]
    assert found == ["schema", "complete", "unique", "volume", "stores", "sane"]


@pytest.mark.parametrize(
    "change", [("owner: ops", "owner: ops\nmode: observe"), ("severity: critical", "severity: critical, mode: observe")]
)
def test_nothing_gates_that_only_observes(change: tuple[str, str]) -> None:
    """Under mode: observe a critical promise keeps nothing from being published."""
    observed = read_text(shop(change))
    assert not any(line.startswith("gates ") for line in lines(observed))


def test_a_promise_without_a_rule_says_so() -> None:
    """Where no verdict of a promise sets a rule off, that is said; a severity in the condition counts."""
    contract = read_text(clean(("sales.steady violated", "sales.steady violated critical")), resolve=resolved)
    text = lines(contract)
    at = next(i for i, line in enumerate(text) if line.startswith("steady"))
    assert text[at + 1] == "no rule follows: it is recorded and shown"
    assert "learn: when sales.steady (critical) is violated: train a candidate of demand." in text


@pytest.mark.parametrize(
    ("must", "unit", "said"),
    [
        (Fixed(operator=Operator.LT, bound=0.2, text=""), Unit.NAT, "is less than 0.2 nat"),
        (Fixed(operator=Operator.GT, bound=1, text=""), Unit.ROWS, "is more than 1"),
        (Fixed(operator=Operator.NE, bound=0, text=""), Unit.COUNT, "is not 0"),
        (Fixed(operator=Operator.EQ, bound=1, text=""), Unit.RATIO, "is exactly 100 %"),
        (Fixed(operator=Operator.BETWEEN, bound=3600, upper=10800, text=""), Unit.SECONDS, "is between 60 min and 3 h"),
        (Fixed(operator=Operator.LE, bound=0.123456, text=""), Unit.ONE, "is at most 0.123456"),
        (Usual(), Unit.ROWS, "is as usual: within the band learnt from its published history"),
        (Versus(baseline=Baseline.PREVIOUS, margin=Margin(kind=MarginKind.RELATIVE, value=0.25)), Unit.RATIO,
         "is at most 25 % worse than that of the window before"),
        (Versus(baseline=Baseline.TRIAL, name="t1", margin=Margin(kind=MarginKind.FACTOR, value=1.5)), Unit.RATIO,
         "is at most 1.5 times that of trial t1"),
        (Versus(baseline=Baseline.CHAMPION, margin=Margin(kind=MarginKind.ABSOLUTE, value=0.01)), Unit.RATIO,
         "is at most 1 percentage points worse than that of the champion"),
        (Versus(baseline=Baseline.REFERENCE, name="naive", margin=Margin(kind=MarginKind.ABSOLUTE, value=2)),
         Unit.COLUMN,
         "is at most 2 worse than that of naive"),
    ],
)  # fmt: skip
def test_bounds_in_words(must: Fixed | Usual | Versus, unit: Unit, said: str) -> None:
    """Every kind of bound and margin; a relative margin and an absolute one of a ratio are told apart."""
    assert wording.bound(must, unit) == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (When(subject=None, promise=None, status=WhenStatus.VIOLATED, text=""), "when any promise is violated"),
        (When(subject="s", promise=None, status=WhenStatus.BLOCKED, severity=Severity.CRITICAL, streak=3, text=""),
         "when a critical promise of s keeps a candidate from being published, 3 windows in a row"),
        (When(subject="s", promise="p", status=WhenStatus.UNKNOWN, streak=timedelta(days=2), text=""),
         "when s.p is unknown, whatever the reason, for 2 d"),
        (When(subject="s", promise="p", status=WhenStatus.UNKNOWN, reasons=(Reason.ERROR,), text=""),
         "when s.p is unknown because measuring it failed"),
    ],
)  # fmt: skip
def test_conditions_in_words(when: When, said: str) -> None:
    """Target, status, reasons, severity and duration of a condition."""
    assert wording.condition(when) == said


@pytest.mark.parametrize("kind", list(ReactionKind))
def test_every_step_has_words(kind: ReactionKind) -> None:
    """Every kind of step is said, with its target (or the subject's own)."""
    assert wording.action(Step(kind=kind, target="shop/x"))
    told = wording.action(Step(kind=kind), "shop/own")
    assert kind in (ReactionKind.ALERT, ReactionKind.QUARANTINE) or "shop/own" in told


@pytest.mark.parametrize("kind", list(ReferenceKind))
def test_every_reference_has_words(kind: ReferenceKind) -> None:
    """Every kind of reference is said."""
    assert wording.compared_with(Reference(kind=kind, count=3, name="may"))


def test_a_sentence_says_all_that_narrows_a_promise() -> None:
    """Filter, frame, window, weight, aggregate and min_n reach the sentence."""
    text = clean(("column: qty, must", "column: qty, where: col('qty') > 0, min_n: 5, must"))
    promise = read_text(text, resolve=resolved).subjects[0].promises[0]
    assert sentence(promise) == "data.completeness of qty where col('qty') > 0 is at least 99 %; below 5 it is unknown"

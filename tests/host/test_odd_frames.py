"""Owns the tests of odd results: nothing, nulls, NaN, other types, and what a person or a quarantine says of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl
import pytest

from qoa_platform.reactions.commands import accept
from qoa_platform.records import PointerKind, TrialState
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, FAILURE, POLICY, RELEASE, SUCCESS, TRAINING, Shop, day_of, text

WARN = dg.AssetCheckSeverity.WARN
Frame = Callable[[], Any]


@pytest.mark.parametrize(
    ("frame", "said", "published"),
    [
        pytest.param(lambda: day_of(DAY).clear(),
                     {"enough": "violated", "sane": "unknown(no_data)", "complete": "unknown(no_data)"}, False,
                     id="empty"),
        pytest.param(lambda: day_of(DAY, amount=[None] * 8).cast({"amount": pl.Float64}),
                     {"enough": "satisfied", "sane": "unknown(no_data)", "complete": "violated"}, False, id="nulls"),
        pytest.param(lambda: day_of(DAY, amount=[float("nan")] * 8),
                     {"sane": "unknown(no_data)", "complete": "violated"}, False, id="nan is missing"),
        pytest.param(lambda: day_of(DAY, amount=[-float("inf")] * 8), {"sane": "violated"}, False, id="infinity"),
        pytest.param(lambda: day_of(DAY, amount=["many"] * 8), {"sane": "unknown(error)"}, False, id="text"),
        pytest.param(lambda: day_of(DAY).drop("amount"),
                     {"sane": "unknown(error)", "complete": "unknown(error)", "enough": "satisfied"}, False,
                     id="no column"),
        pytest.param(lambda: day_of(DAY, time=[datetime(2126, 1, 1, tzinfo=UTC)] * 8), {"enough": "satisfied"}, True,
                     id="future"),
        pytest.param(lambda: day_of(DAY, time=[datetime(1912, 6, 23, tzinfo=UTC)] * 8), {"fresh": "violated"}, True,
                     id="before 1970"),
        pytest.param(lambda: day_of(DAY).with_columns(pl.col("time").dt.convert_time_zone("Asia/Kathmandu")),
                     {"fresh": "satisfied"}, True, id="time zone"),
        pytest.param(lambda: day_of(DAY).with_columns(pl.col("time").dt.replace_time_zone(None)),
                     {"enough": "satisfied"}, True, id="naive times"),
        pytest.param(pl.DataFrame, {"enough": "violated", "sane": "unknown(error)"}, False, id="no columns at all"),
    ],
)  # fmt: skip
def test_odd_frames_are_judged(shop: Shop, frame: Frame, said: dict[str, str], published: bool) -> None:
    """Whatever comes is judged, promise by promise, and never satisfied by being unreadable; the step never breaks."""
    shop.source.days[DAY] = frame
    run = shop.daily()
    found = shop.said(DAY)
    assert {k: found[k] for k in said} == said
    assert len(found) == 5
    assert (shop.published("shop/sales", DAY) is not None) is published
    assert run.status is (SUCCESS if published else FAILURE)
    assert shop.trial("shop/sales", DAY).state is (TrialState.PUBLISHED if published else TrialState.BLOCKED)


def test_what_could_not_be_measured_says_why(shop: Shop) -> None:
    """An unknown(error) names the column, and what was found instead of it."""
    shop.source.days[DAY] = day_of(DAY).drop("amount")
    run = shop.daily()
    cause = str(shop.verdicts("sane", DAY)[0].cause)
    assert "amount" in cause
    assert cause in str(shop.checks(run, "shop/sales")["sane", DAY].description)


@pytest.mark.parametrize(
    "result",
    [None, [1, 2], {"a": [1]}, pl.LazyFrame({"a": [1]}), "text"],
    ids=["None", "list", "dict", "LazyFrame", "text"],
)
def test_a_wrong_return_type_is_an_error(open_shop: Open, result: Any) -> None:
    """What is no frame is refused, with what came and what is allowed: unknown(error) for every promise."""
    shop = open_shop(text(POLICY).replace("shop/sales", "shop/raw"))
    shop.source.days[DAY] = lambda: result
    run = shop.daily()
    name = type(result).__name__
    assert f"shop/raw returned {name}. Allowed: a polars.DataFrame" in shop.failures(run)["shop__raw"]
    assert set(shop.said(DAY).values()) == {"unknown(error)"}


@pytest.mark.parametrize("spoilt", ["no time", "text for times", "nothing but nulls"])
def test_predictions_that_cannot_be_judged(open_shop: Open, spoilt: str) -> None:
    """A prediction frame without times fails its run with the cause: the version in force is unknown, not silent."""
    shop = open_shop(text(DEMAND, TRAINING, RELEASE))
    shop.daily()
    shop.train()
    shop.settle()
    damage = {
        "no time": lambda f: f.drop("time"),
        "text for times": lambda f: f.cast({"time": pl.String}),
        "nothing but nulls": lambda f: f.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias("time")),
    }[spoilt]
    shop.source.damage = damage
    run = shop.run("shop/scorecard")
    assert run.status is FAILURE
    assert shop.trial("shop/scorecard").state is TrialState.FAILED
    assert [(str(v), v.key.version) for v in shop.verdicts("live")] == [("unknown(error)", "v1")]
    assert shop.published("shop/scorecard") is None


def test_an_accepted_candidate_publishes(shop: Shop) -> None:
    """A person accepts the odd day: it is published, and when it is made again its failed checks do not block."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    digest = shop.trial("shop/sales", DAY).output or ""
    shop.ledger.commit(accept(shop.world, "shop/sales", DAY, digest, actor="me", reason="a holiday"))
    assert shop.published("shop/sales", DAY) == digest
    run = shop.daily()
    assert run.status is SUCCESS
    check = shop.checks(run, "shop/sales")["enough", DAY]
    assert (check.passed, check.severity, check.blocking) == (False, WARN, True)
    assert shop.materialized(run)["shop/sales", DAY] == digest
    assert shop.trial("shop/sales", DAY).state is TrialState.PUBLISHED


def test_only_what_was_accepted_is_accepted(shop: Shop) -> None:
    """Acceptance is bound to the digest: another odd day of the same partition is kept back again."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    digest = shop.trial("shop/sales", DAY).output or ""
    shop.ledger.commit(accept(shop.world, "shop/sales", DAY, digest, actor="me", reason="a holiday"))
    shop.source.days[DAY] = day_of(DAY, rows=2)
    assert shop.daily().status is FAILURE
    assert shop.published("shop/sales", DAY) == digest


def test_a_quarantined_digest_gets_no_pointer(shop: Shop) -> None:
    """What is marked as bad is never published while it is bad, however often it comes; the mark stays."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    shop.settle()
    key = f"shop/sales|{DAY}|{shop.trial('shop/sales', DAY).output}"
    assert shop.pointer(PointerKind.QUARANTINE, key) == "bad"
    assert shop.daily().status is FAILURE
    assert shop.published("shop/sales", DAY) is None
    assert [m.value for m in shop.ledger.moves(PointerKind.PUBLISHED, key=f"shop/sales|{DAY}")] == []


def test_acceptance_ends_the_quarantine(shop: Shop) -> None:
    """A person's acceptance publishes the marked digest and takes the mark off in the same transaction."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    shop.settle()
    digest = shop.trial("shop/sales", DAY).output or ""
    shop.ledger.commit(accept(shop.world, "shop/sales", DAY, digest, actor="me", reason="a holiday"))
    shop.settle()
    assert shop.published("shop/sales", DAY) == digest
    assert shop.pointer(PointerKind.QUARANTINE, f"shop/sales|{DAY}|{digest}") is None
    assert {str(e.closing) for e in shop.world.episodes} == {"accepted"}


def test_a_mark_falls_when_its_digest_is_satisfied(open_shop: Open) -> None:
    """The bound is loosened by a new version of the contract: the same bytes are satisfied, published, unmarked."""
    shop = open_shop()
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    shop.settle()
    digest = shop.trial("shop/sales", DAY).output or ""
    shop.contract.write_text(text(POLICY, version=2).replace(">= 5 rows", ">= 2 rows"))
    assert shop.daily().status is SUCCESS
    assert shop.published("shop/sales", DAY) == digest
    assert shop.pointer(PointerKind.QUARANTINE, f"shop/sales|{DAY}|{digest}") is None


def test_a_second_contract_gates_aloud(open_shop: Open) -> None:
    """Another contract keeps the day back, by a promise that is no check of this asset: the run fails and names it."""
    shop = open_shop(text())
    other = text(promises='      - {id: plenty, metric: data.row_count, must: ">= 100 rows", severity: critical}\n')
    (shop.contract.parent / "other.yaml").write_text(other.replace("name: shop\n", "name: other\n"))
    run = shop.daily()
    assert (run.status, shop.published("shop/sales", DAY)) == (FAILURE, None)
    assert "plenty" in shop.failures(run)["shop__sales"]


def test_two_contracts_may_use_one_name(open_shop: Open) -> None:
    """A check shows its own contract's verdict, also where another contract has a promise of the same name."""
    shop = open_shop(text())
    other = text(promises='      - {id: enough, metric: data.row_count, must: ">= 100 rows"}\n')
    (shop.contract.parent / "zoo.yaml").write_text(other.replace("name: shop\n", "name: zoo\n"))
    check = shop.checks(shop.daily(), "shop/sales")["enough", DAY]
    assert (check.passed, check.metadata["qoa/contract"].value) == (True, "shop v1")


@pytest.mark.parametrize("named", ["plenty", "complete"])
def test_a_promise_that_is_newer_than_the_definitions_gates_aloud(open_shop: Open, named: str) -> None:
    """A new version adds a critical promise, or makes one critical; definitions loaded before it have no such check.

    The day is kept back, and the run fails all the same.
    """
    shop = open_shop(text())
    if named == "plenty":
        more = '      - {id: plenty, metric: data.row_count, must: ">= 100 rows", severity: critical}\n'
        shop.contract.write_text(text(more, version=2))
    else:
        strict = text(version=2).replace('">= 90 %"}', '">= 90 %", severity: critical}')
        shop.contract.write_text(strict)
        shop.source.days[DAY] = day_of(DAY, amount=[None] * 7 + [1.0])
    run = shop.daily()
    assert (run.status, shop.published("shop/sales", DAY)) == (FAILURE, None)
    assert named in shop.failures(run)["shop__sales"]

"""Owns the tests of write, audit, publish: what is materialized, what is kept back, and what Dagster is told of it."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from qoa_platform.orchestration import contracted
from qoa_platform.reactions.commands import set_hold
from qoa_platform.records import PointerKind, Severity, Status, TrialState
from tests.host.conftest import Open
from tests.host.shop import DAY, DAYS, FAILURE, NOON, SUCCESS, Shop, day_of, text

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
KEPT_BACK = ["shop__raw", "shop__sales"]


def test_a_good_day_is_materialized_with_our_digest(shop: Shop) -> None:
    """The content's digest is Dagster's data version, the pointer, the trial's output, and stands on every check."""
    run = shop.daily()
    assert run.status is SUCCESS
    digest = shop.published("shop/sales", DAY)
    assert shop.materialized(run)["shop/sales", DAY] == digest
    trial = shop.trial("shop/sales", DAY)
    assert (trial.state, trial.output, trial.run) == (TrialState.PUBLISHED, digest, run.run_id)
    assert {str(c.metadata["qoa/digest"].value) for c in shop.checks(run, "shop/sales").values()} == {digest}


def test_a_good_day_has_one_evaluation_per_promise_with_its_partition(shop: Shop) -> None:
    """Every promise of the subject is evaluated once, for the partition, and points to this very materialization."""
    checks = shop.checks(shop.daily(), "shop/sales")
    assert sorted(checks) == [(p, DAY) for p in ("complete", "enough", "fresh", "sane", "steady")]
    assert all(c.target_materialization_data is not None for c in checks.values())
    assert checks["enough", DAY].passed
    assert checks["enough", DAY].metadata["qoa/value"].value == 8


def test_a_materialization_shows_what_its_scan_did(shop: Shop) -> None:
    """Rows, asks, passes, what shared none, pace and memory; the pace is a number that is plotted."""
    run = shop.daily()
    events = shop.events(run, dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = {str(e.asset_key): e.step_materialization_data.materialization.metadata for e in events}
    told = next(m for key, m in made.items() if "sales" in key)
    table = str(told["qoa/scan"].value).splitlines()
    heads, row = ([c.strip() for c in line.strip("|").split("|")] for line in (table[0], table[2]))
    shown = dict(zip(heads, row, strict=True))
    assert (shown["rows"], int(shown["fused"]) > 1, int(shown["passes"]) >= 1) == ("8", True, True)
    assert shown["peak memory"].endswith(" MB")
    assert float(str(told["qoa/rows_per_second"].value)) > 0
    usage = shop.trial("shop/sales", DAY).usage
    assert usage is not None
    assert (usage.overhead_seconds or 0) >= float(shown["seconds"])


def test_a_bad_day_is_evaluated_and_not_materialized(shop: Shop) -> None:
    """A violated critical promise: evaluations only, that one an ERROR, the run failed, nothing below executed."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    run = shop.daily()
    assert run.status is FAILURE
    checks = shop.checks(run, "shop/sales")
    assert len(checks) == 5
    assert (checks["enough", DAY].passed, checks["enough", DAY].severity) == (False, ERROR)
    assert checks["sane", DAY].passed
    assert ("shop/sales", DAY) not in shop.materialized(run)
    assert shop.steps(run) == KEPT_BACK
    assert "enough" in shop.failures(run)["shop__sales"]


def test_a_bad_day_moves_no_pointer(shop: Shop) -> None:
    """The previous good version stays published; the bad candidate's bytes are kept and its trial says blocked."""
    shop.daily()
    before = shop.published("shop/sales", DAY)
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    trial = shop.trial("shop/sales", DAY)
    assert shop.published("shop/sales", DAY) == before
    assert (trial.state, trial.rows) == (TrialState.BLOCKED, 3)
    assert trial.output != before
    assert shop.workspace.read_frame("shop/sales", DAY, trial.output or "").height == 3


def test_a_failed_gate_is_not_retried(open_shop: Open) -> None:
    """A bad day is bad, however often it is asked: Dagster's retry policy does not repeat the step."""
    calls: list[str] = []

    def more(contract: Path) -> list[dg.AssetsDefinition]:
        policy = dg.RetryPolicy(max_retries=2)

        @contracted(contract, "shop/till", partitions_def=DAYS, code_version="1", retry_policy=policy)
        def till(partition: str) -> pl.DataFrame:
            """Too few rows."""
            calls.append(partition)
            return day_of(partition, rows=3)

        return [till]

    shop = open_shop(text().replace("shop/sales", "shop/till"), more=more)
    shop.tick(NOON)
    run = shop.run("shop/till", partition=DAY)
    assert (run.status, calls, shop.said(DAY)["enough"]) == (FAILURE, [DAY], "violated")


def test_unknown_for_want_of_a_reference_does_not_block(shop: Shop) -> None:
    """unknown(no_reference) of a critical promise is a failed check with WARN: published, and the run is green."""
    run = shop.daily()
    check = shop.checks(run, "shop/sales")["steady", DAY]
    assert (check.passed, check.severity) == (False, WARN)
    assert check.metadata["qoa/reason"].value == "no_reference"
    assert (run.status, shop.said(DAY)["steady"]) == (SUCCESS, "unknown(no_reference)")
    assert shop.published("shop/sales", DAY) is not None


def test_a_violated_warning_is_published(shop: Shop) -> None:
    """A warning is shown and reacted to, and never keeps anything back."""
    shop.source.days[DAY] = day_of(DAY, amount=[None, None, None, None, 1.0, 2.0, 3.0, 4.0])
    run = shop.daily()
    check = shop.checks(run, "shop/sales")["complete", DAY]
    assert (check.passed, check.severity, run.status) == (False, WARN, SUCCESS)
    assert shop.said(DAY)["complete"] == "violated"
    assert shop.published("shop/sales", DAY) is not None


def test_a_held_asset_refuses_with_the_reason(shop: Shop) -> None:
    """While a hold stands the step fails with it, is not retried, and nothing is judged or published."""
    batch = set_hold(shop.world, "asset:shop/sales", reason="stocktaking", actor="me", why="stocktaking")
    shop.ledger.commit(batch)
    run = shop.daily()
    assert run.status is FAILURE
    assert shop.failures(run) == {"shop__sales": "held: stocktaking"}
    assert shop.checks(run, "shop/sales") == {}
    assert (shop.published("shop/sales", DAY), shop.verdicts(partition=DAY)) == (None, [])
    assert shop.steps(run) == KEPT_BACK


def test_a_function_that_raises_fails_the_run(shop: Shop) -> None:
    """A failed trial with the error and a failed run, also where nobody promised anything; nothing below runs."""
    shop.source.days[DAY] = _burst
    run = shop.daily()
    trial = shop.trial("shop/raw", DAY)
    assert (run.status, trial.state, trial.error) == (FAILURE, TrialState.FAILED, "ConnectionError: the feed is down")
    assert "the feed is down" in shop.failures(run)["shop__raw"]
    assert shop.steps(run) == ["shop__raw"]


def _burst() -> pl.DataFrame:
    message = "the feed is down"
    raise ConnectionError(message)


def test_an_error_is_unknown_for_every_promise(open_shop: Open) -> None:
    """A promise's own asset raises: unknown(error) for all of them; the critical ones are ERRORs in Dagster too."""
    shop = open_shop(text().replace("shop/sales", "shop/raw"))
    shop.source.days[DAY] = _burst
    run = shop.daily()
    assert run.status is FAILURE
    assert set(shop.said(DAY).values()) == {"unknown(error)"}
    assert len(shop.said(DAY)) == 5
    checks = shop.checks(run, "shop/raw")
    severities = {name: c.severity for (name, _), c in checks.items()}
    assert severities == {"enough": ERROR, "sane": ERROR, "steady": ERROR, "complete": WARN, "fresh": WARN}
    assert all("the feed is down" in str(v.cause) for v in shop.verdicts(partition=DAY))


def test_nothing_upstream_is_no_data(shop: Shop) -> None:
    """Nothing is published upstream: unknown(no_data) for every promise, a failed trial that says what is missing."""
    shop.tick(NOON)
    run = shop.run("shop/sales", partition=DAY)
    assert run.status is FAILURE
    assert set(shop.said(DAY).values()) == {"unknown(no_data)"}
    assert f"nothing is there: shop/raw {DAY}" in shop.failures(run)["shop__sales"]
    assert {v.severity for v in shop.verdicts("enough") if v.blocks} == {Severity.CRITICAL}
    assert shop.trial("shop/sales", DAY).state is TrialState.FAILED
    assert shop.published("shop/sales", DAY) is None


@pytest.mark.parametrize("promised", [True, False])
def test_a_whole_table_of_nothing_is_refused(open_shop: Open, promised: bool) -> None:
    """A whole table over days of which none is published is refused, promises or not."""
    promises = '      - {id: rows, metric: data.row_count, must: ">= 1 rows", severity: critical}\n'
    contract = text(promises=promises).replace("shop/sales", "shop/totals").replace("    partition: day\n", "")
    shop = open_shop(contract.replace("    event_time: time\n", "") if promised else text())
    run = shop.run("shop/totals")
    assert run.status is FAILURE
    assert "nothing is there: shop/sales" in shop.failures(run)["shop__totals"]
    assert [str(v) for v in shop.verdicts("rows")] == (["unknown(no_data)"] if promised else [])


def test_assets_without_promises_have_pointer_digest_and_trial(shop: Shop) -> None:
    """Nobody promised anything about raw and totals: they are published, with digests and trials like all others."""
    run = shop.daily()
    for asset, partition in (("shop/raw", DAY), ("shop/totals", "all")):
        digest, trial = shop.published(asset, partition), shop.trial(asset, partition)
        assert digest is not None
        assert (trial.output, trial.state) == (digest, TrialState.PUBLISHED)
        assert shop.materialized(run)[asset, None if partition == "all" else partition] == digest
        assert shop.checks(run, asset) == {}


def test_equal_content_again_keeps_its_digest(shop: Shop) -> None:
    """The same bytes published again: the same digest and a new trial; what was judged stays satisfied."""
    shop.daily()
    first, trial = shop.published("shop/sales", DAY), shop.trial("shop/sales", DAY)
    again = shop.daily()
    assert (again.status, shop.published("shop/sales", DAY)) == (SUCCESS, first)
    assert shop.trial("shop/sales", DAY).id != trial.id
    assert shop.materialized(again)["shop/sales", DAY] == first
    assert [v.status for v in shop.verdicts("enough", DAY)] == [Status.SATISFIED] * len(shop.verdicts("enough", DAY))


def test_two_runs_that_publish_at_once(shop: Shop) -> None:
    """Of two runs over one partition the slower one loses its compare-and-set: it fails and says who was faster."""
    shop.daily()
    digests: list[str | None] = []

    def meanwhile() -> None:
        shop.source.during = lambda: None
        shop.source.days[DAY] = day_of(DAY, rows=6)
        shop.run("shop/raw", "shop/sales", "shop/totals", partition=DAY)
        digests.append(shop.published("shop/totals"))

    shop.source.during = meanwhile
    slow = shop.run("shop/totals")
    assert slow.status is FAILURE
    assert shop.published("shop/totals") == digests[0]
    trial = next(t for t in shop.trials("shop/totals") if t.run == slow.run_id)
    assert trial.state is TrialState.LOST
    assert "shop/totals|all" in str(trial.error)
    assert str(trial.error) in shop.failures(slow)["shop__totals"]


def test_a_good_day_supersedes_a_bad_one(shop: Shop) -> None:
    """The same partition, fetched again and good: published, its verdict satisfied, the older one kept."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    del shop.source.days[DAY]
    assert shop.daily().status is SUCCESS
    assert [str(v) for v in shop.verdicts("enough", DAY)] == ["violated", "satisfied"]
    assert shop.pointer(PointerKind.PUBLISHED, f"shop/sales|{DAY}") is not None


def test_a_check_shows_the_rows_that_failed(shop: Shop) -> None:
    """How many failed is a number to be plotted; the first of them stand in a table, whose cells data cannot leave."""
    shop.source.days[DAY] = day_of(DAY, amount=[1.0, -2.0, 3.0, -4.0, 5, 6, 7, 8], item=["a", "<b>|x", *"cdefgh"])
    check = shop.checks(shop.daily(), "shop/sales")["sane", DAY]
    assert check.metadata["qoa/failing_rows"].value == 2
    table = str(check.metadata["qoa/failing_sample"].value).splitlines()
    assert table[0] == "| row | key | cells | why |"
    assert table[2] == "| 1 |  | amount = -2 | not so: col&#40;'amount'&#41; &gt;= 0 |"
    assert len(table) == 4

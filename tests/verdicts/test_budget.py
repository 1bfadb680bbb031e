"""A false-alarm budget is spread without a remainder, never carelessly, and its spend is counted by alarms."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import read_text
from qoa_platform.records import Contract, Key, Reason, Severity, Status, Verdict, Window
from qoa_platform.verdicts.budget import CAREFUL, DETECTORS, LOOSEST, alarms, poisson, poured, spent, spread

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)
HEAD = "apiVersion: qoa/v1\nkind: QualityContract\nname: shop\nversion: 1\nowner: me\n"
FIXED = '{id: some, metric: data.row_count, must: ">= 1"}'


def contract(count: int, declared: float | None, columns: int = 1) -> Contract:
    """One fixed bound, and *count* learnt ones over so many *columns* each."""
    named = ", ".join(f"c{k}" for k in range(columns))
    learnt = [f"{{id: u{k}, metric: data.mean, columns: [{named}], must: usual}}" for k in range(count)]
    budget = "" if declared is None else f"false_alarms: {declared}\n"
    promises = "".join(f"      - {p}\n" for p in (FIXED, *learnt))
    return read_text(
        f"{HEAD}{budget}subjects:\n  sales:\n    asset: sales\n    partition: day\n    promises:\n{promises}"
    )


def told(day: int, status: str, *, data: str | None = None, group: str | None = None, later: int = 0) -> Verdict:
    """A verdict on ``sales.u0`` of one day of March."""
    window = Window.of_partition(f"2017-03-{day:02}")
    reason = Reason.NO_DATA if status == "unknown" else None
    return Verdict(
        key=Key(contract="shop", subject="sales", promise="u0", group=group), window=window, status=Status(status),
        reason=reason, severity=Severity.WARNING, metric="data.mean", contract_version=1, contract_digest="0",
        data=data, at=NOON + timedelta(hours=later), wall=NOON,
    )  # fmt: skip


@given(count=st.integers(0, 40), columns=st.integers(1, 5), declared=st.one_of(st.none(), st.floats(0, 50)))
def test_shares_sum_to_no_more_than_is_declared(count: int, columns: int, declared: float | None) -> None:
    """However many promises there are; only statistical ones share, and no look is judged carelessly."""
    found = spread(contract(count, declared, columns))
    assert {s.promise for s in found.shares} == {f"u{k}" for k in range(count)}
    assert found.spread <= found.declared + 1e-9
    limit = CAREFUL["usual"] if declared is None else LOOSEST
    assert all(0 <= s.per_look <= limit + 1e-12 for s in found.shares)
    assert all(s.per_look * s.looks * s.judgements == pytest.approx(s.false_alarms) for s in found.shares)


def test_a_small_budget_is_spent_wholly_and_by_weight() -> None:
    """Half a false alarm a month over four promises; a critical one may be given less."""
    even = spread(contract(4, 0.5))
    assert [s.false_alarms for s in even.shares] == pytest.approx([0.125] * 4)
    odd = spread(contract(2, 0.5), weight=lambda p: 3.0 if p.id == "u0" else 1.0)
    assert [s.false_alarms for s in odd.shares] == pytest.approx([0.375, 0.125])
    with pytest.raises(ValueError, match="finite numbers"):
        spread(contract(2, 0.5), weight=lambda _: float("nan"))


@given(
    total=st.floats(0, 9), parts=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3)), max_size=9),
)  # fmt: skip
def test_what_one_may_not_take_goes_to_the_others(total: float, parts: list[tuple[float, float]]) -> None:
    """No share is above its cap; all is given, unless every one that weighs anything is full."""
    weights, caps = [w for w, _ in parts], [c for _, c in parts]
    found = poured(total, weights, caps)
    assert all(0 <= f <= c + 1e-9 for f, c in zip(found, caps, strict=True))
    room = sum(c for w, c in parts if w > 0)
    assert sum(found) == pytest.approx(min(total, room), abs=1e-6)


def test_a_drift_promise_takes_no_more_than_its_noise_floor_and_leaves_the_rest() -> None:
    """Undeclared: a floor is passed by 1 in 1,000, a learnt bound gets half an alarm a month and no more."""
    text = f"{HEAD}subjects:\n  s:\n    asset: s\n    partition: day\n    promises:\n"
    steady = '      - {id: steady, metric: drift.psi, column: a, reference: training, must: "< 0.2"}\n'
    learnt = "      - {id: volume, metric: data.row_count, must: usual}\n"
    found = spread(read_text(text + steady + learnt))
    assert [s.kind for s in found.shares] == ["drift", "usual"]
    assert [s.false_alarms for s in found.shares] == pytest.approx([0.03, 0.5])


def test_the_detectors_are_those_of_the_catalogue() -> None:
    """Every metric that watches a stream has a share of its own kind: none is taken for a distance with a floor."""
    from qoa_platform.metrics import catalogue
    from qoa_platform.metrics.drift_watched import Watched

    owners = {name: getattr(spec.build, "__self__", None) for name, spec in catalogue().items()}
    assert {n for n, o in owners.items() if isinstance(o, type) and issubclass(o, Watched)} == DETECTORS


def test_groups_that_data_shows_make_every_look_stricter() -> None:
    """Twenty groups and the whole share what the window may spend."""
    alone, grouped = spread(contract(1, 0.3)), spread(contract(1, 0.3), looks={("sales", "u0"): 21})
    assert grouped.shares[0].alpha == pytest.approx(alone.shares[0].alpha)
    assert grouped.shares[0].per_look == pytest.approx(alone.shares[0].per_look / 21)


def test_nothing_may_be_spent_of_a_budget_of_nothing() -> None:
    """``false_alarms: 0`` grants zero to every promise; an undeclared one is at most one a month."""
    assert all(s.alpha == 0 for s in spread(contract(3, 0.0)).shares)
    assert spread(contract(400, None)).spread == pytest.approx(1.0)


def test_a_lasting_fault_is_one_alarm() -> None:
    """Violated windows in a row are one; an unknown between them does not end it, a satisfied one does."""
    run = [told(1, "violated"), told(2, "unknown"), told(3, "violated"), told(4, "satisfied"), told(6, "violated")]
    assert [len({v.window for v in a if v.violated}) for a in alarms(run)] == [2, 1]
    assert len(alarms([told(1, "violated"), told(1, "violated", group="north")])) == 2


def test_what_became_of_alarms_is_told_apart() -> None:
    """Mended is confirmed, accepted is false and never confirmed, the rest is doubtful."""
    verdicts = [
        told(1, "violated", data="a"), told(1, "satisfied", data="b", later=1), told(2, "satisfied"),
        told(3, "violated", data="odd"), told(4, "satisfied"), told(5, "violated"), told(6, "satisfied"),
    ]  # fmt: skip
    mine = contract(1, 0.3)
    found = {s.promise: s for s in spent(mine, spread(mine), verdicts, accepted=["odd"])}
    own = found["u0"]
    assert (own.judged, own.alarms, own.confirmed, own.accepted, own.doubtful) == (6, 3, 1, 1, 2)
    assert own.expected == pytest.approx(6 * 0.3 / 30)
    assert own.overspent
    assert found["some"].expected is None
    assert not found["some"].overspent


@given(st.integers(0, 200))
def test_the_interval_of_a_count_holds_it_and_is_exact(count: int) -> None:
    """Garwood: P(N ≥ count | low) = P(N ≤ count | high) = 2.5 %, by SciPy's Poisson."""
    from scipy.stats import poisson as law

    low, high = poisson(count)
    assert low <= count <= high
    assert law.cdf(count, high) == pytest.approx(0.025, rel=1e-6)
    assert count == 0 or law.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("count", "confidence"), [(-1, 0.95), (1, 0.0), (1, float("nan"))])
def test_a_count_that_is_none_has_no_interval(count: int, confidence: float) -> None:
    """Arguments that mean nothing are errors that say what is allowed."""
    with pytest.raises(ValueError, match="Allowed"):
        poisson(count, confidence)

"""Owns what may be asked for: ids of the catalogue, dictionaries as promises are written, and metrics themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qoa_platform.metrics import Arity, FoldMetric, Metric, MetricError, MetricSpec, build, catalogue
from qoa_platform.records import Promise, Reference, ReferenceKind, Scalar, Subject, SubjectKind, Usual

GIVEN = "given"
"""The name under which a reference that was handed in is compared with."""
OWN = frozenset({"metric", "column", "columns", "expr", "where", "by", "weight", "aggregate", "compat"})
"""Keys of a promise that say what is measured; all others are parameters of the metric."""
JUDGING = frozenset({"must", "versus", "margin", "for", "severity", "mode", "reference", "id"})
"""Keys of a promise that say what is judged, or against what."""

Wish = str | Mapping[str, Any] | Metric


def wishes(metrics: Wish | Iterable[Wish]) -> list[Wish]:
    """One wish or several, as a list."""
    if isinstance(metrics, str | Mapping | Metric):
        return [metrics]
    return list(metrics)


def subject_of(
    asked: Sequence[Wish], columns: Sequence[str], *, by: str | None = None, where: str | None = None,
    event_time: str | None = None, missing: Mapping[str, tuple[str, ...]] | None = None, referred: bool = False,
) -> Subject:  # fmt: skip
    """A subject that promises what is *asked* (metrics that are given as such have no promise).

    An id alone is asked of every one of *columns* where the metric is per column (and as the metric means it without
    columns where it is not). *where* and *missing* are the subject's. Raises MetricError.
    """
    known = catalogue()
    promises = [
        _promise(number, wish, columns, by, known, referred=referred)
        for number, wish in enumerate(asked)
        if not isinstance(wish, Metric)
    ]
    return Subject(
        id="data", kind=SubjectKind.ASSET, asset="data", event_time=event_time, where=where,
        missing=tuple(sorted((missing or {}).items())), promises=tuple(promises),
    )  # fmt: skip


def metrics_of(asked: Sequence[Wish], subject: Subject) -> list[tuple[Metric, bool]]:
    """The metrics of what is *asked*, in its order, and whether each is read against the reference."""
    promises, found = iter(subject.promises), list[tuple[Metric, bool]]()
    for wish in asked:
        if isinstance(wish, Metric):
            found.append((wish, bool(catalogue()[wish.id].needs_reference) if wish.id in catalogue() else False))
            continue
        promise = next(promises)
        built = build(promise, subject)
        if folding := [m.id for m in built if isinstance(m, FoldMetric) and not isinstance(m, Metric)]:
            raise MetricError(f"{folding[0]} is read off runs, not off a frame. Allowed: qoa metrics list")
        found += [(m, promise.reference is not None) for m in built if isinstance(m, Metric)]
    return found


def _promise(
    number: int, wish: str | Mapping[str, Any], columns: Sequence[str], by: str | None,
    known: Mapping[str, MetricSpec], *, referred: bool,
) -> Promise:  # fmt: skip
    given = {"metric": wish} if isinstance(wish, str) else dict(wish)
    if judging := sorted(JUDGING & given.keys()):
        raise MetricError(
            f"{', '.join(judging)} of {given}: what is measured is not judged here. See judge(contract, …)"
        )
    metric = str(given.get("metric", ""))
    spec = known.get(metric)
    named = given.get("columns", given.get("column"))
    chosen = (named,) if isinstance(named, str) else tuple(named) if named is not None else _all(spec, columns)
    promise = Promise(
        id=f"{metric or 'metric'}#{number}", metric=metric, columns=chosen, must=Usual(), expr=given.get("expr"),
        where=given.get("where"), by=given.get("by", by), weight=given.get("weight"),
        aggregate=given.get("aggregate"), compat=given.get("compat"),
        params=tuple(sorted((k, _value(v)) for k, v in given.items() if k not in OWN)),
    )  # fmt: skip
    if referred and spec is not None and spec.needs_reference:
        return replace(promise, reference=Reference(kind=ReferenceKind.PROFILE, name=GIVEN))
    return promise


def _all(spec: MetricSpec | None, columns: Sequence[str]) -> tuple[str, ...]:
    """What a metric without named columns is asked of."""
    if spec is None or spec.columns is Arity.NONE or (spec.columns is Arity.ANY and not spec.per_column):
        return ()
    return tuple(columns)


def _value(value: Any) -> Scalar | tuple[Scalar, ...]:
    """A parameter as a record holds it: lists become tuples."""
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else value

"""Owns the catalogue: every metric id with all that a contract is linted by, and how a promise becomes metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from qoa_platform.metrics import (
    accuracy,
    chain,
    completeness,
    consistency,
    cost,
    distribution,
    drift,
    model,
    r3e,
    resource,
    schema,
    service,
    timeliness,
    uniqueness,
    validity,
    volume,
)
from qoa_platform.metrics.compat import variant
from qoa_platform.metrics.own import own
from qoa_platform.metrics.protocol import AnyMetric, MetricError, MetricSpec
from qoa_platform.metrics.specs import stand_in
from qoa_platform.records import Promise, Subject

FAMILIES: Mapping[str, tuple[MetricSpec, ...]] = {
    "completeness": completeness.SPECS,
    "uniqueness": uniqueness.SPECS,
    "validity": validity.SPECS,
    "consistency": consistency.SPECS,
    "accuracy": accuracy.SPECS,
    "timeliness": timeliness.SPECS,
    "volume": volume.SPECS,
    "distribution": distribution.SPECS,
    "schema": schema.SPECS,
    "drift": drift.SPECS,
    "model": model.SPECS,
    "service": service.SPECS,
    "resource": resource.SPECS,
    "cost": cost.SPECS,
    "chain": chain.SPECS,
    "r3e": r3e.SPECS,
}
"""The sixteen families, one file (or file and ``…_declared``) and one docs page each."""


class Catalogue(Mapping[str, MetricSpec]):
    """Every metric by its id: those of this library, and after them the project's own (``own``), which replace none."""

    def __getitem__(self, metric: str) -> MetricSpec:
        found = built_in().get(metric)
        return own().specs[metric] if found is None else found

    def __iter__(self) -> Iterator[str]:
        yield from built_in()
        yield from (metric for metric in own().specs if metric not in built_in())

    def __len__(self) -> int:
        return sum(1 for _ in self)


_EVERY = Catalogue()


def catalogue() -> Mapping[str, MetricSpec]:
    """Every metric by its id, those that are only declared included, so that contracts lint.

    >>> catalogue()["data.completeness"].definition
    'Present values ÷ rows of a column: ``1 − m/n``.'
    """
    return _EVERY


@cache
def built_in() -> Mapping[str, MetricSpec]:
    """The metrics of this library."""
    rows = [replace(spec, family=family) for family, specs in FAMILIES.items() for spec in specs]
    found = {spec.id: spec for spec in rows}
    if len(found) < len(rows):
        twice = sorted({spec.id for spec in rows if rows.count(spec) > 1 or found[spec.id] != spec})
        raise MetricError(f"the catalogue holds twice: {', '.join(twice)}")
    return MappingProxyType(found)


def build(promise: Promise, subject: Subject) -> tuple[AnyMetric, ...]:
    """The metrics of *promise*: one per column where the metric is per column, else one.

    The promise's ``where``, ``by``, ``expr``, ``over`` and parameters become part of the metric, hence of its ask and
    of its series. A metric whose engine does not exist yet (and a ``compat`` variant that is not computed)
    reads ``not_applicable``.

    Raises MetricError for an unknown id, parameter or number of columns, ExpressionError for an expression.
    """
    spec = catalogue().get(promise.metric)
    if spec is None:
        near = get_close_matches(promise.metric, catalogue(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        message = f"promise {promise.id!r}: unknown metric {promise.metric!r}.{hint} Allowed: what the catalogue lists"
        raise MetricError(message)
    if promise.compat is not None:
        return variant(
            promise, subject,
            lambda cause: (stand_in(spec.id, spec.unit, spec.direction, promise, subject, cause),),
        )  # fmt: skip
    return spec.build(promise, subject)

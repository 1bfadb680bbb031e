"""Owns ``qoa metrics``: the exposition for Prometheus, and the catalogue of what can be measured."""

from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.metrics import MetricSpec

HERE = "qoa_platform.cli.metrics"

metrics = LazyGroup(
    name="metrics",
    help="The metrics of the platform for Prometheus, and the catalogue of what can be measured.",
    entries={
        "list": Entry(module=HERE, attribute="listed", summary="Every metric that a contract may promise something about."),
        "show": Entry(module=HERE, attribute="show", summary="One metric: unit, direction, parameters."),
    },
)


def _catalogue() -> "dict[str, MetricSpec]":
    from qoa_platform.metrics import catalogue

    return dict(catalogue())


@leaf(name="list", example=["qoa metrics list", "qoa metrics list --family drift --json"], exits=())
@click.option("--family", help="Only this family, such as completeness.")
@click.option("--all", "every", is_flag=True, help="Also those that are only declared: their reading is not_applicable.")
def listed(*, family: str | None, every: bool, as_json: bool) -> None:
    """Every metric that a contract may promise something about."""
    from qoa_platform.cli.output import Table, emit, say, tables

    known = _catalogue()
    families = sorted({m.family for m in known.values()})
    if family is not None and family not in families:
        raise unknown("family", family, families)
    ours = [m for m in known.values() if family in (None, m.family)]
    found = [m for m in ours if every or m.implemented]
    if as_json:
        emit({"metrics": [_described(m) for m in found]})
        return
    rows = [(m.id, m.family, m.unit, m.direction, _columns(m), _plain(m.definition)) for m in found]
    tables(Table(columns=("metric", "family", "unit", "good is", "columns", "definition"), rows=rows))
    if hidden := len(ours) - len(found):
        say(f"{hidden} more are declared, and not computed yet: --all")


@leaf(example=["qoa metrics show data.completeness"], exits=())
@click.argument("metric")
def show(*, metric: str, as_json: bool) -> None:
    """One metric: what it is, its unit, which side is good, and its parameters."""
    from qoa_platform.cli.output import Table, emit, say, tables

    known = _catalogue()
    if metric not in known:
        raise unknown("metric", metric, known)
    found = known[metric]
    if as_json:
        emit({"metric": _described(found)})
        return
    say(f"{found.id}: {_plain(found.definition)}", "")
    facts = [
        ("family", found.family), ("unit", found.unit), ("good is", found.direction), ("columns", _columns(found)),
        ("read from", found.source), ("needs", ", ".join(_needs(found)) or "nothing else"),
        ("computed", "yes" if found.implemented else "not yet: its reading is not_applicable"),
    ]  # fmt: skip
    params = [(p.name, p.kind, "must" if p.required else "may", ", ".join(p.choices), p.text) for p in found.params]
    columns = ("parameter", "kind", "is given", "one of", "what it does")
    tables(Table(columns=("", ""), rows=facts), *([Table(columns=columns, rows=params)] if params else []))


def _described(metric: "MetricSpec") -> dict[str, object]:
    """A row of the catalogue as plain data."""
    return {
        "id": metric.id, "family": metric.family, "unit": metric.unit, "direction": metric.direction,
        "definition": _plain(metric.definition), "columns": metric.columns, "source": metric.source,
        "needs": _needs(metric), "implemented": metric.implemented, "params": metric.params,
    }  # fmt: skip


def _needs(metric: "MetricSpec") -> list[str]:
    return ["reference"] * metric.needs_reference + ["expr"] * metric.needs_expr


def _columns(metric: "MetricSpec") -> str:
    return f"{metric.columns} (each for itself)" if metric.columns == "many" and metric.per_column else metric.columns


def _plain(text: str) -> str:
    return text.replace("``", "")

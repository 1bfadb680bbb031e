"""Owns ``qoa metrics``: the exposition for Prometheus, and the catalogue of what can be measured."""

import sys
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import json_option, leaf, traceback_option

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from qoa_platform.metrics import MetricSpec

HERE = "qoa_platform.cli.metrics"


def _print(*, as_json: bool = False) -> None:
    """The exposition of this moment, unless a sub-command is asked for."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    from qoa_platform.alerts import Channels
    from qoa_platform.cli.output import emit
    from qoa_platform.cli.project import open_project
    from qoa_platform.telemetry import registry, render

    project = open_project()
    sinks = Channels.of(project.home.root).sinks
    if as_json:
        found = registry(project.ledger, clock=project.clock, sinks=sinks).collect()
        emit({"families": [_family(family) for family in found]})
    else:
        click.echo(render(project.ledger, clock=project.clock, sinks=sinks).decode(), nl=False)


def _family(family: "Metric") -> dict[str, object]:
    samples = [{"name": s.name, "labels": s.labels, "value": s.value} for s in family.samples]
    return {"name": family.name, "type": family.type, "help": family.documentation, "samples": samples}


metrics = LazyGroup(
    name="metrics",
    help=(
        "Print the metrics of the platform for Prometheus; or, with a sub-command, serve them or look into the "
        "catalogue of what can be measured.\n\nExample: qoa metrics | grep qoa_verdict_status"
    ),
    callback=_print,
    params=[json_option(), traceback_option()],
    invoke_without_command=True,
    entries={
        "serve": Entry(module=HERE, attribute="serve", summary="Answer scrapes of Prometheus, on this machine."),
        "list": Entry(
            module=HERE, attribute="listed", summary="Every metric that a contract may promise something about."
        ),
        "show": Entry(module=HERE, attribute="show", summary="One metric: unit, direction, parameters."),
        "check": Entry(
            module="qoa_platform.cli.lawful", attribute="check", summary="Whether a metric of your own obeys the laws."
        ),
    },
)


@leaf(example=["qoa metrics serve", "qoa metrics serve --port 9500"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9464, show_default=True, help="On 127.0.0.1; 0: a free one."
)
def serve(*, port: int, as_json: bool) -> None:
    """Answer scrapes of Prometheus at http://127.0.0.1:PORT/metrics, until Ctrl-C.

    There is no authentication, so it listens on this machine only. Labels are bounded in number and sanitised.
    """
    from qoa_platform.alerts import Channels
    from qoa_platform.cli.output import emit
    from qoa_platform.cli.project import open_project
    from qoa_platform.cli.stopping import stopped
    from qoa_platform.telemetry import serve as answer

    project = open_project()
    stop = stopped()
    try:
        server = answer(project.ledger, clock=project.clock, port=port, sinks=Channels.of(project.home.root).sinks)
    except OSError as error:
        raise Complaint(
            Exit.STATE, f"port {port} of 127.0.0.1 cannot be used: {error}. Another one: --port 0"
        ) from error
    with server:
        if as_json:
            emit({"url": server.url, "port": server.port})
        else:
            click.echo(f"metrics of {project.home.root.name} at {server.url} (Ctrl-C ends it)")
        sys.stdout.flush()
        stop.wait()


def _catalogue() -> "dict[str, MetricSpec]":
    from qoa_platform.metrics import catalogue

    return dict(catalogue())


@leaf(name="list", example=["qoa metrics list", "qoa metrics list --family drift --json"], exits=())
@click.option("--family", help="Only this family, such as completeness.")
@click.option(
    "--all", "every", is_flag=True, help="Also those that are only declared: their reading is not_applicable."
)
def listed(*, family: str | None, every: bool, as_json: bool) -> None:
    """Every metric that a contract may promise something about."""
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.metrics.own import own

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
    for where, why in own().problems:
        say(f"not loaded: {where}: {why}")


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

"""Owns ``qoa metrics check``: the laws of a metric of one's own, tried on generated frames."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.metrics import Metric, MetricSpec
    from qoa_platform.scans.lawful import Broken

SEED = 20_260_101


@leaf(
    example=["qoa metrics check shop.late_share", "qoa metrics check shop.metrics:Gini --column sales_value"],
    exits=(Exit.FINDINGS,),
)
@click.argument("metric")
@click.option("--column", "columns", multiple=True, help="A column that it reads; without it one is invented.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter that it needs.")
@click.option("--frames", type=click.IntRange(1, 10_000), default=60, show_default=True, help="Frames tried per law.")
def check(*, metric: str, columns: tuple[str, ...], params: tuple[str, ...], frames: int, as_json: bool) -> None:
    """Whether METRIC, an id or MODULE:NAME, obeys the laws of every metric.

    Tried on generated frames: it reads an empty frame, one row and nothing but missing values; NaN is missing; the
    order of rows does not matter; parts merge to the whole. What fails is shown with the smallest frame that was found.
    """
    from random import Random

    from qoa_platform.cli.output import emit, say
    from qoa_platform.metrics import MetricError
    from qoa_platform.scans.lawful import broken, readable

    try:
        found = _made(_spec(metric), columns, dict(_param(text) for text in params))
        types = readable(found, Random(SEED))  # noqa: S311 (the same frames each time)
        failures = broken(found, Random(SEED), frames=frames, types=types)  # noqa: S311
    except MetricError as error:
        raise Complaint(Exit.USAGE, str(error)) from error
    if as_json:
        emit({"metric": found.id, "types": dict(types), "broken": [_shown(each) for each in failures]})
    else:
        typed = ", ".join(f"{name} as {kind}" for name, kind in types.items()) or "no column"
        say(f"{found.id}, read over {typed}:")
        for each in failures:
            say(f"broken: {each.law}", f"  {each.cause}", *(f"  {line}" for line in str(each.frame).splitlines()))
        say(f"{len(failures)} laws are broken" if failures else "every law holds")
    if failures:
        raise click.exceptions.Exit(Exit.FINDINGS)


def _spec(metric: str) -> "MetricSpec":
    from qoa_platform.metrics import MetricError, catalogue
    from qoa_platform.metrics.own import loaded, own, spec_of

    if ":" in metric:
        try:
            return spec_of(loaded(metric, Path.cwd()))
        except (ImportError, AttributeError, MetricError) as error:
            raise Complaint(Exit.USAGE, f"{metric}: {error}") from error
    known = catalogue()
    if metric not in known:
        for where, why in own().problems:
            click.echo(f"not loaded: {where}: {why}", err=True)
        raise unknown("metric", metric, known)
    return known[metric]


def _made(spec: "MetricSpec", columns: tuple[str, ...], params: dict[str, Any]) -> "Metric":
    """The metric of a promise that says no more than it must."""
    from qoa_platform.metrics import Arity, Metric, MetricError
    from qoa_platform.records import Promise, Subject, SubjectKind, Usual

    needed = () if spec.columns in {Arity.NONE, Arity.ANY} else ("x",)
    promise = Promise(id="check", metric=spec.id, columns=columns or needed, params=tuple(params.items()), must=Usual())
    (found, *_) = spec.build(promise, Subject(id="check", kind=SubjectKind.ASSET, asset="check", promises=(promise,)))
    if not isinstance(found, Metric):
        raise MetricError(f"{spec.id} is read off records. Allowed: a metric of a frame")
    return found


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Complaint(Exit.USAGE, f"--param {text!r}. Allowed: NAME=VALUE")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, {"true": True, "false": False}.get(value, value)


def _shown(each: "Broken") -> dict[str, object]:
    return {"law": each.law, "cause": each.cause, "frame": [list(map(str, row)) for row in each.frame.rows()]}

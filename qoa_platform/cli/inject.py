"""Owns ``qoa inject``: faults planted on purpose, so that everybody can see what the platform does about them."""

from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import actor_option, leaf

if TYPE_CHECKING:
    from qoa_platform.cli.project import Project
    from qoa_platform.faults import Kind
    from qoa_platform.records import Injection, Scalar

TARGETS = {"feed": "asset", "model": "model", "run": "asset"}
"""What a fault is planted at, by the realm of its kind: what an asset fetches, a model, a run of an asset."""


@leaf(
    example=[
        "qoa inject --list",
        "qoa inject half_rows --target feed:retail/raw_day --partition 2017-10-04",
        "qoa inject lasting_shift --target feed:retail/raw_day --since 2017-11-01 --persistent --column quantity",
        "qoa inject --withdraw 'feed:retail/raw_day|1' --reason 'seen enough'",
    ],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.argument("kind", required=False)
@click.option("--target", metavar="feed:ASSET|model:NAME|run:ASSET", help="What is damaged.")
@click.option("--partition", help="Only this partition, such as 2017-10-04.")
@click.option("--since", help="Only partitions from this one on: a lasting fault.")
@click.option(
    "--times", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="So many fetches (runs) meet it."
)
@click.option("--persistent", is_flag=True, help="Every fetch (run) meets it, until it is withdrawn.")
@click.option("--column", "columns", multiple=True, help="A column that is damaged; may be repeated.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the fault; may be repeated.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Chooses the rows that are hit."
)
@click.option("--list", "listed", is_flag=True, help="The kinds of faults, and what stands planted.")
@click.option("--withdraw", metavar="KEY", help="End a planted fault before it is used up.")
@click.option("--reason", default="injected on purpose", show_default=True, help="Why. It is kept for ever.")
@actor_option
def inject(
    *, kind: str | None, target: str | None, partition: str | None, since: str | None, times: int, persistent: bool,
    columns: tuple[str, ...], params: tuple[str, ...], seed: int, listed: bool, withdraw: str | None, reason: str,
    actor: str, as_json: bool,
) -> None:  # fmt: skip
    """Plant a fault on purpose, list the kinds, or withdraw one.

    KIND is one of those that --list explains. A fault is a row of the ledger: the feed, the model or the run that it is
    planted at meets it, and the trial of that run says so. By default one fetch meets it, so that a rerun is clean.
    """
    if listed:
        _list(as_json=as_json)
    elif withdraw is not None:
        _withdraw(withdraw, actor=actor, reason=reason, as_json=as_json)
    elif kind is None or target is None:
        raise Complaint(Exit.USAGE, "qoa inject needs a KIND and --target. Allowed kinds: qoa inject --list")
    else:
        given = (("columns", columns),) if columns else ()
        injection = _injection(
            kind, target, partition=partition, since=since, times=None if persistent else times, given=given,
            params=params, seed=seed,
        )  # fmt: skip
        _plant(injection, actor=actor, reason=reason, as_json=as_json)


def _injection(
    kind: str, target: str, *, partition: str | None, since: str | None, times: int | None,
    given: tuple[tuple[str, tuple[str, ...]], ...], params: tuple[str, ...], seed: int,
) -> "Injection":  # fmt: skip
    """What is asked for, checked against its kind: a fault that could not be applied is never planted."""
    from qoa_platform.faults import kind_of
    from qoa_platform.faults.planted import fault_of
    from qoa_platform.records import Injection

    known = kind_of(kind)
    realm = target.partition(":")[0]
    if realm != known.realm.value and realm in TARGETS:
        message = (
            f"fault {kind!r} damages a {known.realm.value}, the target is {target!r}. Allowed: {known.realm.value}:…"
        )
        raise Complaint(Exit.USAGE, message)
    values = tuple(_param(known, text) for text in params)
    found = Injection(
        target=target, kind=kind, partition=partition, since=since, times=times, seed=seed,
        params=tuple(sorted((*given, *values))),
    )  # fmt: skip
    fault_of(found)
    return found


def _param(kind: "Kind", text: str) -> tuple[str, "Scalar"]:
    """``k=v``, read as the kind's default of *k* is: a number, or text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Complaint(Exit.USAGE, f"--param {text!r} is not understood. Allowed: K=V, such as share=0.5")
    default = dict(kind.params).get(name)
    if isinstance(default, int | float) and not isinstance(default, bool):
        try:
            return name, int(value) if isinstance(default, int) else float(value)
        except ValueError:
            raise Complaint(
                Exit.USAGE, f"--param {text!r}: {name} of {kind.name} is a number, such as {default}"
            ) from None
    return name, value


def _plant(injection: "Injection", *, actor: str, reason: str, as_json: bool) -> None:
    from qoa_platform.cli import naming
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.ledger.injections import plant

    project = open_project()
    naming.target(project, injection.target, TARGETS)
    key = plant(project.ledger, injection, actor=actor, reason=reason, at=project.clock.at(), wall=project.clock.wall())
    if as_json:
        emit({"key": key, "injection": injection, "actor": actor, "reason": reason})
    else:
        say(f"planted {key}: {_told(injection)}", f"End it with: qoa inject --withdraw '{key}'")


def _told(injection: "Injection") -> str:
    from qoa_platform.faults.planted import described

    where = injection.partition or (f"from {injection.since} on" if injection.since else "every partition")
    often = "until it is withdrawn" if injection.times is None else f"{injection.times} ×"
    return f"{described([injection])} at {injection.target}, {where}, {often}"


def _withdraw(key: str, *, actor: str, reason: str, as_json: bool) -> None:
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.ledger.injections import standing, withdraw

    project = open_project()
    at, wall = project.clock.at(), project.clock.wall()
    if not withdraw(project.ledger, key, actor=actor, reason=reason, at=at, wall=wall):
        known = ", ".join(k for k, _ in standing(project.ledger)) or "none"
        raise Complaint(Exit.STATE, f"no fault stands planted as {key!r}: it is unknown, or used up. Standing: {known}")
    if as_json:
        emit({"key": key, "withdrawn": True, "actor": actor, "reason": reason})
    else:
        say(f"withdrawn: {key}")


def _list(*, as_json: bool) -> None:
    """The kinds (known outside any project too), and what stands planted in the project around, if there is one."""
    from qoa_platform.cli.output import Table, emit, tables
    from qoa_platform.faults import KINDS

    planted = _standing()
    if as_json:
        emit({"kinds": list(KINDS.values()), "planted": [{"key": k, **_plain(i)} for k, i in planted]})
        return
    rows = [
        (k.name, k.realm.value, _columns(k), ", ".join(f"{n}={v}" for n, v in k.params), k.does) for k in KINDS.values()
    ]
    shown = [Table(title="Kinds of faults", columns=("kind", "at", "columns", "parameters", "what it does"), rows=rows)]
    if planted:
        told = [(key, _told(injection)) for key, injection in planted]
        shown.append(Table(title="Planted, and not used up", columns=("key", "fault"), rows=told))
    tables(*shown)


def _columns(kind: "Kind") -> str:
    least, most = kind.columns
    return "" if not most else str(least) if least == most else f"{least} to {most}"


def _plain(injection: "Injection") -> dict[str, object]:
    from qoa_platform.records import plain

    return dict(plain(injection))


def _standing() -> "list[tuple[str, Injection]]":
    from qoa_platform.ledger.home import NoProject
    from qoa_platform.ledger.injections import standing

    try:
        from qoa_platform.cli.project import open_project

        project: Project = open_project()
    except NoProject:
        return []
    return standing(project.ledger)

"""Owns describing: a node of lineage as a branch with its record's facts, without what lies beyond it."""

from typing import assert_never

from qoa_platform.lineage.links import Links
from qoa_platform.lineage.nodes import Kind, Name, parse
from qoa_platform.lineage.reader import Reader
from qoa_platform.lineage.tree import Branch, Judged
from qoa_platform.records import (
    Episode,
    ModelVersion,
    Outcome,
    PointerKind,
    Reaction,
    Trial,
    Verdict,
    short,
    show,
)  # fmt: skip

Facts = tuple[tuple[str, str], ...]
SHORT = 12
"""Digits of a digest that are shown."""


def describe(reader: Reader, links: Links, node: str) -> Branch:
    """What the ledger says of *node*; ``missing`` where only an edge names it."""
    name = parse(node)
    match name.kind:
        case Kind.DATA:
            return _data(reader, name)
        case Kind.TRIAL:
            return _trial(reader, links, name)
        case Kind.MODEL:
            return _model(reader, links, name)
        case Kind.VERDICT:
            return _verdict(reader, name)
        case Kind.REACTION:
            return _reaction(reader, name)
        case Kind.EPISODE:
            return _episode(reader, name)
        case _:
            assert_never(name.kind)


def judged(verdict: Verdict) -> Judged:
    """One verdict in short."""
    low, high = (show(b, verdict.unit) for b in (verdict.bounds.low, verdict.bounds.high))
    return Judged(
        id=verdict.id, key=str(verdict.key), window=str(verdict.window), status=str(verdict),
        value=show(verdict.value, verdict.unit), allowed=f"[{low}, {high}]", severity=str(verdict.severity),
        blocks=verdict.blocks,
    )  # fmt: skip


def _missing(name: Name, what: str) -> Branch:
    return Branch(node=str(name), title=f"{what} {'|'.join(name.parts)}: no record in the ledger", missing=True)


def _facts(**given: object) -> Facts:
    return tuple((key.replace("_", " "), str(value)) for key, value in given.items() if value not in (None, "", ()))


def _data(reader: Reader, name: Name) -> Branch:
    asset, partition, digest = name.parts
    key = f"{asset}|{partition}"
    head = reader.pointer(PointerKind.PUBLISHED, key)
    past = [m for m in reader.moves(PointerKind.PUBLISHED, key) if m.value == digest]
    if head is not None and head.value == digest:
        state = "published"
    else:
        state = "was published, superseded since" if past else "never published"
    aside = reader.pointer(PointerKind.SET_ASIDE, key)
    if not past and any(m.value == digest for m in reader.moves(PointerKind.SET_ASIDE, key)):
        standing = aside is not None and aside.value == digest
        state = "rows set aside of it" if standing else "rows that were set aside of it, released or replaced since"
    mark = reader.pointer(PointerKind.QUARANTINE, f"{key}|{digest}")
    accepted = reader.pointer(PointerKind.ACCEPTED, key)
    return Branch(
        node=str(name), title=f"{asset} {partition} @{digest[:SHORT]}".replace("  ", " "),
        at=past[-1].at if past else None, wall=past[-1].wall if past else None,
        facts=_facts(
            state=state, quarantine=mark.value if mark else None, digest=digest,
            accepted="by a person" if accepted is not None and accepted.value == digest else None,
        ),
    )  # fmt: skip


def _trial(reader: Reader, links: Links, name: Name) -> Branch:
    trial = reader.last(Trial, name.parts[0])
    if trial is None:
        return _missing(name, "trial")
    usage = trial.usage
    return Branch(
        node=str(name), title=f"trial of {trial.asset} {trial.partition}: {trial.state}".replace(" :", ":"),
        at=trial.at, wall=trial.wall, run=trial.run, parameters=trial.parameters,
        verdicts=tuple(judged(v) for v in links.verdicts(str(name))),
        facts=_facts(
            trial=trial.id, attempt=trial.attempt if trial.attempt > 1 else None, code=trial.code,
            commit=trial.commit or "unknown", environment=trial.environment, seed=trial.seed, rows=trial.rows,
            seconds=f"{usage.seconds:.3g}" if usage else None, usd=f"{usage.usd:.3g}" if usage and usage.usd else None,
            set_aside=_aside(trial), error=trial.error, imported="as history" if trial.imported else None,
        ),
    )  # fmt: skip


def _aside(trial: Trial) -> str | None:
    found = trial.set_aside
    return f"{found.rows:,} rows @{found.digest[:SHORT]} of @{found.original[:SHORT]}" if found is not None else None


def _model(reader: Reader, links: Links, name: Name) -> Branch:
    model, version = name.parts
    record = next((v for v in reader.find(ModelVersion, series=model) if v.version == version), None)
    moved = [(m.key.rpartition("|")[2], m) for m in links.moves[str(name)]]
    history = tuple((alias, f"{m.verb} at {m.at:%Y-%m-%d %H:%M} by {m.actor}: {m.reason}") for alias, m in moved)
    heads = [p.key.rpartition("|")[2] for p in reader.pointers(PointerKind.ALIAS, f"{model}|") if p.value == version]
    bad = reader.pointer(PointerKind.BAD_VERSION, f"{model}|{version}")
    facts = _facts(now=", ".join(heads) or "no alias", known_bad=bad.value if bad else None)
    if record is None:
        return Branch(node=str(name), title=f"model {model} {version}", facts=(*facts, *history), missing=True)
    profiles = ", ".join(digest[:SHORT] for _, digest in record.profiles)
    return Branch(
        node=str(name), title=f"model {model} {version}", at=record.at, wall=record.wall, parameters=record.recipe,
        facts=(*facts, *_facts(artifact=record.artifact, profiles=profiles), *history),
    )  # fmt: skip


def _verdict(reader: Reader, name: Name) -> Branch:
    verdict = reader.last(Verdict, name.parts[0])
    if verdict is None:
        return _missing(name, "verdict")
    return Branch(
        node=str(name), title=f"verdict on {verdict.key} {verdict.window}: {verdict}", at=verdict.at, wall=verdict.wall,
        verdicts=(judged(verdict),),
        facts=_facts(contract=f"{verdict.key.contract} v{verdict.contract_version}", n=verdict.n, cause=verdict.cause),
    )  # fmt: skip


def _reaction(reader: Reader, name: Name) -> Branch:
    reaction = reader.last(Reaction, name.parts[0])
    if reaction is None:
        return _missing(name, "reaction")
    last = reader.last(Outcome, short("outcome", reaction.id))
    return Branch(
        node=str(name), title=f"{reaction.kind} {reaction.target} → {last or 'decided'}", at=reaction.at,
        wall=reaction.wall, run=last.run if last else None,
        facts=_facts(
            rule=f"{reaction.contract}/{reaction.rule}", reason=reaction.reason,
            attempt=f"{last.attempt} of {reaction.attempts}" if last and reaction.attempts > 1 else None,
        ),
    )  # fmt: skip


def _episode(reader: Reader, name: Name) -> Branch:
    episode = reader.last(Episode, name.parts[0])
    if episode is None:
        return _missing(name, "episode")
    status = f"{episode.status}({episode.reason})" if episode.reason else str(episode.status)
    return Branch(
        node=str(name), title=f"episode of {episode.key}: {status}", at=episode.opened_at, wall=episode.opened_wall,
        facts=_facts(
            windows=", ".join(str(w) for w in episode.windows), severity=episode.severity,
            ended=f"{episode.closing} at {episode.closed_at:%Y-%m-%d %H:%M}" if episode.closed_at else "still open",
        ),
    )  # fmt: skip

"""Owns subjects of ``why``: from what a person types to the node that is meant."""

from difflib import get_close_matches

from qoa_platform.lineage.nodes import (
    SEPARATOR,
    Kind,
    data_node,
    episode_node,
    model_node,
    parse,
    reaction_node,
    trial_node,
    verdict_node,
)  # fmt: skip
from qoa_platform.lineage.reader import Reader
from qoa_platform.records import Episode, ModelVersion, PointerKind, Reaction, Trial, Verdict

INCIDENT = "incident:"
CHAMPION = "champion"


class UnknownSubject(LookupError):
    """The ledger knows nothing by that name."""


def resolve(reader: Reader, subject: str) -> str:
    """The node that *subject* names.

    * an asset (``retail/forecast``) or a partition of it (``retail/sales_day|2017-10-04``, or with a blank): its
      published content; the newest one of a partitioned asset; never published: its last trial;
    * a model (``demand``: its champion, else its last version; ``demand|v2``);
    * an id of a reaction, episode, trial or verdict, or ``incident:<id>`` (an incident is named by its first episode);
    * a node as ``why`` prints it.

    Raises UnknownSubject with the nearest guesses.
    """
    text = subject.strip()
    if text.startswith(INCIDENT):
        text = f"{Kind.EPISODE}:{text.removeprefix(INCIDENT)}"
    if text.partition(":")[0] in set(Kind):
        return str(parse(text))
    found = _model(reader, text) or _data(reader, text) or _record(reader, text)
    if found is None:
        raise UnknownSubject(_unknown(reader, subject))
    return found


def _data(reader: Reader, text: str) -> str | None:
    asset, blank, partition = text.replace(" ", SEPARATOR, 1).partition(SEPARATOR)
    heads = [p for p in reader.pointers(PointerKind.PUBLISHED, f"{asset}{SEPARATOR}") if p.value is not None]
    if blank:
        heads = [p for p in heads if p.key == f"{asset}{SEPARATOR}{partition}"]
    if heads:
        head = max(heads, key=lambda p: p.key)
        return data_node(asset, head.key.partition(SEPARATOR)[2], head.value or "")
    trials = reader.find(Trial, series=f"{asset}{SEPARATOR}{partition}")
    return trial_node(trials[-1].id) if trials else None


def _model(reader: Reader, text: str) -> str | None:
    model, _, version = text.replace(" ", SEPARATOR, 1).partition(SEPARATOR)
    if version:
        known = any(v.version == version for v in reader.find(ModelVersion, series=model))
        return model_node(model, version) if known else None
    head = reader.pointer(PointerKind.ALIAS, f"{model}{SEPARATOR}{CHAMPION}")
    if head is not None and head.value is not None:
        return model_node(model, head.value)
    versions = reader.find(ModelVersion, series=model)
    return model_node(model, versions[-1].version) if versions else None


def _record(reader: Reader, text: str) -> str | None:
    if reader.last(Reaction, text) is not None:
        return reaction_node(text)
    if reader.last(Episode, text) is not None:
        return episode_node(text)
    if reader.last(Trial, text) is not None:
        return trial_node(text)
    return verdict_node(text) if reader.last(Verdict, text) is not None else None


def _unknown(reader: Reader, subject: str) -> str:
    assets = {p.key.partition(SEPARATOR)[0] for p in reader.pointers(PointerKind.PUBLISHED)}
    models = {p.key.rpartition(SEPARATOR)[0] for p in reader.pointers(PointerKind.ALIAS)}
    known = sorted(assets | models)
    asset = subject.strip().replace(" ", SEPARATOR).partition(SEPARATOR)[0]
    near = get_close_matches(asset, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    allowed = "asset, asset|partition, model, model|version, incident:<id>, id of a reaction, episode, trial, verdict"
    return f"the ledger knows no {subject!r}.{hint} Allowed: {allowed}. Known: {', '.join(known[:20]) or 'nothing yet'}"

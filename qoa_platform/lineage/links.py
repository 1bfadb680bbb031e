"""Owns Links: the neighbours of a node, from the ledger's edges and from what records say of one another."""

from collections import defaultdict
from functools import cached_property
from typing import assert_never

from qoa_platform.lineage.assembly import JUDGED, edges_of
from qoa_platform.lineage.nodes import (
    Kind,
    Name,
    data_node,
    episode_node,
    model_node,
    parse,
    reaction_node,
    trial_node,
    verdict_node,
)  # fmt: skip
from qoa_platform.lineage.reader import Reader
from qoa_platform.records import Edge, Episode, ModelVersion, Move, PointerKind, Reaction, Trial, Verdict

OPENED, SERVED, LED_TO, STORED = "opened", "reacted", "led to", "stored as"
"""Links beside the edges: trial → episode, episode → reaction, reaction → reaction, model version → data."""


class Links:
    """What a node came from, and what was built on it.

    Rows of the ledger: ``read``, ``wrote``, ``judged``, ``caused``, ``trained``. Beside them the links that records
    hold themselves: the trials whose bad verdicts an episode is made of, the reactions that serve an episode or follow
    another reaction, the alias moves of a reaction, the data in which a model version is stored. A verdict is told with
    the trial that it judged, so ``judged`` is walked as trial → verdict.

    Episodes, reactions and alias moves are few (10²–10³): they are read once per answer.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def into(self, node: str) -> list[Edge]:
        """The edges into *node*, in a stable order."""
        name = parse(node)
        edges = [e for e in self._reader.edges(destination=node) if e.kind != JUDGED]
        return list(dict.fromkeys([*edges, *self._said_into(name, node)]))

    def out_of(self, node: str) -> list[Edge]:
        """The edges out of *node*, in a stable order."""
        name = parse(node)
        edges = [e for e in self._reader.edges(source=node) if e.kind != JUDGED]
        return list(dict.fromkeys([*edges, *self._said_out_of(name, node)]))

    def _said_into(self, name: Name, node: str) -> list[Edge]:
        match name.kind:
            case Kind.TRIAL:
                return [e for e in self._of_trial(name.parts[0]) if e.destination == node]
            case Kind.VERDICT:
                verdict = self._reader.last(Verdict, name.parts[0])
                judged = verdict.trial if verdict is not None else None
                return [Edge(source=trial_node(judged), destination=node, kind=JUDGED)] if judged else []
            case Kind.EPISODE:
                return self._into_episode(name.parts[0], node)
            case Kind.REACTION | Kind.MODEL:
                return self._among_reactions[1][node]
            case Kind.DATA:
                return []
            case _:
                assert_never(name.kind)

    def _said_out_of(self, name: Name, node: str) -> list[Edge]:
        match name.kind:
            case Kind.TRIAL:
                opened = [e for v in self.verdicts(node) for e in self._of_verdict(v, node)]
                return [*[e for e in self._of_trial(name.parts[0]) if e.source == node], *opened]
            case Kind.VERDICT:
                verdict = self._reader.last(Verdict, name.parts[0])
                return self._of_verdict(verdict, node) if verdict is not None else []
            case Kind.EPISODE | Kind.REACTION:
                return self._among_reactions[0][node]
            case Kind.MODEL:
                return self._stored(name.parts[0], name.parts[1], node)
            case Kind.DATA:
                return []
            case _:
                assert_never(name.kind)

    def verdicts(self, trial: str) -> list[Verdict]:
        """The verdicts on a trial (given as its node): those it names, and those that edges lead from."""
        record = self._reader.last(Trial, parse(trial).parts[0])
        by_edge = [parse(e.source).parts[0] for e in self._reader.edges(destination=trial) if e.kind == JUDGED]
        ids = list(dict.fromkeys([*(record.verdicts if record else ()), *by_edge]))
        return self._reader.find(Verdict, ids=ids) if ids else []

    def _of_trial(self, trial: str) -> tuple[Edge, ...]:
        record = self._reader.last(Trial, trial)
        return tuple(e for e in edges_of(record) if e.kind != JUDGED) if record is not None else ()

    def _of_verdict(self, verdict: Verdict, source: str) -> list[Edge]:
        """The episodes that hold the verdict's window, when it is a bad one."""
        if verdict.satisfied:
            return []
        held = [e for e in self._episodes[verdict.series] if verdict.window in e.windows]
        return [Edge(source=source, destination=episode_node(e.id), kind=OPENED) for e in held]

    def _into_episode(self, episode: str, node: str) -> list[Edge]:
        """The trials whose bad verdicts make the episode; a verdict without a trial (no data) stands for itself."""
        record = self._reader.last(Episode, episode)
        if record is None:
            return []
        found = self._reader.find(Verdict, series=record.series)
        bad = [v for v in found if v.window in record.windows and not v.satisfied]
        sources = [trial_node(v.trial) if v.trial else verdict_node(v.id) for v in bad]
        return [Edge(source=s, destination=node, kind=OPENED) for s in sources or [verdict_node(record.opening)]]

    def _stored(self, model: str, version: str, node: str) -> list[Edge]:
        """The published content in which a version is kept: what is built on the model reads it there."""
        record = next((v for v in self._reader.find(ModelVersion, series=model) if v.version == version), None)
        trial = self._reader.last(Trial, record.trial) if record is not None else None
        if trial is None or trial.output is None:
            return []
        stored = data_node(trial.asset, trial.partition, trial.output)
        return [Edge(source=node, destination=stored, kind=STORED)]

    @cached_property
    def _episodes(self) -> dict[str, list[Episode]]:
        found: dict[str, list[Episode]] = defaultdict(list)
        for episode in self._reader.find(Episode):
            found[episode.series].append(episode)
        return found

    @cached_property
    def moves(self) -> dict[str, list[Move]]:
        """Model node → the moves that made an alias name that version, oldest first."""
        found: dict[str, list[Move]] = defaultdict(list)
        for move in self._reader.moves(PointerKind.ALIAS):
            if move.value is not None:
                found[model_node(move.key.rpartition("|")[0], move.value)].append(move)
        return found

    @cached_property
    def _among_reactions(self) -> tuple[dict[str, list[Edge]], dict[str, list[Edge]]]:
        """What links reactions to episodes, to one another and to moved versions: by source, and by destination."""
        edges: list[Edge] = []
        reactions = self._reader.find(Reaction)
        known = {r.id for r in reactions}
        for reaction in reactions:
            node = reaction_node(reaction.id)
            edges += [Edge(source=episode_node(s), destination=node, kind=SERVED) for s in reaction.serves]
            if reaction.cause in known:
                edges.append(Edge(source=reaction_node(reaction.cause), destination=node, kind=LED_TO))
        for model, moves in self.moves.items():
            caused = [(m.reaction, m.verb) for m in moves if m.reaction is not None]
            edges += [Edge(source=reaction_node(r), destination=model, kind=verb) for r, verb in caused]
        source: dict[str, list[Edge]] = defaultdict(list)
        destination: dict[str, list[Edge]] = defaultdict(list)
        for edge in dict.fromkeys(edges):
            source[edge.source].append(edge)
            destination[edge.destination].append(edge)
        return source, destination

"""Owns the asset graph: Dagster's definitions as the plain Graph that linter and policy are handed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg

from qoa_platform.records import Graph, Node, short

MODEL = "qoa/model"


def graph_of(repository: dg.RepositoryDefinition) -> Graph:
    """Every materializable asset with what it reads, whether it is partitioned, and the model that it trains."""
    graph = repository.asset_graph
    nodes = [
        Node(
            asset=key.to_user_string(),
            upstream=tuple(sorted(up.to_user_string() for up in graph.get(key).parent_keys)),
            partitioned=graph.get(key).partitions_def is not None,
            partitions=_identity(graph.get(key).partitions_def),
            model=graph.get(key).metadata.get(MODEL),
        )
        for key in graph.toposorted_asset_keys
    ]
    return Graph(nodes=tuple(nodes))


def _identity(partitions: dg.PartitionsDefinition[Any] | None) -> str | None:
    """What tells this set of partitions from another."""
    return None if partitions is None else short(repr(partitions))


def ends_of(repository: dg.RepositoryDefinition) -> Mapping[str, date]:
    """Where the daily partitions of an asset end (the day after the last), for those that end."""
    found: dict[str, date] = {}
    for key in repository.asset_graph.toposorted_asset_keys:
        partitions: Any = repository.asset_graph.get(key).partitions_def
        end = getattr(partitions, "end", None)
        if end is not None:
            found[key.to_user_string()] = end.date()
    return found

"""Owns the recorded graph: the assets and what they read, as the trials of the ledger tell it. No Dagster needed."""

from collections import defaultdict

from qoa_platform.ports import Ledger
from qoa_platform.records import Graph, Node, Trial

MODEL = "model:"


def recorded_graph(ledger: Ledger) -> Graph:
    """The asset graph as far as it ever ran. A model that was read stands for the asset that trains it.

    The definitions say what would run; this says what did run, also after an asset was renamed or the definitions no
    longer load. An asset that never ran is not in it.
    """
    reads: dict[str, dict[str, None]] = defaultdict(dict)
    trainers: dict[str, str] = {}
    daily: set[str] = set()
    for trial in ledger.find(Trial):
        reads[trial.asset] |= dict.fromkeys(r.asset for r in trial.reads)
        if trial.window is not None:
            daily.add(trial.asset)
        if trial.model:
            trainers[trial.model] = trial.asset
    models = {asset: model for model, asset in trainers.items()}
    return Graph(
        nodes=tuple(
            Node(
                asset=asset, partitioned=asset in daily, model=models.get(asset),
                upstream=tuple(dict.fromkeys(_upstream(asset, names, trainers))),
            )
            for asset, names in reads.items()
        )
    )  # fmt: skip


def _upstream(asset: str, names: dict[str, None], trainers: dict[str, str]) -> list[str]:
    found = [trainers.get(n.removeprefix(MODEL), n) if n.startswith(MODEL) else n for n in names]
    return [name for name in found if name != asset]

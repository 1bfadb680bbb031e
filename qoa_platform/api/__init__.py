"""Owns the small Python face, for notebooks and other tools: no Dagster, no ledger; frames or paths in, rows out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qoa_platform.api.changes import Changes, changes
from qoa_platform.api.comparing import Comparison, compare
from qoa_platform.api.detecting import Detection, Episode, detect
from qoa_platform.api.drifting import Drift, drift
from qoa_platform.api.estimating import Estimates, estimate_performance
from qoa_platform.api.flagging import Cells
from qoa_platform.api.frames import framed
from qoa_platform.api.history import History
from qoa_platform.api.listing import Listing
from qoa_platform.api.measuring import measure
from qoa_platform.api.model_comparison import ModelComparison, compare_models
from qoa_platform.api.monitoring import Monitoring, monitor
from qoa_platform.api.predictions import SubjectError
from qoa_platform.api.preparing import Document, Past, Prepared, prepare
from qoa_platform.api.readings import Readings
from qoa_platform.api.sequential import SequentialTest, sequential_test
from qoa_platform.api.verdicts import Verdicts
from qoa_platform.api.windows import Moment
from qoa_platform.profiles.suggesting import Suggestion
from qoa_platform.scans.opening import SourceError, SqlTable

__all__ = [
    "Cells",
    "Changes",
    "Comparison",
    "Detection",
    "Drift",
    "Episode",
    "Estimates",
    "History",
    "Listing",
    "ModelComparison",
    "Monitoring",
    "Prepared",
    "Readings",
    "SequentialTest",
    "SourceError",
    "SqlTable",
    "SubjectError",
    "Verdicts",
    "changes",
    "compare",
    "compare_models",
    "detect",
    "drift",
    "estimate_performance",
    "flags",
    "judge",
    "measure",
    "monitor",
    "prepare",
    "sequential_test",
    "suggest",
]


def suggest(
    data: Any, *, time: str | None = None, name: str = "suggested", subject: str = "data", asset: str = "data",
    owner: str = "nobody", beside: Mapping[str, Any] | None = None,
) -> Suggestion:  # fmt: skip
    """The contract that *data* suggests: its ``text`` is commented YAML with the evidence for every promise.

    *name*, *subject*, *asset* and *owner* are what the contract calls itself and is about. What the source itself makes
    doubtful is ``mode: observe``: it points at cells (:func:`flags`) and stops nothing. A list of partitions, or data
    with a column of *time*, is a history: bounds then come from what its days vary by. *beside* are other tables by
    their asset, in which columns of the same name are looked for.

    >>> found = suggest({"town": ["Oulu"] * 30 + ["Turku"] * 30 + ["Oulx"]})
    >>> [row["value"] for row in flags(found, {"town": ["Oulu", "Oulx"]}).records()]
    ['Oulx']
    """
    from qoa_platform.profiles import suggesting  # noqa: PLC0415 (its own name is this one's)

    given = [framed(part) for part in data] if isinstance(data, list) else framed(data)
    others = {asset_: framed(table) for asset_, table in (beside or {}).items()}
    return suggesting.suggest(
        given, time=time, name=name, subject=subject, asset=asset, owner=owner, beside=others
    )  # fmt: skip


def flags(
    contract: Document | Prepared,
    data: Any,
    *,
    subject: str | None = None,
    history: Past | None = None,
    profile: Any = None,
    window: Moment | None = None,
    now: datetime | None = None,
    beside: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> Cells:
    """The cells of *data* that the row-level promises of *contract* point at, also where a promise as a whole holds.

    A value outside its set, range or format, a missing cell, a cell that is outvoted by the rows that should agree with
    it. Everything is counted; *limit* bounds how many rows are listed per promise. Arguments are those of
    :func:`judge`; values of sensitive columns are masked.
    """
    ready = prepare(contract)
    return ready.flags(
        data, subject=subject, history=history, profile=profile, window=window, now=now, beside=beside,
        limit=limit,
    )  # fmt: skip


def judge(
    contract: Document | Prepared,
    data: Any,
    *,
    subject: str | None = None,
    history: Past | None = None,
    profile: Any = None,
    window: Moment | None = None,
    now: datetime | None = None,
    beside: Mapping[str, Any] | None = None,
    over: str | None = None,
    champion: str | None = None,
) -> Verdicts:
    """The verdicts of *contract* on *data*, as an audit gives them, without a ledger.

    *contract* is a path, a text, a dictionary, a Contract, or what :func:`prepare` made of one; *subject* the id of the
    subject whose promises are judged (the only one of data, if not given). *window* is the day that the data is about
    (the days that its event times span, else today), *now* the clock, in UTC.

    *history* is what ``must: usual`` and moving references learn from: earlier frames by their day, measurements or
    verdicts of earlier days, or what :meth:`Prepared.history` made of them, which is the fast way to judge day after
    day. *profile* is what ``reference: training`` and named references mean: a Profile, several by name, or data.
    *beside* are the tables of other assets that promises name (a ``parent``, a ``truth``), by asset. A promise whose
    history, reference or neighbour is not given is ``unknown``, with its reason.

    Of a subject of a model, *data* is a prediction frame (``version, time, actual, predicted`` and groups) that
    promises are *over* (say which, where they are over several); every version in it is judged, against *champion*
    where they are compared with one.

    Raises ContractErrors, SubjectError, SourceError; nothing for what the data holds.

    >>> contract = '''
    ... apiVersion: qoa/v1
    ... kind: QualityContract
    ... name: shop
    ... version: 1
    ... owner: me
    ... subjects:
    ...   sales:
    ...     asset: shop/sales
    ...     promises:
    ...       - {id: complete, metric: data.completeness, column: price, must: ">= 99 %"}
    ...       - {id: volume, metric: data.row_count, must: usual}
    ... '''
    >>> found = judge(contract, {"price": [1.0, None, 3.0]})
    >>> [(v.key.promise, str(v)) for v in found]
    [('complete', 'violated'), ('volume', 'unknown(insufficient_n)')]
    """
    ready = prepare(contract)
    return ready.judge(
        data, subject=subject, history=history, profile=profile, window=window, now=now, beside=beside,
        over=over, champion=champion,
    )  # fmt: skip

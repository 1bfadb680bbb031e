"""Owns the kernel: the answers to asks over one frame in memory, and the merge of such answers, ask by ask.

Batches, partitions, Ray and Spark are all the same: map the kernel over frames, merge, read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import chain
from types import MappingProxyType

import polars as pl

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.besides import Beside, neighbours
from qoa_platform.scans.keeping import KEPT, Signature, flags, signature
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.scans.planning import Plan, plan
from qoa_platform.scans.queries import BROKEN, NONE, Failure
from qoa_platform.states import State, StateError

Answers = Mapping[Ask, State | Failure]
"""Ask → its state, or why there is none."""
Causes = Mapping[str, str]
"""Column → why it cannot be read."""
SOUND: Causes = MappingProxyType({})
Fits = Callable[[State], str | None]
"""Why a merged state is too large, if it is."""


def _always(_: State) -> None:
    """Every state fits."""


def answers(
    frame: pl.DataFrame, asks: Iterable[Ask], *, missing: Missing, beside: Beside = NONE, broken: Causes = SOUND
) -> dict[Ask, State | Failure]:
    """The answer to every distinct ask over *frame*, from as few passes as pay.

    *missing* are the declared tokens by column; *beside* other frames that asks name; *broken* the columns that
    are not to be read, with causes. Never raises for what the frame holds: what cannot be answered is a Failure with
    its cause, of that ask alone.

    >>> rows = Ask(state="tally", params=(("hits", "rows"),))
    >>> answers(pl.DataFrame({"x": [1, 2]}), [rows], missing={})[rows]
    Tally(hits=2, rows=2)
    """
    wanted = tuple(asks)
    steps, rows = prepared(frame, wanted, missing, broken)
    return answered(steps, rows, neighbours(beside, wanted, missing))


def merged(parts: Iterable[Answers], *, fits: Fits = _always) -> dict[Ask, State | Failure]:
    """The answers over all *parts*, ask by ask: their states added up, in order, as a balanced tree.

    A Failure in any part is a Failure of the ask. So is what does not merge (another state's edges, ``UNMERGEABLE``,
    an ask that some part was not asked, a sum that *fits* has a cause against), with its cause; of a single part
    everything stands as it is.

    >>> rows = Ask(state="tally", params=(("hits", "rows"),))
    >>> day = answers(pl.DataFrame({"x": [1, 2]}), [rows], missing={})
    >>> merged([day, day, day])[rows]
    Tally(hits=6, rows=6)
    """
    stack: list[tuple[int, dict[Ask, State | Failure]]] = []
    for part in parts:
        size, own = 1, dict(part)
        while stack and stack[-1][0] <= size:
            count, before = stack.pop()
            size, own = size + count, _both(before, own, fits)
        stack.append((size, own))
    return (
        reduce(lambda after, before: _both(before, after, fits), (own for _, own in reversed(stack))) if stack else {}
    )


def _both(first: Answers, second: Answers, fits: Fits) -> dict[Ask, State | Failure]:
    return {ask: _sum(ask, first.get(ask), second.get(ask), fits) for ask in dict.fromkeys(chain(first, second))}


def _sum(ask: Ask, first: State | Failure | None, second: State | Failure | None, fits: Fits) -> State | Failure:
    for part in (first, second):
        if isinstance(part, Failure):
            return part
    if first is None or second is None:
        return Failure(f"{ask.state}({', '.join(ask.columns)}) was not asked of every part. Allowed: the same asks")
    assert isinstance(first, State)  # noqa: S101 (a failure was returned above)
    assert isinstance(second, State)  # noqa: S101
    if ask.state in UNMERGEABLE - {"nothing"}:
        return Failure(f"{ask.state}({', '.join(ask.columns)}) holds for one frame only: its parts do not merge")
    try:
        total = first + second
    except StateError as error:
        return Failure(str(error))
    cause = fits(total)
    return total if cause is None else Failure(cause)


def prepared(
    frame: pl.DataFrame, asks: Sequence[Ask], missing: Missing, broken: Causes = SOUND
) -> tuple[Plan, pl.DataFrame]:
    """The plan, and the normal rows of the columns that it reads (of none: of some column, which counts the rows)."""
    steps = plan(asks, frame.schema, broken) if broken else _planned(tuple(asks), flags(asks), signature(frame))
    columns = steps.columns or frame.columns[:1]
    if not columns:
        return steps, frame
    try:
        return steps, normal(frame, columns, missing)
    except BROKEN:
        found, good = _broken(frame, columns, missing)
    return plan(asks, frame.schema, {**broken, **found}), pl.concat(good, how="horizontal") if good else frame.select(
        []
    )


@lru_cache(maxsize=KEPT)
def _planned(asks: tuple[Ask, ...], exactly: tuple[bool, ...], columns: Signature) -> Plan:
    """The plan, which depends on nothing but asks and schema."""
    del exactly  # tells asks apart that are equal but not the same
    return plan(asks, dict(zip(*columns, strict=True)))


def _broken(
    frame: pl.DataFrame, columns: Iterable[str], missing: Missing
) -> tuple[Mapping[str, str], list[pl.DataFrame]]:
    """The columns that have no normal form, with causes, and the others."""
    broken: dict[str, str] = {}
    good: list[pl.DataFrame] = []
    for name in columns:
        try:
            good.append(normal(frame, [name], missing))
        except BROKEN as error:
            text = str(error).split("\n", 1)[0]
            broken[name] = f"column {name!r} ({frame.schema[name]}) with missing {missing.get(name, ())}: {text}"
    return broken, good

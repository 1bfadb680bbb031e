"""Owns the geometry of a history: a band, a line of values and marks on it, from which a template draws inline SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qoa_platform.reports.plots import Label
from qoa_platform.verdicts.explanation import Moment

WIDTH, HEIGHT, LEFT, FOOT = 1000.0, 240.0, 86.0, 26.0
TICKS = 4
Show = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point with what it says when it is pointed at; *kind* is how it is painted."""

    x: float
    y: float
    said: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A history in a box: *areas* are what was allowed, *paths* the values, *marks* one point a window."""

    width: float
    height: float
    areas: tuple[str, ...]
    paths: tuple[str, ...]
    marks: tuple[Mark, ...]
    rules: tuple[float, ...]
    ticks: tuple[Label, ...]
    changes: tuple[Mark, ...]
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    low: float
    high: float
    first: float
    last: float

    def x(self, moment: Moment) -> float:
        span = (self.last - self.first) or 1.0
        return round(LEFT + (WIDTH - LEFT - 8) * (moment.end.timestamp() - self.first) / span, 1)

    def y(self, value: float) -> float:
        part = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return round(8 + (HEIGHT - 16) * (1 - part), 1)


def history_lines(history: Sequence[Moment], show: Show, *, changes: Sequence[tuple[str, str]] = ()) -> Lines | None:
    """The plot of *history* (oldest first), ``None`` where no window has a finite value; *changes* are named windows.

    The axis holds all values, and the bounds that are not further off than the values spread; others end at its edge.
    """
    values = [v for m in history if (v := m.shown) is not None]
    if not values:
        return None
    low, high = _range(history, values)
    scale = _Scale(low=low, high=high, first=history[0].end.timestamp(), last=history[-1].end.timestamp())
    levels = [low + (high - low) * k / TICKS for k in range(TICKS + 1)]
    ends = (Label(x=LEFT, y=HEIGHT + 18, text=history[0].window),
            Label(x=WIDTH - 8, y=HEIGHT + 18, text=history[-1].window, anchor="end"))  # fmt: skip
    sides = tuple(Label(x=LEFT - 10, y=scale.y(v) + 4, text=show(v), anchor="end") for v in levels)
    named = dict(changes)
    bad = sum(m.status == "violated" for m in history)
    return Lines(
        width=WIDTH, height=HEIGHT + FOOT, areas=tuple(_areas(history, scale)), paths=tuple(_paths(history, scale)),
        marks=tuple(_mark(m, scale, show) for m in history), rules=tuple(scale.y(v) for v in levels),
        ticks=(*sides, *ends) if len(history) > 1 else (*sides, ends[0]),
        changes=tuple(
            Mark(x=scale.x(m), y=0.0, said=f"{m.window}: {named[m.window]}", kind="change")
            for m in history if m.window in named
        ),
        said=f"{len(history)} windows from {history[0].window} to {history[-1].window}, {bad} of them violated",
    )  # fmt: skip


def _range(history: Sequence[Moment], values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    span = (high - low) or abs(high) * 0.1 or 1.0
    bounds = [b for m in history for b in m.band if b is not None and low - span <= b <= high + span]
    low, high = min([low, *bounds]), max([high, *bounds])
    room = (high - low) * 0.05 or span / 2
    return (0.0 if 0 <= low < room else low - room), high + room


def _areas(history: Sequence[Moment], scale: _Scale) -> list[str]:
    """Stretches of windows with bounds, each as one closed path; an open side reaches the edge."""
    found = []
    for part in _stretches(history, lambda m: m.band != (None, None)):
        if len(part) == 1:
            continue
        ends = [(scale.x(m), *m.band) for m in part]
        top = [f"{x:g} {scale.y(scale.high if high is None else high):g}" for x, _, high in ends]
        foot = [f"{x:g} {scale.y(scale.low if low is None else low):g}" for x, low, _ in reversed(ends)]
        found.append("M" + "L".join([*top, *foot]) + "z")
    return found


def _paths(history: Sequence[Moment], scale: _Scale) -> list[str]:
    return [
        "M" + "L".join(f"{scale.x(m):g} {scale.y(m.shown or 0.0):g}" for m in part)
        for part in _stretches(history, lambda m: m.shown is not None)
        if len(part) > 1
    ]


def _stretches(history: Sequence[Moment], fits: Callable[[Moment], bool]) -> list[list[Moment]]:
    """Neighbouring moments that fit."""
    found: list[list[Moment]] = [[]]
    for before, moment in pairwise([None, *history]):
        if moment is None or not fits(moment):
            continue
        if before is None or not fits(before):
            found.append([])
        found[-1].append(moment)
    return [part for part in found if part]


def _mark(moment: Moment, scale: _Scale, show: Show) -> Mark:
    y = HEIGHT - 8 if moment.shown is None else scale.y(moment.shown)
    low, high = ("…" if b is None else show(b) for b in (moment.low, moment.high))
    allowed = f", allowed {low} – {high}" if moment.low is not None or moment.high is not None else ""
    kind = "violated" if moment.status == "violated" else "unknown" if moment.shown is None else "satisfied"
    told = "no value" if moment.value is None else show(moment.value)
    status = f" {moment.status}:" if moment.status else ""
    return Mark(x=scale.x(moment), y=y, said=f"{moment.window}:{status} {told}{allowed}", kind=kind)

"""Owns the geometry of plots: bars as numbers, from which a template draws inline SVG (and escapes every text)."""

from collections.abc import Sequence
from dataclasses import dataclass

from qoa_platform.profiles.comparing import Share
from qoa_platform.profiles.summary import Bins, Common
from qoa_platform.reports.cells import MASKED, brief, cell, count, share

WIDTH, HEIGHT = 270.0, 96.0
ROW = 30.0
"""Height of one line of a plot with horizontal bars."""
LEAST = 1.0
"""What is there is seen: a bar of something is so high at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle with what it says when it is pointed at. *kind* is how it is painted."""

    x: float
    y: float
    width: float
    height: float
    said: str
    kind: str = "bar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text at a point; *anchor* is the side of it that the point is at."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars and labels in a box of *width* × *height*; *said* tells whoever cannot see it what it shows."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...] = ()
    said: str = ""

    @property
    def path(self) -> str:
        """All bars as one path: a small plot, without what each bar says."""
        return "".join(f"M{b.x:g} {b.y:g}h{b.width:g}v{b.height:g}h{-b.width:g}z" for b in self.bars)


def histogram(bins: Bins) -> Plot:
    """Counts per bin. Outer bins that reach further than the others are painted otherwise, and end in their label."""
    top = max(bins.counts, default=0) or 1
    step = WIDTH / len(bins.counts)
    wide = _tails(bins)
    bars = []
    for index, found in enumerate(bins.counts):
        height = round(max(HEIGHT * found / top, LEAST), 1) if found else 0.0
        said = f"{cell(bins.edges[index])} – {cell(bins.edges[index + 1])}: {count(found)}"
        bars.append(
            Bar(
                x=round(index * step, 2), y=round(HEIGHT - height, 1), width=round(step - 1, 2), height=height,
                said=said, kind="tail" if index in wide else "bar",
            )
        )  # fmt: skip
    ends = (Label(x=0, y=HEIGHT + 15, text=cell(bins.edges[0])),
            Label(x=WIDTH, y=HEIGHT + 15, text=cell(bins.edges[-1]), anchor="end"))  # fmt: skip
    return Plot(
        width=WIDTH, height=HEIGHT + 20, bars=tuple(b for b in bars if b.height), labels=ends,
        said=f"histogram of {len(bins.counts)} bins from {ends[0].text} to {ends[1].text}, the highest {count(top)}",
    )  # fmt: skip


def _tails(bins: Bins) -> frozenset[int]:
    """The outer bins that are wider than their neighbours."""
    edges, last = bins.edges, len(bins.counts) - 1
    if last < 2 or not all(isinstance(e, int | float) for e in edges):  # noqa: PLR2004 (no inner bin)
        return frozenset()
    numbers = [float(e) for e in edges if isinstance(e, int | float)]
    inner = (numbers[2] - numbers[1]) * 1.5
    ends = ((0, numbers[1] - numbers[0]), (last, numbers[-1] - numbers[-2]))
    return frozenset(index for index, width in ends if width > inner)


def commonest(top: Sequence[Common], present: int) -> Plot:
    """The commonest values as horizontal bars, each with its share of what is present."""
    most = max((c.count for c in top), default=1) or 1
    bars, labels = [], []
    for index, common in enumerate(top):
        y = index * ROW
        width = round(max(WIDTH * common.count / most, LEAST), 1)
        text, part = cell(common.value), share(common.count / present if present else 0.0)
        said = f"{text}: {count(common.count)} ({part})"
        bars.append(Bar(x=0, y=y + 17, width=width, height=7, said=said))
        labels += [
            Label(x=0, y=y + 12, text=_short(text, 26)),
            Label(x=WIDTH, y=y + 12, text=brief(common.count / present), anchor="end"),
        ]
    return Plot(
        width=WIDTH, height=ROW * len(top), bars=tuple(bars), labels=tuple(labels), said=f"{len(top)} commonest values"
    )


def paired(shares: Sequence[Share], *, masked: bool = False) -> Plot:
    """Shares of the reference and of the current data, bin by bin; *masked* hides what the bins are."""
    most = max((max(s.reference, s.current) for s in shares), default=1.0) or 1.0
    bars, labels = [], []
    for index, each in enumerate(shares):
        y = index * (ROW + 8)
        name = f"{MASKED} {index + 1}" if masked else cell(each.label)
        for offset, part, kind in ((17, each.reference, "reference"), (25, each.current, "current")):
            width = round(max(WIDTH * part / most, LEAST), 1) if part else 0.0
            bars.append(Bar(x=0, y=y + offset, width=width, height=7, said=f"{name}: {share(part)}", kind=kind))
        change = f"{brief(each.reference)} → {brief(each.current)}"
        labels += [Label(x=0, y=y + 12, text=_short(name, 20)), Label(x=WIDTH, y=y + 12, text=change, anchor="end")]
    return Plot(
        width=WIDTH, height=(ROW + 8) * len(shares), bars=tuple(b for b in bars if b.width), labels=tuple(labels),
        said=f"shares of {len(shares)} bins, of the reference and of the current data",
    )  # fmt: skip


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

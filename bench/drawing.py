"""Owns the drawing of curves on two logarithmic axes, as SVG that needs nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 300, 56, 40, 16
At = Callable[[float, float], tuple[float, float]]
COLOURS = ("#1f6f8b", "#c8553d", "#588b8b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A curve: its name, and its points, both coordinates above 0."""

    name: str
    points: tuple[tuple[float, float], ...]


def drawn(panels: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """The panels side by side: what the horizontal axis counts, and curves of processor seconds; dashes are linear."""
    parts = [_panel(title, lines, index * WIDTH) for index, (title, lines) in enumerate(panels)]
    size = f'width="{WIDTH * len(panels)}" height="{HEIGHT}" viewBox="0 0 {WIDTH * len(panels)} {HEIGHT}"'
    font = 'font-family="system-ui, sans-serif" font-size="11"'
    back = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{back}{"".join(parts)}</svg>\n'


def _panel(title: str, lines: Sequence[Line], offset: int) -> str:
    xs, ys = ([point[k] for line in lines for point in line.points] for k in (0, 1))
    x0, x1, y0, y1 = floor(log10(min(xs))), ceil(log10(max(xs))), floor(log10(min(ys))), ceil(log10(max(ys)))

    def at(x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - LEFT - 16, HEIGHT - TOP - BOTTOM
        across = (log10(x) - x0) / max(x1 - x0, 1) * wide
        return offset + LEFT + across, HEIGHT - BOTTOM - (log10(y) - y0) / max(y1 - y0, 1) * high

    out: list[str] = []
    for k in range(x0, x1 + 1):
        x, low = at(10.0**k, 10.0**y0)
        out.append(f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{TOP}" stroke="#eee"/>')
        out.append(f'<text x="{x:.1f}" y="{low + 14:.1f}" text-anchor="middle">10{_power(k)}</text>')
    for k in range(y0, y1 + 1):
        left, y = at(10.0**x0, 10.0**k)
        right = offset + WIDTH - 16
        out.append(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#eee"/>')
        out.append(f'<text x="{left - 4:.1f}" y="{y + 4:.1f}" text-anchor="end">{_seconds(k)}</text>')
    for index, line in enumerate(lines):
        out += _curve(line, at, COLOURS[index % len(COLOURS)])
    middle = offset + (LEFT + WIDTH - 16) / 2
    out.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(title)}</text>')
    return "".join(out)


def _curve(line: Line, at: At, colour: str) -> list[str]:
    spots = [at(x, y) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    (x1, y1), (x0, _) = line.points[-1], line.points[0]
    linear = [at(x0, y1 * x0 / x1), at(x1, y1)] if y1 * x0 / x1 > 0 else spots[-1:]
    dashes = " ".join(f"{x:.1f},{min(y, HEIGHT - BOTTOM):.1f}" for x, y in linear)
    last_x, last_y = spots[-1]
    return [
        f'<polyline points="{dashes}" fill="none" stroke="#999" stroke-dasharray="3 3"/>',
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots),
        f'<text x="{last_x - 8:.1f}" y="{last_y - 8:.1f}" text-anchor="end" fill="{colour}">{escape(line.name)}</text>',
    ]


def _power(k: int) -> str:
    return str(k).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _seconds(k: int) -> str:
    """A power of ten seconds, as a person says it."""
    return f"{10**k:,} s" if k >= 0 else f"{10 ** (k + 3):g} ms"

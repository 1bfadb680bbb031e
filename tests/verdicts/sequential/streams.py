"""Owns the streams of the tests: traffic with a virtual clock, and how often an experiment on it ends."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.sequential import Batch, Decision, Experiment, start

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """Rows in order: whose, which arm, what came of it."""

    arm: NDArray[np.int8]
    value: Floats
    unit: NDArray[np.int64] | None = None


Make = Callable[[np.random.Generator], Stream]


def drawn(
    values: Callable[[np.random.Generator, int], Floats], n: int, share: float = 0.5, effect: float = 0.0
) -> Make:
    """Rows that are each a unit, assigned by a coin."""

    def make(draw: np.random.Generator) -> Stream:
        arm = (draw.random(n) < share).astype(np.int8)
        return Stream(arm=arm, value=values(draw, n) + effect * arm)

    return make


def returning(n: int, users: int, effect: float = 0.0) -> Make:
    """Users that come again and again, each with a level of its own: as wide as the noise."""

    def make(draw: np.random.Generator) -> Stream:
        unit, arms = draw.integers(0, users, n), (draw.random(users) < 0.5).astype(np.int8)
        value = draw.normal(size=users)[unit] + draw.normal(size=n) + effect * arms[unit]
        return Stream(arm=arms[unit], value=value, unit=unit)

    return make


def remembering(n: int, memory: float) -> Make:
    """Two streams, one per arm, each an autoregression of its own."""

    def make(draw: np.random.Generator) -> Stream:
        arm = (draw.random(n) < 0.5).astype(np.int8)
        value, state, noise = np.empty(n), [0.0, 0.0], draw.normal(size=n).tolist()
        for row, side in enumerate(arm.tolist()):
            state[side] = memory * state[side] + noise[row]
            value[row] = state[side]
        return Stream(arm=arm, value=value)

    return make


def watch(experiment: Experiment, stream: Stream, looks: int) -> Decision:
    """The decision at which *stream*, looked at so often, ends; the last one if it never does."""
    found = None
    for rows in np.array_split(np.arange(len(stream.value)), looks):
        unit = None if stream.unit is None else stream.unit[rows].tolist()
        found = experiment.update(Batch(unit=unit, arm=stream.arm[rows], value=stream.value[rows]))
        if found.stop:
            break
    assert found is not None
    return found


def outcomes(
    make: Make, *, runs: int, looks: int, seed: int = 0, metric: str = "mean", **declared: Any
) -> Counter[str]:
    """How many of *runs* streams ended how."""
    draws = (np.random.default_rng([seed, run]) for run in range(runs))
    return Counter(str(watch(start(metric, **declared), make(draw), looks).outcome) for draw in draws)

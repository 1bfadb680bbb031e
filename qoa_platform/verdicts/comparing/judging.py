"""Owns the decision on challengers: one champion, the same rows, evidence, reasons, or a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Reason
from qoa_platform.verdicts.comparing.challengers import together
from qoa_platform.verdicts.comparing.decisions import Comparison, Effect, Outcome, outcome
from qoa_platform.verdicts.comparing.effects import detectable, needed, within
from qoa_platform.verdicts.comparing.pairing import LEAST_CLUSTERS, Found, Rows, found
from qoa_platform.verdicts.comparing.segments import paradox, segmented

REFUSALS: Mapping[Reason, str] = {
    Reason.NO_DATA: "there is no row with a truth and both predictions",
    Reason.INSUFFICIENT_N: (
        f"fewer than {LEAST_CLUSTERS} independent clusters (of an AUC also: rows of a class, or 3 clusters with any)"
    ),
    Reason.NOT_APPLICABLE: "the metric has no value on these rows (one class only, or nothing to divide by)",
}


def judged(
    rows: Mapping[str, Rows], *, champion: str, metric: str, margin: float, confidence: float,
    segments: Mapping[str, NDArray[np.generic]], draw: np.random.Generator, warnings: Sequence[str] = (),
    recipes: Mapping[str, Effect] | None = None,
) -> tuple[Comparison, ...]:  # fmt: skip
    """The decision on each challenger in *rows*; intervals hold for all of them at once.

    *recipes* are effects that count how the fitting varies too (Nadeau–Bengio over folds): the wider interval decides.
    """
    every = {name: found(r, confidence=confidence, draw=draw) for name, r in rows.items()}
    good = {name: f for name, f in every.items() if isinstance(f, Found)}
    effects = dict(zip(good, _held(list(good.values()), draw), strict=True))
    decisions = []
    for name, result in every.items():
        if isinstance(result, Reason):
            decisions.append(
                refused(name, champion, metric, result, REFUSALS[result], warnings=warnings, margin=margin)
            )
            continue
        effect, others = effects[name], result.others
        if recipes is not None and name in recipes:
            others = (*others, recipes[name])
            effect = _wider(effect, recipes[name])
        parts = segmented(rows[name], segments, confidence=confidence, draw=draw) if segments else ()
        said = paradox(effect.estimate, parts)
        decisions.append(
            decided(
                Comparison(
                    challenger=name, champion=champion, metric=metric, outcome=Outcome.INCONCLUSIVE, why="",
                    effect=effect, margin=margin, champion_value=result.champion, challenger_value=result.challenger,
                    others=others, segments=parts, warnings=(*warnings, *((said,) if said else ())),
                )
            )
        )  # fmt: skip
    return tuple(decisions)


def refused(
    challenger: str, champion: str, metric: str, reason: Reason, why: str, *, margin: float = 0.0,
    warnings: Sequence[str] = (),
) -> Comparison:  # fmt: skip
    """A comparison that is not made, and why."""
    return Comparison(
        challenger=challenger, champion=champion, metric=metric, outcome=Outcome.REFUSED, reason=reason, why=why,
        margin=margin, warnings=tuple(warnings),
    )  # fmt: skip


def decided(comparison: Comparison) -> Comparison:
    """*comparison* with the outcome that its effect has, the reason in words, power and the region's probability."""
    effect = comparison.effect
    assert effect is not None  # noqa: S101
    margin = comparison.margin
    same = effect.estimate == 0 and effect.error == 0
    result = outcome(effect.low, effect.high, margin) if not same else _same(margin)
    least, more = detectable(effect), None
    if result is Outcome.INCONCLUSIVE:
        more = needed(effect, -margin if margin > 0 and effect.estimate > -margin else 0.0)
    why = f"{effect.estimate:+.4g} ({effect.low:+.4g} to {effect.high:+.4g}, {effect.clusters:,} clusters)"
    if same:
        why = "both did the very same on every row that counts"
    elif result is Outcome.INCONCLUSIVE:
        least_said = "" if least is None else f"; {effect.clusters:,} clusters find a difference of {least:.3g}"
        more_said = "" if more is None else f", about {more:,} would find this one"
        why = f"{why} holds {'0' if margin == 0 else f'−{margin:.4g}'}{least_said}{more_said}"
    worse = [s.name for s in comparison.segments if s.regresses]
    if worse:
        why = f"{why}; worse in {', '.join(worse[:5])}{' …' if len(worse) > 5 else ''}"  # noqa: PLR2004 (a line)
    return replace(
        comparison, outcome=result, why=why, within=within(effect, margin), detectable=least, needed=more,
        reason=Reason.IMPRECISE if result is Outcome.INCONCLUSIVE else None,
    )  # fmt: skip


def _same(margin: float) -> Outcome:
    return Outcome.EQUIVALENT if margin > 0 else Outcome.INCONCLUSIVE


def _held(good: Sequence[Found], draw: np.random.Generator) -> tuple[Effect, ...]:
    """The effects with intervals for all at once, where all have the same clusters."""
    effects = [f.effect for f in good]
    if len(effects) < 2:  # noqa: PLR2004 (one needs no correction)
        return tuple(effects)
    lengths = {len(f.without) for f in good}
    if len(lengths) == 1:
        return together(effects, np.stack([f.without for f in good], axis=1), draw)
    return together(effects, np.empty((0, len(effects))), draw)


def _wider(effect: Effect, recipe: Effect) -> Effect:
    half, wide = (effect.high - effect.low) / 2, (recipe.high - recipe.low) / 2
    if wide <= half:
        return effect
    return replace(
        effect, error=recipe.error, df=recipe.df, low=effect.estimate - wide, high=effect.estimate + wide,
        p=max(effect.p, recipe.p), method=f"{effect.method}, {recipe.method}",
    )  # fmt: skip

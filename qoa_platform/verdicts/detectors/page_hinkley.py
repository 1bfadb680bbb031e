"""Owns PageHinkley: the cumulative deviation from the running mean."""

from dataclasses import dataclass

from qoa_platform.verdicts.detectors.protocol import Detector, positive


@dataclass(slots=True, kw_only=True)
class PageHinkley(Detector):
    """A lasting shift of the mean, learnt on the way: no reference is needed.

    m = Σ(x − x̄ − δ), x̄ the mean of all values so far: the statistic of a rise is m − min m; of a fall, with +δ, it is
    max m − m. The larger of the two is the statistic, and there is an alarm above *threshold* (λ). Older
    deviations are forgotten by the factor *forget* a value (1: never). Before *warm_up* values it is ``None``.

    It is **in the unit of the values**: λ 50 means something else for a rate than for a revenue. Standardise
    (*scale*), or choose δ and λ in the unit: δ half the shift that matters, λ some tens of deviations. *since* is where
    m had its extreme. It learns the level it started at: reset it after an alarm.

    As ``river.drift.PageHinkley`` (both directions, forgetting 0.9999) with *scale* 1.

    Raises ValueError for a *threshold* or *scale* not above 0, a *forget* outside (0, 1].

    >>> found = PageHinkley(threshold=5.0, warm_up=3)
    >>> _ = [found.update(x) for x in [0.0] * 30 + [1.0] * 7]
    >>> found.alarm, found.since, round(found.statistic, 2)
    (True, 31, 6.16)

    Source: Page (1954); Hinkley (1971), Inference about the change-point from cumulative sum tests.
    """

    ID = "drift.page_hinkley"
    CARRIED = False

    delta: float = 0.005
    threshold: float = 50.0
    warm_up: int = 30
    forget: float = 0.9999
    scale: float = 1.0
    seen: int = 0
    mean: float = 0.0
    rise: float = 0.0
    fall: float = 0.0
    lowest: float | None = None
    highest: float | None = None
    began_rise: int = 1
    began_fall: int = 1

    def __post_init__(self) -> None:
        positive(self.ID, threshold=self.threshold, scale=self.scale, forget=self.forget)
        if self.forget > 1:
            raise ValueError(f"forget of {self.ID} is {self.forget!r}. Allowed: above 0, up to 1")

    @property
    def level(self) -> float:
        """*threshold*: λ."""
        return self.threshold

    def reset(self) -> None:
        """The running mean begins anew."""
        self.seen, self.mean, self.rise, self.fall = 0, 0.0, 0.0, 0.0
        self.lowest = self.highest = self.statistic = self.since = None

    def _fold(self, x: float) -> float | None:
        value = x / self.scale
        self.seen += 1
        self.mean += (value - self.mean) / self.seen
        off = value - self.mean
        self.rise = self.forget * self.rise + off - self.delta
        self.fall = self.forget * self.fall + off + self.delta
        if self.lowest is None or self.rise < self.lowest:
            self.lowest, self.began_rise = self.rise, self.n + 1
        if self.highest is None or self.fall > self.highest:
            self.highest, self.began_fall = self.fall, self.n + 1
        if self.seen < self.warm_up:
            return None
        up, down = self.rise - self.lowest, self.highest - self.fall
        self.since = self.began_rise if up >= down else self.began_fall
        return max(up, down)

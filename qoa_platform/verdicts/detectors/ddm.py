"""Owns Ddm: an error rate above the lowest that it has been."""

from dataclasses import dataclass
from math import sqrt

from qoa_platform.verdicts.detectors.protocol import Detector, positive


@dataclass(slots=True, kw_only=True)
class Ddm(Detector):
    """Errors (0 or 1) of a model that used to learn: its rate should fall, and an abrupt rise is drift.

    p is the error rate of the i values so far, s = √(p(1 − p) ÷ i). Where p + s is lowest they are kept as p_min and
    s_min. The statistic is (p + s − p_min) ÷ s_min, in standard deviations; there is an alarm above *threshold* (3).
    Up to and with *warm_up* values it is ``None``. It is restless (a false alarm every few thousand values) and slow
    after a long calm, as p is a mean since the start: reset it after an alarm. *since* is where p + s was lowest.

    As ``river.drift.binary.DDM``, but where no error was seen yet: there s_min is 0, and the first error is an alarm.
    Here s_min is then that of half an error in i values.

    Raises ValueError for a *threshold* not above 0. Values outside 0 to 1 are skipped.

    >>> found = Ddm()
    >>> _ = [found.update(x) for x in [0.0, 0.0, 0.0, 1.0] * 25 + [1.0] * 20]
    >>> found.alarm, found.since
    (True, 100)

    Source: Gama, Medas, Castillo & Rodrigues (2004), Learning with drift detection.
    """

    ID = "drift.ddm"
    DOMAIN = (0.0, 1.0)
    CARRIED = False

    threshold: float = 3.0
    warm_up: int = 30
    seen: int = 0
    rate: float = 0.0
    p_min: float | None = None
    s_min: float = 0.0
    began: int = 1

    def __post_init__(self) -> None:
        positive(self.ID, threshold=self.threshold)

    @property
    def level(self) -> float:
        """*threshold*."""
        return self.threshold

    def reset(self) -> None:
        """The rate begins anew, and so does its minimum."""
        self.seen, self.rate, self.p_min, self.s_min = 0, 0.0, None, 0.0
        self.statistic = self.since = None

    def _fold(self, x: float) -> float | None:
        self.seen += 1
        self.rate += (x - self.rate) / self.seen
        p = min(max(self.rate, 0.0), 1.0)
        s = sqrt(p * (1 - p) / self.seen)
        if self.seen <= self.warm_up:
            return None
        if self.p_min is None or p + s <= self.p_min + self.s_min:
            self.p_min, self.s_min, self.began = p, s, self.n + 1
        half = 0.5 / self.seen
        spread = self.s_min or sqrt(half * (1 - half) / self.seen)
        self.since = self.began
        return (p + s - self.p_min) / spread

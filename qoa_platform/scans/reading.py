"""Owns what wanted metrics ask of a scan, and the readings that they make of its answers, whoever answered."""

from collections.abc import Sequence

from qoa_platform.metrics import Metric
from qoa_platform.records import Ask, Profile, Reading, Reason
from qoa_platform.scans.kernel import Answers
from qoa_platform.scans.queries import Failure
from qoa_platform.scans.scan import Measured
from qoa_platform.states import Grouped, State

Wanted = Sequence[tuple[Metric, Profile | None]]
"""Metrics, each with the profile that it is read against."""
Asked = Sequence[Ask | Failure | None]
"""What each wanted metric asks: an ask, why it cannot ask, or ``None`` where it needs a profile and has none."""
NOTHING_FROZEN = "nothing is frozen that the metric could be read against"


def asked(wanted: Wanted) -> Asked:
    """What each of *wanted* asks, in their order. Never raises for what a metric does."""
    return tuple(_ask(metric, profile) for metric, profile in wanted)


def _ask(metric: Metric, profile: Profile | None) -> Ask | Failure | None:
    try:
        return metric.ask(profile)
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return Failure(f"{metric.id} cannot ask: {type(error).__name__}: {error}")


def read(wanted: Wanted, asks: Asked, found: Answers) -> tuple[Measured, ...]:
    """The readings of *wanted*, which asked *asks*, off the answers *found*: of the whole, then of each group seen."""
    items = (_read(metric, profile, ask, found) for (metric, profile), ask in zip(wanted, asks, strict=True))
    return tuple(item for those in items for item in those)


def _read(metric: Metric, profile: Profile | None, ask: Ask | Failure | None, found: Answers) -> Sequence[Measured]:
    if ask is None:
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.NO_REFERENCE, cause=NOTHING_FROZEN))]
    state = ask if isinstance(ask, Failure) else found[ask]
    if isinstance(state, Failure):
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.ERROR, cause=state.cause))]
    each = getattr(metric, "per_group", True)  # else the groups are what the one reading is made of
    groups = [name for name, _ in state.groups] if each and isinstance(state, Grouped) else []
    return [Measured(metric=metric, group=g, reading=_reading(metric, profile, state, g)) for g in (None, *groups)]


def _reading(metric: Metric, profile: Profile | None, state: State, group: str | None) -> Reading:
    try:
        return metric.read(state, profile, group)
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return Reading.unknown(Reason.ERROR, cause=f"{metric.id} cannot be read: {type(error).__name__}: {error}")

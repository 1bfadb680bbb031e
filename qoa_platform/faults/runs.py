"""Owns what the faults of a run ask of the step that meets them: to wait, or to crash. Who runs the step does it."""

from qoa_platform.faults.fault import RUN, Fault, FaultError, known


class InjectedCrashError(RuntimeError):
    """The step failed because a person planted a crash."""


def pause_seconds(fault: Fault) -> float:
    """How long the step must wait before it begins, in seconds; the caller waits (this floor has no clock).

    Raises InjectedCrashError under crash, FaultError when *fault* is not one of a run or its seconds are not within
    0 .. 3600.
    """
    known(fault.kind, RUN, "fault of a run")
    if fault.kind == "crash":
        message = f"injected crash (seed {fault.seed})"
        raise InjectedCrashError(message)
    if fault.kind != "slow":
        message = f"fault {fault.kind!r} of a run is not handled"
        raise FaultError(message)
    return fault.number("seconds", 0, 3600)

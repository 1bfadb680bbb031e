"""Owns failpoints: named places where a test may kill the process, so that recovery is proved and not hoped for.

Set ``QOA_FAILPOINT=name`` (or ``name:2`` for the second passage) and the process dies there by SIGKILL, as in a power
cut: no handler, no flush, no ``finally``. Unset, a passage costs one dictionary look-up.
"""

import os
import signal

NAMES: dict[str, str] = {
    "perform.before_intent": "a reaction is decided, nothing is written",
    "perform.after_intent": "the intent is durable, the effect is not done",
    "perform.after_effect": "the effect is done, its outcome is not written",
    "perform.after_outcome": "the outcome is durable, the plan goes on",
    "ledger.before_commit": "a transaction is complete but not committed",
    "ledger.after_commit": "a transaction is committed, its caller does not know",
    "publish.before_move": "the bytes are written, the pointer is not moved",
    "publish.after_move": "the pointer is moved, Dagster does not know",
    "outbox.before_send": "a message is taken, not sent",
    "outbox.after_send": "a message is sent, not marked as delivered",
    "sensor.before_request": "a run is about to be requested",
    "sensor.after_request": "a run was requested, nothing more is recorded",
    "artifact.before_rename": "an artifact is written under its temporary name",
    "artifact.after_rename": "an artifact is in place, no row refers to it",
}
"""Every failpoint and the state in which it leaves the world. A test walks all pairs of them."""

_seen: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here when ``QOA_FAILPOINT`` names this place (and this passage). Raises KeyError for an undeclared name."""
    wanted = os.environ.get("QOA_FAILPOINT")
    if wanted is None:
        return
    NAMES[name]
    place, _, passage = wanted.partition(":")
    if place != name:
        return
    _seen[name] = _seen.get(name, 0) + 1
    if _seen[name] == int(passage or 1):
        os.kill(os.getpid(), signal.SIGKILL)

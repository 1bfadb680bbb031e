"""Owns the registry of states and the decoding of bytes whose kind is not known beforehand."""

from collections.abc import Mapping
from difflib import get_close_matches

from qoa_platform.states.grouped import Grouped
from qoa_platform.states.kinds import KINDS
from qoa_platform.states.protocol import State, StateError, opened

STATES: Mapping[str, type[State]] = {**KINDS, Grouped.NAME: Grouped}
"""Every registered state by its tag: the law suite runs over all of them."""


def encode(state: State) -> bytes:
    """The bytes of a state: a checksum, then tag, version and body as MessagePack."""
    return state.to_bytes()


def decode(content: bytes) -> State:
    """The state that *content* holds, of whichever kind.

    Raises StateError for bytes that are no state or a damaged one, an unknown tag, or a version that is newer than this
    library.
    """
    tag, body = opened(content)
    kind = STATES.get(tag)
    if kind is None:
        near = get_close_matches(tag[:32], STATES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        message = f"a state of the unknown kind {tag[:32]!r}.{hint} Allowed: {', '.join(sorted(STATES))}"
        raise StateError(message)
    return kind.closed(body)

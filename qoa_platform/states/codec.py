"""Owns the codec of states: tag, version and body as bounded MessagePack."""

from collections.abc import Mapping
from typing import Any

import msgspec

from qoa_platform.states.confusion import Confusion
from qoa_platform.states.frequencies import Frequencies
from qoa_platform.states.grouped import Grouped
from qoa_platform.states.histogram import Histogram
from qoa_platform.states.keys import Keys
from qoa_platform.states.moments import Comoments, Moments
from qoa_platform.states.protocol import State, StateError
from qoa_platform.states.span import Span
from qoa_platform.states.sums import Sums
from qoa_platform.states.tally import Tally

VERSION = 1
LIMIT = 256 * 1024 * 1024

STATES: Mapping[str, type[State]] = {
    kind.NAME: kind
    for kind in (Tally, Sums, Moments, Comoments, Span, Frequencies, Histogram, Keys, Confusion, Grouped)
}
"""Every registered state by its tag: the law suite runs over all of them."""


def encode(state: State) -> bytes:
    """The bytes of a state: equal states give equal bytes."""
    body: list[Any] = [state.NAME, VERSION, dict(state.plain())]
    return msgspec.msgpack.encode(body)


def decode(content: bytes) -> State:
    """The state that *content* holds.

    Raises StateError for bytes that are no state, an unknown tag, or a version that is newer than this library.
    """
    if len(content) > LIMIT:
        message = f"a state of {len(content):,} bytes. Allowed: {LIMIT:,}"
        raise StateError(message)
    try:
        tag, version, body = msgspec.msgpack.decode(content)
        kind = STATES[tag]
        if version > VERSION:
            message = f"state {tag} version {version} is newer than this library reads ({VERSION})"
            raise StateError(message)
        return kind.of(body)
    except StateError:
        raise
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        message = f"these {len(content)} bytes are no state: {type(error).__name__}: {error}"
        raise StateError(message) from error

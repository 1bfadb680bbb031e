"""Owns the mergeable states: commutative monoids that metrics read, and their codec."""

from qoa_platform.states.codec import STATES, decode, encode
from qoa_platform.states.confusion import Confusion
from qoa_platform.states.distinct_sketch import DistinctSketch
from qoa_platform.states.fields import Fields
from qoa_platform.states.frequencies import Frequencies
from qoa_platform.states.grouped import OVERFLOW, Grouped
from qoa_platform.states.histogram import Histogram
from qoa_platform.states.key_hash import key_hash
from qoa_platform.states.keys import Keys
from qoa_platform.states.moments import Comoments, Moments
from qoa_platform.states.protocol import State, StateError
from qoa_platform.states.quantile_sketch import QuantileSketch
from qoa_platform.states.span import Span
from qoa_platform.states.sums import Sums
from qoa_platform.states.tally import Tally

__all__ = [
    "OVERFLOW",
    "STATES",
    "Comoments",
    "Confusion",
    "DistinctSketch",
    "Fields",
    "Frequencies",
    "Grouped",
    "Histogram",
    "Keys",
    "Moments",
    "QuantileSketch",
    "Span",
    "State",
    "StateError",
    "Sums",
    "Tally",
    "decode",
    "encode",
    "key_hash",
]

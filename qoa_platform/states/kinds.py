"""Owns the registry of the plain kinds of state: all but Grouped, which holds several of one of them."""

from collections.abc import Mapping

from qoa_platform.states.confusion import Confusion
from qoa_platform.states.distinct_sketch import DistinctSketch
from qoa_platform.states.fields import Fields
from qoa_platform.states.frequencies import Frequencies
from qoa_platform.states.histogram import Histogram
from qoa_platform.states.keys import Keys
from qoa_platform.states.moments import Comoments, Moments
from qoa_platform.states.protocol import State
from qoa_platform.states.quantile_sketch import QuantileSketch
from qoa_platform.states.span import Span
from qoa_platform.states.sums import Sums
from qoa_platform.states.tally import Tally

KINDS: Mapping[str, type[State]] = {
    kind.NAME: kind
    for kind in (
        Tally,
        Sums,
        Moments,
        Comoments,
        Span,
        Frequencies,
        Histogram,
        Keys,
        Confusion,
        QuantileSketch,
        DistinctSketch,
        Fields,
    )
}
"""Every kind that may be grouped, by its tag."""

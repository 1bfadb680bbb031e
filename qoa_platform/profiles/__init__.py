"""Owns profiles: what is frozen of a reference data set, so that drift is counting and no raw row is kept."""

from qoa_platform.profiles.encoding import ProfileError, decode, encode
from qoa_platform.profiles.freezing import FreezeError, freeze
from qoa_platform.profiles.moving import moving, unfilled
from qoa_platform.profiles.summarising import summarise
from qoa_platform.profiles.summary import Summary
from qoa_platform.profiles.wanting import Wanted, wanted

__all__ = [
    "FreezeError",
    "ProfileError",
    "Summary",
    "Wanted",
    "decode",
    "encode",
    "freeze",
    "moving",
    "summarise",
    "unfilled",
    "wanted",
]

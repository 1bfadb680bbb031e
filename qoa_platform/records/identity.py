"""Owns identity: canonical text, SHA-256 digests and the safe names that may become paths."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import Any

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}){0,7}")
DIGEST = re.compile(r"[0-9a-f]{64}")
SCALARS = (str, int, float, Enum, date, timedelta)


def plain(value: Any) -> Any:
    """A record as JSON-able data: dataclasses to mappings, times to ISO 8601, enums to their values.

    A NaN or an infinity becomes its name as text, for JSON has none of them.
    """
    if value is None or type(value) in {str, int, bool}:
        return value
    if isinstance(value, SCALARS):
        return _scalar(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, frozenset | set):
        return sorted(plain(v) for v in value)
    message = f"cannot write {type(value).__name__} as plain data: {value!r}"
    raise TypeError(message)


@lru_cache(maxsize=1024)
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a record: identities are written too often to ask anew."""
    return tuple(f.name for f in fields(kind))


def _scalar(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case float() if not isfinite(value):
            return str(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            return value


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no blanks, UTF-8.

    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(*parts: Any) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical text of *parts*.

    >>> digest("a", 1) == digest("a", 1) != digest("a1")
    True
    """
    return sha256(canonical(list(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def short(*parts: Any) -> str:
    """The first 128 bits of :func:`digest`: the id of a ledger record."""
    return digest(*parts)[:32]


def safe_name(name: str, what: str) -> str:
    """*name* itself when it can be one path segment, else ValueError.

    >>> safe_name("demand", "model")
    'demand'
    >>> safe_name("../x", "model")
    Traceback (most recent call last):
        ...
    ValueError: model name '../x' is not allowed. Allowed: [a-z0-9][a-z0-9._-]{0,127}, without '..'
    """
    if not NAME.fullmatch(name) or ".." in name:
        message = f"{what} name {name!r} is not allowed. Allowed: {NAME.pattern}, without '..'"
        raise ValueError(message)
    return name


def safe_key(key: str, what: str) -> str:
    """*key* itself when it is slash-separated safe segments (an asset key), else ValueError."""
    if not KEY.fullmatch(key) or ".." in key:
        message = f"{what} {key!r} is not allowed. Allowed: {KEY.pattern}, without '..'"
        raise ValueError(message)
    return key


def safe_digest(text: str) -> str:
    """*text* itself when it is 64 lower-case hexadecimal digits, else ValueError."""
    if not DIGEST.fullmatch(text):
        message = f"digest {text!r} is not allowed. Allowed: 64 lower-case hexadecimal digits"
        raise ValueError(message)
    return text

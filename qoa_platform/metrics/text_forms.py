"""Owns the forms of text: how types are spelled, what broken characters look like, masks, and one spelling of many."""

import re
from unicodedata import normalize

from qoa_platform.metrics.protocol import MetricError

_INTEGER = r"^[+-]?[0-9]+$"
_NUMBER = r"^[+-]?([0-9]+{point}?[0-9]*|{point}[0-9]+)([eE][+-]?[0-9]+)?$"
_DATE = r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?$"
_DIRECTIVES = {
    "%Y": "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])", "%m": "(0?[1-9]|1[0-2])",
    "%d": "(0?[1-9]|[12][0-9]|3[01])", "%H": "([01]?[0-9]|2[0-3])", "%M": "[0-5]?[0-9]", "%S": "[0-5]?[0-9]",
}  # fmt: skip
"""What a ``format:`` may hold, and what stands for it in a text."""
_DAY = frozenset({"%Y", "%m", "%d"})
_TIME = _DAY | {"%H", "%M"}

_WINDOWS = bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
"""What Windows-1252 shows for bytes 0x80 to 0x9F."""
_FIRST = "".join(c for c in _WINDOWS if c not in "…’”")
MOJIBAKE = (
    "\ufffd"
    "|[\u00c2-\u00df][\u0080-\u009f\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00bf]"
    "|[\u00c2\u00c3][\u00a0\u00ab\u00bb]"
    f"|\u00c3[{_WINDOWS}]"
    "|[\u00e0-\u00ef][\u0080-\u00bf][\u0080-\u00bf]"
    f"|\u00e2[{_FIRST}][\u0080-\u00bf{_WINDOWS}]"
    f"|\u00f0[\u0090-\u00bfŸ][\u0080-\u00bf{_WINDOWS}]"
)
"""U+FFFD, or the characters that the two to four bytes of one UTF-8 character become when read one by one.

Read as Latin-1, or as Windows-1252 where that is common (``â€™``, ``Ã‰``). What people write is no sign: a
no-break space or « » after another letter than Â and Ã ("ÉTÉ »"), quotes and dots after â ("voilâ…”").
"""


def pattern_of(as_: str, decimal: str, form: str | None) -> str:
    """The regular expression of texts that look like the type; of dates and times the calendar is asked as well."""
    match as_, form:
        case "integer", _:
            return _INTEGER
        case "number", _:
            return _NUMBER.replace("{point}", re.escape(decimal) if decimal == "." else decimal)
        case "date", None:
            return f"{_DATE}$"
        case _, None:
            return _DATE + _CLOCK
        case _:
            parts = re.split("(%.)", str(form))
            return f"^{''.join(_DIRECTIVES.get(part, re.escape(part)) for part in parts)}$"


def checked_format(as_: str, form: str) -> None:
    """Raises MetricError unless *form* spells the whole of a date, or of a date and a time of day."""
    found = re.findall("%.?", form)
    allowed = ", ".join(_DIRECTIVES)
    if unknown := sorted({part for part in found if part not in _DIRECTIVES}):
        raise MetricError(f"format {form!r} holds {', '.join(unknown)}. Allowed: {allowed}")
    needed = _DAY if as_ == "date" else _TIME
    if len(set(found)) < len(found) or not needed <= set(found) or (as_ == "date" and set(found) - _DAY):
        raise MetricError(f"format {form!r} does not spell one {as_}. Allowed: {', '.join(sorted(needed))}, each once")


def norm(text: str) -> str:
    r"""One spelling of many: NFKC, case folded, trimmed, single blanks.

    >>> norm("  GROCERY\u00a0 Dept ")
    'grocery dept'
    """
    return " ".join(normalize("NFKC", text).casefold().split())

"""Owns printable text: what may be shown of a text that came from data or from the wire."""

import unicodedata

_BLANK = "\t\n\r\v\f\x85\u2028\u2029"
_REVERSING = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Bidirectional controls: they make a line read otherwise than it is."""
_REPLACEMENT = "\ufffd"


def printable(text: str, limit: int | None = None) -> str:
    r"""*text* as one line that no terminal, log or scrape stumbles over, at most *limit* characters long.

    Line breaks and tabs become blanks; control characters (ANSI escapes too), lone surrogates and bidirectional
    controls become U+FFFD.

    >>> printable("a\x1b[31mb\nc\ud800")
    'a\ufffd[31mb c\ufffd'
    >>> printable("abcdef", 4)
    'abc…'
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c) for c in text)


def _shown(character: str) -> str:
    if character in _BLANK:
        return " "
    if character in _REVERSING or unicodedata.category(character) in ("Cc", "Cs"):
        return _REPLACEMENT
    return character

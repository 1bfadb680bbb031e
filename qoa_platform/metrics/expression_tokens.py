"""Owns the words of the bounded expression language: a text cut into tokens that know where they stand."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from enum import Enum
from typing import NamedTuple

MAX_LENGTH = 4096
"""Longest expression in characters."""
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_SIGN = re.compile(r"==|!=|<=|>=|//|[<>+\-*/%()\[\],.&|~]")
_SIGNS = "== != < <= > >= + - * / // % & | ~"
_BLANK = re.compile(r"[ \t\r\n]+")
_ESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_INTEGER_DIGITS = 19
_UNWRITABLE = re.compile("[\ud800-\udfff\0]")


class ExpressionError(ValueError):
    """An expression that cannot be read. *offset* counts characters from 0; the message counts from 1.

    It says what was found, what is allowed, and the nearest guess.
    """

    def __init__(self, message: str, *, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        super().__init__(f"expression, character {offset + 1}: {message}")


def nearest(word: str, known: list[str]) -> str:
    """`` Did you mean 'x'?`` or nothing; then the allowed words."""
    near = get_close_matches(word[:64], known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Allowed: {', '.join(known)}."


class TokenKind(Enum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """A word at its offset. *value* is the number or the text it stands for, else the word itself."""

    kind: TokenKind
    value: str | int | float
    offset: int

    def __str__(self) -> str:
        return "the end" if self.kind is TokenKind.END else repr(self.value)


def tokens(text: str) -> list[Token]:
    """All tokens of *text*, an END last. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        message = f"{len(text)} characters. Allowed: at most {MAX_LENGTH}"
        raise ExpressionError(message, text=text, offset=MAX_LENGTH)
    return list(_cut(text))


def _cut(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if found := _BLANK.match(text, at):
            at = found.end()
        elif text[at] in "'\"":
            value, end = _literal(text, at, raw=False)
            yield Token(TokenKind.TEXT, value, at)
            at = end
        elif text[at] == "r" and text[at + 1 : at + 2] in {"'", '"'}:
            value, end = _literal(text, at + 1, raw=True)
            yield Token(TokenKind.TEXT, value, at)
            at = end
        elif found := _NUMBER.match(text, at):
            yield Token(TokenKind.NUMBER, _number(found.group(), text, at), at)
            at = found.end()
        elif found := (_NAME.match(text, at) or _SIGN.match(text, at)):
            kind = TokenKind.NAME if found.re is _NAME else TokenKind.SIGN
            yield Token(kind, found.group(), at)
            at = found.end()
        else:
            raise _stray(text, at)
    yield Token(TokenKind.END, "", len(text))


def _stray(text: str, at: int) -> ExpressionError:
    guess = {"=": " Did you mean '=='?", "!": " Did you mean 'not' or '!='?"}.get(text[at], "")
    message = f"unexpected {text[at]!r}.{guess} Allowed: names, numbers, quoted text, {_SIGNS}"
    return ExpressionError(message, text=text, offset=at)


def _number(word: str, text: str, at: int) -> int | float:
    if word.isdigit():
        if len(word) > _INTEGER_DIGITS or int(word) >= 2**63:
            message = f"{word[:40]} is too large. Allowed: whole numbers below 2**63"
            raise ExpressionError(message, text=text, offset=at)
        return int(word)
    value = float(word)
    if value == float("inf"):
        message = f"{word[:40]} is infinite. Allowed: finite numbers"
        raise ExpressionError(message, text=text, offset=at)
    return value


def _literal(text: str, start: int, *, raw: bool) -> tuple[str, int]:
    r"""The quoted text that begins at *start*, and where it ends.

    ``\\``, quotes and ``\n \r \t`` are escapes; any other backslash stays, so that ``'\d'`` means the digits.
    """
    quote, at, parts = text[start], start + 1, []
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and not raw and text[at + 1 : at + 2] in _ESCAPED:
            parts.append(_ESCAPED[text[at + 1]])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    if at >= len(text):
        raise ExpressionError(f"text is not closed. Allowed: a closing {quote}", text=text, offset=start)
    value = "".join(parts)
    if _UNWRITABLE.search(value):
        raise ExpressionError("text holds a NUL or half a surrogate pair", text=text, offset=start)
    return value, at + 1

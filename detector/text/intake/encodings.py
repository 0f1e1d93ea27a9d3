"""Decode a text that was encoded for an address, a mail or a program, every offset kept."""

from __future__ import annotations

import re

from detector.text.normalization import Normalized, compose, substitute

_PERCENT = re.compile(
    r"%(?:[Cc][2-9A-Fa-f]|[Dd][0-9A-Fa-f])%[89ABab][0-9A-Fa-f]"
    r"|%[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}|%[Ff][0-4](?:%[89ABab][0-9A-Fa-f]){3}"
    r"|%[0-9A-Fa-f]{2}"
)

_PERCENT_OR_PLUS = re.compile(_PERCENT.pattern + r"|\+")

# A line may be broken between the bytes of a character.
_NEXT_BYTE = r"(?:=\r?\n)?=[89AB][0-9A-F]"

# A line under a heading ("=====") is none: there, an equals sign itself is written "=3D".
_SOFT_BREAK = r"(?<!=)=[ \t]*\r?\n"

_QUOTED = re.compile(
    rf"=(?:C[2-9A-F]|D[0-9A-F]){_NEXT_BYTE}|=E[0-9A-F](?:{_NEXT_BYTE}){{2}}"
    rf"|=F[0-4](?:{_NEXT_BYTE}){{3}}|=[0-9A-F]{{2}}|{_SOFT_BREAK}|(?<!=)=[ \t]*$"
)

_SOFT_BREAK_OR_BYTES = re.compile(
    rf"{_SOFT_BREAK}|=20\r?\n|=3D|=[C-F][0-9A-F]=[89AB][0-9A-F]|=[89][0-9A-F]"
)

_UNICODE_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}"
)

_ESCAPED = re.compile(_UNICODE_ESCAPE.pattern + r'|\\["/nrt\\]')

_SHORT_ESCAPES = {r"\"": '"', r"\/": "/", r"\n": "\n", r"\r": "\r", r"\t": "\t", "\\\\": "\\"}

_NOTHING = re.compile(r"(?!)")

URL_ENCODED, QUOTED_PRINTABLE, ESCAPED = "URL-encoded", "quoted-printable", "JSON escapes"

#: Of characters, blanks: prose has one in six.
_FEWEST_BLANKS = 0.02

#: So many traces of an encoding are no accident.
_FEWEST_TRACES = 3


def decode_text(text: str) -> tuple[Normalized, str | None]:
    r"""A text without the encoding that it was given in, and the encoding's name, if any.

    URL-encoding (once or twice) is told by its blanks, of which prose has many and it has none;
    quoted-printable by its soft line breaks and bytes beyond ASCII; escapes of JSON by ``\u``.
    """
    decoded, name = _decode_once(text)
    if name == URL_ENCODED and _is_url_encoded(decoded.text):
        decoded = compose(decoded, _decode_once(decoded.text)[0])
    return decoded, name


def _decode_once(text: str) -> tuple[Normalized, str | None]:
    if _is_url_encoded(text):
        pluses = text.count("+") > text.count("%20")
        return substitute(
            _PERCENT_OR_PLUS if pluses else _PERCENT, text, _read_percent
        ), URL_ENCODED
    if _count(_SOFT_BREAK_OR_BYTES, text) >= _FEWEST_TRACES:
        return substitute(_QUOTED, text, _read_quoted), QUOTED_PRINTABLE
    if _count(_UNICODE_ESCAPE, text) >= _FEWEST_TRACES:
        return substitute(_ESCAPED, text, _read_escaped), ESCAPED
    return substitute(_NOTHING, text), None


def _is_url_encoded(text: str) -> bool:
    blanks = sum(map(text.count, " \n\t"))
    return blanks < _FEWEST_BLANKS * len(text) and _count(_PERCENT, text) >= _FEWEST_TRACES


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _read_percent(match: re.Match[str]) -> str:
    piece = match.group()
    return " " if piece == "+" else _read_bytes(piece.replace("%", ""))


def _read_quoted(match: re.Match[str]) -> str:
    piece = match.group()
    return "" if not piece[1:].strip() else _read_bytes("".join(piece.replace("=", "").split()))


def _read_bytes(digits: str) -> str:
    raw = bytes.fromhex(digits)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _read_escaped(match: re.Match[str]) -> str:
    if match.group() in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[match.group()]
    units = bytes.fromhex(match.group().replace("\\u", ""))
    return units.decode("utf-16-be", "replace")

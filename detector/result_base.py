"""What all results share: checks, how they print, and HTML that rooms above draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

_SHOWN_CHARACTERS = 72

#: Below this probability that a copy was made of its original, and not the other way round, it is
#: not flagged: who named the two the wrong way round would accuse the original's author.
LEAST_DIRECTION = 0.2


class Renderer(Protocol):
    """Draws a result as markup that needs nothing from outside."""

    def __call__(self, result: Any, *texts: str | None) -> str:
        """The markup of a verdict or comparison; with the texts it is about, these too."""


_registered: list[Renderer] = []


def set_renderer(renderer: Renderer) -> None:
    """Have results drawn by this from now on; ``detector/__init__.py`` does so once."""
    _registered[:] = [renderer]


class ShownAsHtml:
    """A result that a notebook shows as HTML: Jupyter asks for `_repr_html_`."""

    def _repr_html_(self) -> str:
        return self._render_html()

    def _render_html(self, *texts: str | None) -> str:
        (renderer,) = _registered
        return renderer(self, *texts)


def is_source(direction: float | None) -> bool:
    """Whether a text is so likely the source of its original that nothing is flagged beside it."""
    return direction is not None and direction < LEAST_DIRECTION


def check_span(start: int, end: int) -> None:
    """Raise ValueError where these are no offsets of a span."""
    if not 0 <= start <= end:
        raise ValueError(f"not a span: start {start}, end {end}")


def check_shares(result: object, *names: str) -> None:
    """Raise ValueError where a field that is known is no share."""
    for name in names:
        value = getattr(result, name)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")


def check_flag(
    flagged: bool, probability: float | None, threshold: float | None, reason: str | None
) -> None:
    """Raise ValueError where something is flagged that cannot be."""
    if flagged and (reason or probability is None or threshold is None):
        raise ValueError("flagged needs a probability and a threshold, and no reason against it")


def make_lists(value: Any) -> Any:
    """A value with dictionaries and lists for its mappings and tuples, however deep they stand."""
    if isinstance(value, Mapping):
        return {name: make_lists(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [make_lists(item) for item in value]
    return value


def format_repr(result: object, shown: list[str], counted: list[str]) -> str:
    """On one line: fields as they are, of the long ones the number; `to_dict` has all."""
    parts = [f"{name}={getattr(result, name)!r}" for name in shown]
    for name in counted:
        count = len(getattr(result, name))
        parts.append(f"{count:,} {name.removesuffix('s') if count == 1 else name}")
    return f"<{type(result).__name__} {', '.join(parts)}>"


def shorten(text: str) -> str:
    """The start of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1].rstrip() + "…"


def list_under(title: str, items: Sequence[object]) -> list[str]:
    """Lines under a title; none where there are no items."""
    return [f"  {title}:", *(f"    {item}" for item in items)] if items else []


def format_signature(
    version: str, model: str, threshold: float | None, false_positive_rate: float
) -> str:
    """One token for logs that says what produced a score: versions, model and threshold.

    Args:
        version: the package's version.
        model: the bundle's `identifier`, its name and the start of its checksum.
        threshold: least probability that is flagged; None where it was withheld.
        false_positive_rate: the rate that the threshold stands for.
    """
    shown = "withheld" if threshold is None else f"{threshold:.6g}"
    return f"detector:{version}|model:{model}|threshold:{shown}@fpr{false_positive_rate:g}"

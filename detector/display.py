"""How results show: as text, and as HTML that the package registers a drawer of, rooms above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from detector.results import Artifact, Comparison, SentenceScore, Verdict

_SHOWN_SENTENCES, _SHOWN_SUBSTITUTIONS, _SHOWN_CHARACTERS = 5, 40, 72


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


def describe_comparison(comparison: Comparison) -> list[str]:
    """The lines that a comparison prints as."""
    if comparison.probability is None:
        return [f"not judged · {comparison.reason}"]
    state = "flagged" if comparison.flagged else "not flagged"
    if comparison.reason is not None:
        state += f" ({comparison.reason})"
    shares = comparison.class_probabilities.items()
    lines = [
        f"{comparison.relation} · probability of a machine's rewriting "
        f"{comparison.probability:.3f} · {state}",
        "  " + ", ".join(f"{name} {share:.3f}" for name, share in shares),
        f"  {100 * comparison.coverage:.0f} % of the copy stems from the original, which it has "
        f"{100 * comparison.original_coverage:.0f} % of",
    ]
    count = len(comparison.reworded)
    shown = comparison.list_strongest(_SHOWN_SUBSTITUTIONS)
    title = f"{count:,} substitutions, the clearest first"
    if shown:
        lines += [f"  {title}:", *(f"    {item}" for item in shown)]
    if comparison.signature:
        lines.append(f"  {comparison.signature}")
    return lines


def format_repr(result: Verdict | Comparison, shown: list[str], counted: list[str]) -> str:
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


def format_headline(verdict: Verdict) -> str:
    """The first line of a verdict: what it says, how surely, and whether it is flagged."""
    if verdict.probability is None:
        return f"not judged · {verdict.reason}"
    outcome = f"{verdict.label} · probability of a machine {verdict.probability:.3f}"
    if verdict.reason is not None:
        return f"{outcome} · not flagged ({verdict.reason})"
    state = "flagged" if verdict.flagged else "not flagged"
    threshold = (
        "no threshold" if verdict.threshold is None else f"threshold {verdict.threshold:.3f}"
    )
    rate = f"{100 * verdict.false_positive_rate:g} % false positives"
    return f"{outcome} · {state} at {rate} ({threshold})"


def format_extent(verdict: Verdict) -> str:
    """How much was judged, and in which language."""
    words = f"{verdict.words:,} word{'' if verdict.words == 1 else 's'}"
    count = len(verdict.sentences)
    judged = sum(bool(sentence.contributions) for sentence in verdict.sentences)
    share = f"{judged:,} of " if judged < count else ""
    sentences = f"{share}{count:,} sentence{'' if count == 1 else 's'} judged"
    return f"{words}, {sentences}, language {verdict.language or 'unknown'}"


def find_weightiest(sentences: tuple[SentenceScore, ...]) -> tuple[SentenceScore, ...]:
    """The sentences that say most, either way."""
    telling = [sentence for sentence in sentences if sentence.contributions]
    return tuple(sorted(telling, key=lambda item: -abs(item.log_odds))[:_SHOWN_SENTENCES])


def list_under(title: str, items: tuple[SentenceScore | Artifact, ...]) -> list[str]:
    """Lines under a title; none where there are no items."""
    return [f"  {title}:", *(f"    {item}" for item in items)] if items else []

"""Verdicts and comparisons for a terminal: the text with its spans coloured, and the strongest.

What a scraped page holds must not steer the terminal: escape sequences, control characters and
marks that reorder a line are shown as a replacement character, one for one, so that every offset
keeps its meaning.
"""

from __future__ import annotations

import heapq
import os
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO

from detector.presentation.tables import (
    DASH,
    GAP,
    fit_cells,
    join_cells,
    measure_character,
    measure_columns,
    measure_width,
)
from detector.presentation.wording import (
    clip,
    explain_comparison,
    explain_verdict,
    format_log_odds,
    format_percent,
    measure_shade,
    name_outcome,
    summarize_result,
)
from detector.results import Artifact, Comparison, Substitution, Verdict

_ROWS, _SUBSTITUTION_ROWS = 12, 15
"""The strongest spans and substitutions that the tables name."""

_NARROWEST = 40

_STRONG = 2.0
"""Log-odds from which a span is set in bold."""

_RESET = "\x1b[0m"

_BOLD = "\x1b[1m"

_BOLD_RED = "\x1b[1;31m"

#: Kinds share six colours; the underline tells a span where colours are hard to tell apart.
_COLOURS = (31, 33, 35, 34, 36, 32)

# Control characters, halves of characters, and what overrides the direction of a line.
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_BLANKS = {ord(c): "\n" for c in "\r\x85\u2028\u2029"} | {ord(c): " " for c in "\t\x0b\x0c"}

_WORD = re.compile(r"\S+")

_MARKS = ("[[", "]]")

_INDENT = "  "

_POINT = " · "

_NOT_JUDGED = "not judged"

_STATE_WIDTH = len("not flagged")


def wants_colour(stream: TextIO, choice: str = "auto") -> bool:
    """Whether to colour what is written to a stream.

    Args:
        stream: where it goes.
        choice: "always", "never", or "auto": only on a terminal that is not a dumb one, and not
            where ``NO_COLOR`` is set (https://no-color.org).

    Raises:
        ValueError: another choice.
    """
    if choice not in ("auto", "always", "never"):
        raise ValueError(f"choice must be auto, always or never, not {choice!r}")
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def format_line(result: Verdict | Comparison, name: str, *, colour: bool, why: bool = True) -> str:
    """An article in one line: the outcome, why, and which article it is.

    Args:
        result: what the detector said of it.
        name: its file or id.
        colour: set the outcome in bold, a flag in red.
        why: say why; not needed over a text that says it.
    """
    state, *rest = name_outcome(result).split(_POINT)
    padding = " " * (_STATE_WIDTH - len(state)) if why else ""
    state = f"{_embolden(state, result.flagged, colour)}{padding}"
    reasons = clean(summarize_result(result)) if why else ""
    return _POINT.join([state, *rest, *([reasons] if reasons else []), name_on_a_line(name)])


def format_refusal(reason: str, name: str, *, colour: bool) -> str:
    """An article that could not be judged, in one line: why, and which it is."""
    state = _embolden(_NOT_JUDGED, False, colour) + " " * (_STATE_WIDTH - len(_NOT_JUDGED))
    return _POINT.join([state, name_on_a_line(reason), name_on_a_line(name)])


def name_on_a_line(name: str) -> str:
    """A name or a reason that others made up, on one line of a terminal."""
    return " ".join(clean(name).split())


def format_spans(verdict: Verdict, *, colour: bool, width: int) -> str:
    """Why, in a sentence, and a table of the strongest spans; `format_verdict` less the text."""
    width = max(width, _NARROWEST)
    colours = _assign_colours(a.kind for a in verdict.artifacts)
    parts = [*_wrap(explain_verdict(verdict), width), *_list_spans(verdict, colours, colour, width)]
    return "\n".join([*parts, *([verdict.signature] if verdict.signature else [])])


def format_verdict(text: str, verdict: Verdict, *, colour: bool, width: int) -> str:
    """The text with its spans, and below it the verdict and a table of the strongest spans.

    Args:
        text: the article as it was scored.
        verdict: what the detector said of it.
        colour: colour the spans; otherwise they stand in ``[[double brackets]]``.
        width: columns of the terminal; fewer than 40 are taken for 40.

    Raises:
        ValueError: the verdict's spans lie outside the text: it is another one's.
    """
    width = max(width, _NARROWEST)
    colours = _assign_colours(a.kind for a in verdict.artifacts)
    places = [_Place(a.start, a.end, a.kind, a.score) for a in verdict.artifacts]
    return "\n".join(
        [
            _format_text(text, places, colours, colour, width),
            _embolden(name_outcome(verdict), verdict.flagged, colour),
            format_spans(verdict, colour=colour, width=width),
        ]
    )


def format_comparison(
    copy: str, original: str, comparison: Comparison, *, colour: bool, width: int
) -> str:
    """The copy with what was substituted, and below it the relation and the strongest.

    Args:
        copy: the copy as it was compared.
        original: the original as it was compared.
        comparison: what the detector said of the two.
        colour: colour the spans; otherwise they stand in ``[[double brackets]]``.
        width: columns of the terminal; fewer than 40 are taken for 40.

    Raises:
        ValueError: spans lie outside the texts: the comparison is of other ones.
    """
    width = max(width, _NARROWEST)
    items = comparison.substitutions
    for item in items:
        _check_end(item.original_end, original)
    colours = _assign_colours(item.kind for item in items)
    places = [_Place(s.start, s.end, s.kind, measure_shade(s)) for s in items if s.end > s.start]
    _check_ends((item.end for item in items), copy)
    return "\n".join(
        [
            _format_text(copy, places, colours, colour, width),
            _embolden(name_outcome(comparison), comparison.flagged, colour),
            format_substitutions(comparison, colour=colour, width=width),
        ]
    )


def format_substitutions(comparison: Comparison, *, colour: bool, width: int) -> str:
    """Why, in a sentence, and the strongest substitutions; `format_comparison` less the text."""
    width = max(width, _NARROWEST)
    kept = format_percent(comparison.original_coverage)
    parts = [
        *_wrap(explain_comparison(comparison), width),
        *_wrap(f"Of the original, the copy has {kept}.", width),
        *_list_substitutions(comparison, colour, width),
    ]
    return "\n".join([*parts, *([comparison.signature] if comparison.signature else [])])


def clean(text: str) -> str:
    """Text that cannot steer a terminal, character for character; only line breaks stay."""
    return _STEERING.sub("\ufffd", text.replace("\r\n", " \n").translate(_BLANKS))


@dataclass(frozen=True, slots=True)
class _Place:
    """A span of the text, to be coloured."""

    start: int
    end: int
    kind: str
    score: float


def _assign_colours(kinds: Iterable[str]) -> dict[str, int]:
    """A colour for each kind, the same wherever it stands in the output."""
    return {
        kind: _COLOURS[i % len(_COLOURS)] for i, kind in enumerate(dict.fromkeys(sorted(kinds)))
    }


def _check_ends(ends: Iterable[int], text: str) -> None:
    for end in ends:
        _check_end(end, text)


def _check_end(end: int, text: str) -> None:
    if end > len(text):
        raise ValueError(
            f"a span ends at {end:,}, outside a text of {len(text):,} characters: "
            "give the text that was judged"
        )


def _format_text(
    text: str, places: Sequence[_Place], colours: Mapping[str, int], colour: bool, width: int
) -> str:
    _check_ends((place.end for place in places), text)
    plain = clean(text).strip("\n")
    offset = len(text) - len(clean(text).lstrip("\n"))
    moved = [
        _Place(max(0, p.start - offset), min(len(plain), p.end - offset), p.kind, p.score)
        for p in places
    ]
    moved = [place for place in moved if place.start < place.end]
    if not plain:
        return ""
    marked, added = _bracket(plain, moved)
    bounds = list(_find_lines(marked, width))
    if not colour:
        return "\n".join([*(marked[start:end] for start, end in bounds), ""])
    # Lines end where they do with brackets: colours must not move a word.
    layers = _flatten(moved, colours)
    starts = [start for start, _ in layers]
    lines = (
        _colour_line(
            plain, start - bisect_left(added, start), end - bisect_left(added, end), layers, starts
        )
        for start, end in bounds
    )
    return "\n".join([*lines, ""])


def _bracket(text: str, places: Iterable[_Place]) -> tuple[str, list[int]]:
    """Text with brackets around its spans, and where in it they stand; overlaps share a pair."""
    marks = [
        (at, mark)
        for span in _merge((place.start, place.end) for place in places)
        for at, mark in zip(span, _MARKS, strict=True)
    ]
    parts: list[str] = []
    added: list[int] = []
    position = length = 0
    for at, mark in marks:
        parts += [text[position:at], mark]
        length += at - position
        added += range(length, length + len(mark))
        length += len(mark)
        position = at
    return "".join([*parts, text[position:]]), added


def _merge(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if current is not None and start < current[1]:
            current = current[0], max(current[1], end)
            continue
        if current is not None:
            yield current
        current = start, end
    if current is not None:
        yield current


def _flatten(places: Sequence[_Place], colours: Mapping[str, int]) -> list[tuple[int, str]]:
    """Where the style changes, and to which; of overlapping spans the strongest is seen."""
    opening: dict[int, list[_Place]] = {}
    for place in places:
        opening.setdefault(place.start, []).append(place)
    layers = [(0, "")]
    active: list[_Place] = []
    for boundary in sorted({at for place in places for at in (place.start, place.end)}):
        active = [place for place in active if place.end > boundary] + opening.get(boundary, [])
        strongest = max(active, key=lambda place: place.score, default=None)
        style = _style(strongest, colours) if strongest else ""
        if style != layers[-1][1]:
            layers.append((boundary, style))
    return layers


def _style(place: _Place, colours: Mapping[str, int]) -> str:
    return _start_style(colours[place.kind], place.score >= _STRONG)


def _start_style(colour: int, bold: bool) -> str:
    return f"\x1b[{'1;' if bold else ''}4;{colour}m"


def _colour_line(
    text: str, start: int, end: int, layers: Sequence[tuple[int, str]], starts: Sequence[int]
) -> str:
    """One line, whose colours end with it: a pager may show it alone."""
    parts = []
    i = bisect_right(starts, start) - 1
    position = start
    while position < end:
        stop = min(end, layers[i + 1][0]) if i + 1 < len(layers) else end
        style = layers[i][1]
        piece = text[position:stop]
        parts.append(f"{style}{piece}{_RESET}" if style and piece else piece)
        position = stop
        i += 1
    return "".join(parts)


def _wrap(text: str, width: int) -> list[str]:
    plain = clean(text)
    return [plain[start:end] for start, end in _find_lines(plain, width)]


def _find_lines(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the lines of a text start and end when none is wider than that many columns."""
    position = 0
    for line in text.split("\n"):
        yield from _break_line(text, position, position + len(line), width)
        position += len(line) + 1


def _break_line(text: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    first = last = start
    used = 0
    for word in _WORD.finditer(text, start, end):
        room = measure_width(text[last : word.end()])
        if last > first and used + room <= width:
            used += room
            last = word.end()
            continue
        if last > first:
            yield first, last
        cuts = list(_cut_word(text, word.start(), word.end(), width))
        yield from pairwise([word.start(), *cuts])
        first = cuts[-1] if cuts else word.start()
        last = word.end()
        used = measure_width(text[first:last])
    yield first, last


def _cut_word(text: str, start: int, end: int, width: int) -> Iterator[int]:
    """Where to cut a word that is wider than a line, such as an address or Chinese."""
    used = 0
    for position in range(start, end):
        room = measure_character(text[position])
        if used + room > width:
            yield position
            used = 0
        used += room


def _embolden(outcome: str, flagged: bool, colour: bool) -> str:
    if not colour:
        return outcome
    return f"{_BOLD_RED if flagged else _BOLD}{outcome}{_RESET}"


def _list_spans(
    verdict: Verdict, colours: Mapping[str, int], colour: bool, width: int
) -> Iterator[str]:
    strongest = heapq.nlargest(_ROWS, verdict.artifacts, key=lambda artifact: artifact.score)
    if not strongest:
        return
    yield ""
    yield _say_count("span", len(verdict.artifacts), len(strongest))
    header = ("log-odds", "kind", "in the text", "people write")
    rows = (_make_artifact_row(artifact) for artifact in strongest)
    kinds = [artifact.kind for artifact in strongest]
    yield from _format_table(header, rows, kinds, colours if colour else {}, width)


def _list_substitutions(comparison: Comparison, colour: bool, width: int) -> Iterator[str]:
    strongest = comparison.list_strongest(_SUBSTITUTION_ROWS)
    if not strongest:
        return
    times = Counter(item.phrases for item in comparison.reworded)
    yield ""
    yield _say_count("substitution", len(comparison.reworded), len(strongest))
    header = ("times", "kind", "original", "copy")
    rows = (_make_substitution_row(item, times[item.phrases]) for item in strongest)
    kinds = [item.kind for item in strongest]
    colours = _assign_colours(item.kind for item in comparison.substitutions)
    yield from _format_table(header, rows, kinds, colours if colour else {}, width)


def _say_count(name: str, count: int, shown: int) -> str:
    plural = "" if count == 1 else "s"
    strongest = f", the strongest {shown}" if count > shown else ""
    return f"{count:,} {name}{plural}{strongest}:"


def _make_artifact_row(artifact: Artifact) -> tuple[str, ...]:
    return (
        format_log_odds(artifact.score),
        artifact.kind,
        artifact.text,
        artifact.suggestion or DASH,
    )


def _make_substitution_row(item: Substitution, times: int) -> tuple[str, ...]:
    return f"{times:,}", item.kind, item.original_text or DASH, item.text or DASH


def _format_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    kinds: Sequence[str],
    colours: Mapping[str, int],
    width: int,
) -> Iterator[str]:
    """Aligned columns that fit the width, the kinds in their colours."""
    cells = [[clean(clip(cell)) for cell in row] for row in (header, *rows)]
    widths = _share_width(measure_columns(cells), width - len(_INDENT))
    for row, kind in zip(cells, (None, *kinds), strict=True):
        fitted = fit_cells(row, widths, to_the_right=(0,))
        if kind is not None and kind in colours:
            name = fitted[1].rstrip()
            padding = fitted[1][len(name) :]
            fitted[1] = f"{_start_style(colours[kind], bold=False)}{name}{_RESET}{padding}"
        yield _INDENT + join_cells(fitted)


def _share_width(widths: Sequence[int], width: int) -> list[int]:
    """Widths of four columns that fit: the last two share what the first two leave."""
    score, kind, one, other = widths
    kind = min(kind, max(8, (width + len(_INDENT)) // 3))
    rest = width - score - kind - len(GAP) * (len(widths) - 1)
    if one + other > rest:
        one = min(one, max(rest // 2, rest - other))
        other = min(other, rest - one)
    return [score, kind, one, other]

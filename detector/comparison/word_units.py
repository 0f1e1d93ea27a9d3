"""Words of a changed stretch in units, and which unit stands in the place of which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from detector.comparison.word_forms import Form, Forms, describe
from detector.text.word_lists import read_lines, read_words

_LISTS = "comparison/data/word_units.txt"

_PARTICLES = frozenset(read_words(_LISTS)["particles"])

#: In small letters; side by side, they are one form of a verb.
AUXILIARIES = frozenset(read_words(_LISTS)["auxiliaries"])

_MOST_CELLS = 400

_Phrases = Mapping[str, Sequence[tuple[str, ...]]]


def _group_phrases(name: str) -> _Phrases:
    """A list of phrases by the stem of their first word, the longest first."""
    phrases = defaultdict(list)
    for words in map(str.split, read_lines(_LISTS)[name]):
        phrases[describe(words[0]).stem].append(tuple(words))
    return {first: sorted(listed, key=len, reverse=True) for first, listed in phrases.items()}


_FUNCTION_PHRASES, _VERB_PHRASES = map(_group_phrases, ("function phrases", "verb phrases"))


class Unit(NamedTuple):
    """Words that are exchanged together: ``[start, end)``, and the form that stands for them."""

    start: int
    end: int
    form: Form


def list_units(forms: Forms, rows: Sequence[int]) -> list[Unit]:
    """Put the words at `rows` into units: "because of", "turned out", "have been" are one each."""
    return [
        Unit(start, start + size, _describe_unit(forms[start : start + size]))
        for run in _list_runs(rows)
        for start, size in _cut_into_units(forms, run)
    ]


def _list_runs(rows: Iterable[int]) -> list[range]:
    runs: list[range] = []
    for row in rows:
        if runs and runs[-1].stop == row:
            runs[-1] = range(runs[-1].start, row + 1)
        else:
            runs.append(range(row, row + 1))
    return runs


def _cut_into_units(forms: Forms, run: range) -> Iterator[tuple[int, int]]:
    at = run.start
    while at < run.stop:
        size = _measure_unit(forms[at : run.stop])
        yield at, size
        at += size


def _measure_unit(forms: Forms) -> int:
    """How many of the first words belong together, the first alone if none do."""
    if size := _measure_phrase(forms, _FUNCTION_PHRASES) or _measure_phrase(forms, _VERB_PHRASES):
        return size
    if forms[0].is_function:
        others = (n for n, form in enumerate(forms) if form.lower not in AUXILIARIES)
        return max(next(others, len(forms)), 1)
    # "ruined | up to half": a particle may begin a phrase of its own
    is_followed = len(forms) > 1 and forms[1].lower in _PARTICLES
    return 2 if is_followed and not _measure_phrase(forms[1:], _FUNCTION_PHRASES) else 1


def _measure_phrase(forms: Forms, phrases: _Phrases) -> int:
    """Length of the longest phrase that the words begin with; 0 where there is none."""
    for phrase in phrases.get(forms[0].stem, ()):
        following = zip(phrase[1:], forms[1:], strict=False)
        if len(phrase) <= len(forms) and all(word == form.lower for word, form in following):
            return len(phrase)
    return 0


def _describe_unit(words: Forms) -> Form:
    """The first word's form, spelt as the whole; a function word if the phrase does its work."""
    if len(words) == 1:
        return words[0]
    lower = " ".join(word.lower for word in words)
    is_function = words[0].is_function or bool(_measure_phrase(words, _FUNCTION_PHRASES))
    return words[0]._replace(lower=lower, key=lower, stem=lower, is_function=is_function)


def pair_units(
    units: Sequence[Unit], original_units: Sequence[Unit]
) -> list[tuple[Unit | None, Unit | None]]:
    """Pair units of like class in order; None where one has no partner."""
    if not units or not original_units or len(units) * len(original_units) > _MOST_CELLS:
        return [*((unit, None) for unit in units), *((None, unit) for unit in original_units)]
    best = [[0.0] * (len(original_units) + 1) for _ in range(len(units) + 1)]
    for a, unit in enumerate(units, 1):
        for b, other in enumerate(original_units, 1):
            best[a][b] = max(
                best[a - 1][b], best[a][b - 1], best[a - 1][b - 1] + _fit(unit.form, other.form)
            )
    pairs: list[tuple[Unit | None, Unit | None]] = []
    a, b = len(units), len(original_units)
    while a or b:
        if a and b and best[a][b] > max(best[a - 1][b], best[a][b - 1]):
            a, b = a - 1, b - 1
            pairs.append((units[a], original_units[b]))
        elif b and (not a or best[a][b] == best[a][b - 1]):
            b -= 1
            pairs.append((None, original_units[b]))
        else:
            a -= 1
            pairs.append((units[a], None))
    return pairs[::-1]


def _fit(first: Form, second: Form) -> float:
    """How well a word stands in another's place, by class and ending; 0 where it cannot."""
    if first.is_function != second.is_function:
        return 0.0
    if first.is_function:
        return 0.6 if first.stem == second.stem else 0.3
    fit = 1.0
    if first.is_number != second.is_number:
        fit -= 0.5
    if first.is_capitalized == second.is_capitalized:
        fit += 0.1
    if first.lower[-2:] == second.lower[-2:]:
        fit += 0.2
    return fit

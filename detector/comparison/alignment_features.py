"""Figures of an alignment by which a relation can be judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean, median, pstdev

from detector.comparison.alignment import Alignment, WordCounts
from detector.results import SPELLING, SUBSTITUTION_KINDS, SentenceLink

_NAME_OR_SPELLING = "name or spelling"

# Told from a synonym only later, by the scores of words.
_WRONG_SENSE = "wrong sense"

#: Counts beyond this grow with the length of the text alone, so they are cut here.
_MANY_EXCHANGES = 10.0

#: Kinds that say something by other words, or in another order.
EXCHANGES = ("synonym", "rephrasing", "word order")

MEASURED_KINDS = tuple(
    _NAME_OR_SPELLING if kind == "name or number" else kind
    for kind in SUBSTITUTION_KINDS
    if kind != SPELLING
)
"""`SUBSTITUTION_KINDS` as they are fitted: names, numbers and spelling are one kind."""

ALIGNMENT_COLUMNS = (
    "coverage",
    "original coverage",
    "kept words",
    "kept sentences",
    *(f"{kind} per 100" for kind in MEASURED_KINDS if kind != _WRONG_SENSE),
    "changes per 100",
    "added words",
    "dropped words",
    "kept run",
    "function changes",
    "changed sentences",
    "changed share mean",
    "changed share median",
    "changed share low",
    "changed share high",
    "changed share spread",
    "similarity mean",
    "similarity low",
    "order kept",
    "moved sentences",
    "added sentences",
    "dropped sentences",
    "split sentences",
    "merged sentences",
    "quoted words",
    "quoted words kept",
    "quotation change",
    "names kept",
    "length ratio",
    "exchanges",
)
"""Names of what `measure_alignment` measures, in its order."""


def name_measured_kind(kind: str) -> str:
    """Which of `MEASURED_KINDS` a kind of substitution is."""
    return _NAME_OR_SPELLING if kind in ("name or number", SPELLING) else kind


def measure_alignment(alignment: Alignment) -> dict[str, float]:
    """Measure what was done to the linked sentences: `ALIGNMENT_COLUMNS`, in their order, finite.

    Shares lie between 0 and 1; "per 100" counts substitutions in 100 words of the linked sentences
    of the copy, "changes per 100" all but those of spelling, which counts as kept; "kept run" is
    the mean length, in words, of runs of kept words, its logarithm; "length ratio" the logarithm of
    the copy's words to the original's, over linked sentences; "exchanges" how many
    substitutions are of the kinds `EXCHANGES`, but `_MANY_EXCHANGES` at most. "low" and "high" are
    the first and the last decile over links. Where nothing is linked, shares of what was kept are
    0, as are all others.
    """
    counts = alignment.word_counts
    measures = {
        "coverage": alignment.coverage,
        "original coverage": alignment.original_coverage,
        **_measure_words(counts),
        **_measure_spread(counts),
        **_measure_links(alignment.links),
        **_measure_quotations(counts),
    }
    return {name: float(measures[name]) for name in ALIGNMENT_COLUMNS}


def _measure_words(counts: Sequence[WordCounts]) -> dict[str, float]:
    words, original_words = sum(c.words for c in counts), sum(c.original_words for c in counts)
    kept, original_kept = sum(c.kept for c in counts), sum(c.original_kept for c in counts)
    changed = words + original_words - kept - original_kept
    rates = _measure_rates(counts, words)
    return {
        "kept words": (kept + original_kept) / max(words + original_words, 1),
        "kept sentences": _share(c.changed_share == 0 for c in counts),
        **rates,
        "added words": max(words - kept, 0) / max(words, 1),
        "dropped words": max(original_words - original_kept, 0) / max(original_words, 1),
        "kept run": math.log1p(kept / max(sum(c.runs for c in counts), 1)),
        "function changes": sum(c.function_changes for c in counts) / max(changed, 1),
        "names kept": sum(c.names_kept for c in counts) / max(sum(c.names for c in counts), 1),
        "length ratio": math.log((words + 1) / (original_words + 1)),
    }


def _measure_rates(counts: Sequence[WordCounts], words: int) -> dict[str, float]:
    """Substitutions in 100 words, each kind and all that are more than spelling; exchanges."""
    found = {
        kind: sum(c.kinds[place] for c in counts) for place, kind in enumerate(SUBSTITUTION_KINDS)
    }
    exchanges = min(sum(found[kind] for kind in EXCHANGES), _MANY_EXCHANGES)
    spelling = found.pop(SPELLING)
    rates = {name_measured_kind(kind): 100 * count / max(words, 1) for kind, count in found.items()}
    changes = sum(rates.values())
    rates[_NAME_OR_SPELLING] += 100 * spelling / max(words, 1)
    named = {f"{kind} per 100": rate for kind, rate in rates.items() if kind != _WRONG_SENSE}
    return {**named, "changes per 100": changes, "exchanges": exchanges}


def _measure_spread(counts: Sequence[WordCounts]) -> dict[str, float]:
    """How the changes spread over the sentences: a human's are in a few, a machine's in all."""
    shares = sorted(c.changed_share for c in counts) or [0.0]
    last = len(shares) - 1
    return {
        "changed sentences": _share(share > 0 for share in shares),
        "changed share mean": fmean(shares),
        "changed share median": median(shares),
        "changed share low": shares[round(0.1 * last)],
        "changed share high": shares[round(0.9 * last)],
        "changed share spread": pstdev(shares),
    }


def _measure_links(links: Sequence[SentenceLink]) -> dict[str, float]:
    linked = [link for link in links if link.sentences and link.original_sentences]
    similarities = sorted(link.similarity for link in linked) or [0.0]
    firsts = [link.original_sentences[0] for link in linked]
    return {
        "similarity mean": fmean(similarities),
        "similarity low": similarities[round(0.1 * (len(similarities) - 1))],
        "order kept": _share(a < b for a, b in pairwise(firsts))
        if len(firsts) > 1
        else 1.0 * bool(firsts),
        "moved sentences": _share(link.moved for link in linked),
        "added sentences": _share(link.kind == "added" for link in links if link.sentences),
        "dropped sentences": _share(
            link.kind == "dropped" for link in links if link.original_sentences
        ),
        "split sentences": _share(link.kind == "split" for link in linked),
        "merged sentences": _share(link.kind == "merged" for link in linked),
    }


def _measure_quotations(counts: Sequence[WordCounts]) -> dict[str, float]:
    quoted, copied = sum(c.quoted for c in counts), sum(c.quoted_copy for c in counts)
    words = sum(c.original_words for c in counts)
    return {
        "quoted words": quoted / max(words, 1),
        "quoted words kept": sum(c.quoted_kept for c in counts) / max(quoted, 1),
        "quotation change": abs(quoted - copied) / max(quoted + copied, 1),
    }


def _share(claims: Iterable[bool]) -> float:
    listed = list(claims)
    return sum(listed) / max(len(listed), 1)

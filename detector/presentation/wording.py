"""The words that users read: outcomes, what explains a verdict, names of features, figures.

The reasons against a verdict ("too short: ...") are made in `detector.reasons`.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from detector.results import (
    EDITED,
    INDEPENDENT,
    MACHINE_REWRITTEN,
    ORIGINAL,
    RETOLD,
    SPUN,
    TRANSLATED,
    VERBATIM,
    Artifact,
    Comparison,
    SentenceLink,
    SentenceScore,
    Substitution,
    Verdict,
)

_QUOTE_LIMIT = 60

_NEGLIGIBLE = 0.05

#: Log-odds from which a span is named as the strongest trace. Of spans that strong in spun articles
#: .85 stand where the spinner changed a word, of those between 1 and 1.5 .66, of weaker ones .60.
#: The strongest span is that strong in 23 of 24 spun articles and in 4 % of 300 people's.
LEAST_NAMED_TRACE = 1.5

#: Substitutions below this strength are named in a table only.
_LEAST_NAMED_STRENGTH = 0.6

_NAMED_SUBSTITUTIONS = 3

_FULL_SHADE = 3.0

_EVEN = 0.5

#: Of two labels one is named alone where it is so many times as likely as the other.
_MUCH_LIKELIER = 2.0

_DIRECTION_MARKS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")

_READING: Mapping[str, str] = {
    ORIGINAL: "a machine's English",
    TRANSLATED: "machine translation",
    SPUN: "synonym spinning",
}

_RELATION_SENTENCES: Mapping[str, str] = {
    VERBATIM: "the copy has the original's own words",
    EDITED: "the copy is the original as people edit",
    RETOLD: "the copy tells the original anew, and nothing shows that a machine did it",
    MACHINE_REWRITTEN: "the copy reads like the original rewritten by a machine",
    INDEPENDENT: "the copy was not made from this original",
}

_EITHER_REWRITTEN = "one of the two texts reads like the other rewritten by a machine"

#: Words of sentences that are less alike are not named as standing for each other.
_LEAST_ALIKE = 0.45

#: Shares of a copy that stem from its original: less is a quotation, more is no chance.
_MOST_OF_A_TEXT, _SOME_OF_A_TEXT = 0.5, 0.15

_LINK_SENTENCES = {
    "one-to-one": "stems from one sentence of the original",
    "split": "one sentence of the original became several",
    "merged": "several sentences of the original became one",
    "added": "not in the original",
    "dropped": "not in the copy",
}


def name_outcome(result: Verdict | Comparison) -> str:
    """The outcome in a few words: flagged or not, as what, with which probability."""
    if result.probability is None:
        return "not judged"
    state = "flagged" if result.flagged else "not flagged"
    if result.reason:
        return state  # what cannot be flagged is not called a machine's either
    name = _name_label(result) if isinstance(result, Verdict) else result.relation
    return f"{state} · {name} · {format_probability(result.probability)}"


def _name_label(verdict: Verdict) -> str | None:
    """The label; both of a machine's where neither is twice as likely as the other."""
    if verdict.label in (None, ORIGINAL):
        return verdict.label
    translated, spun = (verdict.class_probabilities.get(kind, 0.0) for kind in (TRANSLATED, SPUN))
    if min(translated, spun) > max(translated, spun) / _MUCH_LIKELIER:
        return f"{TRANSLATED} or {SPUN}"
    return verdict.label


def explain_verdict(verdict: Verdict) -> str:
    """Why, in one plain sentence: how many sentences sound like it, and the strongest trace."""
    if verdict.probability is None:
        return f"Not judged ({verdict.reason})."
    if verdict.reason:
        return "; ".join([_say_outcome(verdict), *verdict.notes]) + "."
    judged = find_judged(verdict.sentences)
    parts = []
    if judged:
        parts.append(_say_reading(verdict, judged))
    if strongest := find_strongest_trace(verdict):
        human = f"; people write “{clip(strongest.suggestion)}”" if strongest.suggestion else ""
        trace = f"“{clip(strongest.text)}” ({strongest.kind}{human})"
        parts.append(f"the strongest trace is {trace}")
    elif judged:
        parts.append("no single phrase stands out")
    parts += verdict.notes
    return f"{_say_outcome(verdict)}: {'; '.join(parts) or 'no sentence could be weighed'}."


def _say_reading(verdict: Verdict, judged: Sequence[SentenceScore]) -> str:
    """How many sentences read like what; of a person's text, what all of them come to first."""
    telling = sum(sentence.log_odds > 0 for sentence in judged)
    many = _say_share(telling, len(judged))
    ending = "s" if telling in (0, 1) else ""
    if verdict.label == ORIGINAL and not verdict.flagged:
        whole = "the text as a whole reads like a person's English"
        return f"{whole}; taken one by one, {many} lean{ending} towards a machine's"
    return f"{many} read{ending} like {_READING.get(verdict.label or '', 'a machine')}"


def pick_result(verdict: Verdict, comparison: Comparison | None) -> Verdict | Comparison:
    """What decides whether an article is flagged: its own verdict, or `Comparison.decides`."""
    return comparison if comparison is not None and comparison.decides else verdict


def find_judged(sentences: Iterable[SentenceScore]) -> list[SentenceScore]:
    """The sentences that have a say; captions, links and fragments have none."""
    return [sentence for sentence in sentences if sentence.contributions]


def count_judged(sentences: Sequence[SentenceScore]) -> str:
    """How many sentences have a say, and of how many, where some have none: "20 of 22"."""
    judged = len(find_judged(sentences))
    return f"{judged:,}" if judged == len(sentences) else f"{judged:,} of {len(sentences):,}"


def find_strongest_trace(verdict: Verdict) -> Artifact | None:
    """The span that told most, if it told enough to be named alone."""
    telling = (item for item in verdict.artifacts if item.score >= LEAST_NAMED_TRACE)
    return max(telling, key=lambda artifact: artifact.score, default=None)


def find_clear_substitutions(comparison: Comparison, count: int) -> list[Substitution]:
    """The clearest substitutions, if they are clear enough to be named alone."""
    unlike = _find_unlike(comparison)
    clear = [
        item
        for item in comparison.substitutions
        if item.strength >= _LEAST_NAMED_STRENGTH
        and not any(start <= item.start < end for start, end in unlike)
    ]
    return replace(comparison, substitutions=tuple(clear)).list_strongest(count)


def _find_unlike(comparison: Comparison) -> list[tuple[int, int]]:
    """Where sentences of the copy stand that are little like the original's: facts differ there."""
    sentences = comparison.verdict.sentences
    return [
        (sentences[index].start, sentences[index].end)
        for link in comparison.alignment
        if link.original_sentences and link.similarity < _LEAST_ALIKE
        for index in link.sentences
        if index < len(sentences)
    ]


def measure_shade(item: Substitution) -> float:
    """The log-odds of a span that is shaded as strongly as a substitution."""
    return _FULL_SHADE * item.strength


def summarize_result(result: Verdict | Comparison) -> str:
    """Why, in so few words that they fit a line."""
    if result.probability is None or result.reason:
        return result.reason or ""
    return "; ".join(_name_facts(result) if isinstance(result, Verdict) else _name_changes(result))


def _name_facts(verdict: Verdict) -> Iterator[str]:
    below = verdict.threshold is not None and not verdict.flagged
    if below and verdict.label != ORIGINAL:
        yield f"flagged from {format_threshold(verdict)} on"
    if judged := find_judged(verdict.sentences):
        telling = sum(sentence.log_odds > 0 for sentence in judged)
        read = "lean towards a machine's" if verdict.label == ORIGINAL else "read so"
        yield f"{telling:,} of {_count(len(judged), 'sentence')} {read}"
    if trace := find_strongest_trace(verdict):
        human = f" (people write “{clip(trace.suggestion)}”)" if trace.suggestion else ""
        yield f"“{clip(trace.text)}”{human}"


def _name_changes(comparison: Comparison) -> Iterator[str]:
    if comparison.relation == MACHINE_REWRITTEN and not comparison.flagged:
        yield f"flagged from {format_threshold(comparison)} on"
    yield f"{format_percent(comparison.coverage)} stems from the original"
    if count := len(comparison.reworded):
        named = "".join(f", {_say_exchange(s)}" for s in find_clear_substitutions(comparison, 1))
        yield f"{_count(count, 'substitution')}{named}"


def explain_comparison(comparison: Comparison) -> str:
    """What the copy is to its original, in one plain sentence, with the strongest substitution."""
    if comparison.probability is None:
        return f"Not judged ({comparison.reason})."
    covered = format_percent(comparison.coverage)
    # What cannot be flagged is not called a machine's either.
    is_said = not (comparison.reason and comparison.relation == MACHINE_REWRITTEN)
    parts = [_say_relation(comparison)] if is_said else []
    if is_said and not _is_reversed(comparison):
        parts.append(f"{covered} of its words stand in sentences that stem from it")
    else:
        whole = "of the copy's words stand in sentences that stem from the original"
        parts.append(f"{covered} {whole}")
    if links := _say_links(comparison):
        parts.append(links)
    parts += _say_substitutions(comparison)
    parts += comparison.verdict.notes  # the share is one of the words that were read
    return f"{_say_outcome(comparison)}: {'; '.join(parts)}."


def _say_relation(comparison: Comparison) -> str:
    """What the copy is to the original, as far as it stems from it."""
    relation = comparison.relation or INDEPENDENT
    if relation == MACHINE_REWRITTEN:
        return _say_rewriting(comparison)
    if relation == EDITED and comparison.coverage < _MOST_OF_A_TEXT:
        return "the copy takes over some sentences of the original, as people edit them"
    if relation == INDEPENDENT and comparison.coverage >= _SOME_OF_A_TEXT:
        return "the copy as a whole was not made from this original"
    return _RELATION_SENTENCES[relation]


def _is_reversed(comparison: Comparison) -> bool:
    """Whether it is likelier that the original was made of the copy."""
    return comparison.direction is not None and comparison.direction < _EVEN


def _say_rewriting(comparison: Comparison) -> str:
    """Which text reads like the other rewritten by a machine, and that a flag needs more."""
    reads = _RELATION_SENTENCES[MACHINE_REWRITTEN]
    if comparison.direction is not None and _is_reversed(comparison):
        share = format_percent(1 - comparison.direction)
        reads = f"{_EITHER_REWRITTEN}, likelier the original ({share})"
    if comparison.flagged:
        return reads
    return f"{reads}, but less surely than a flag needs ({format_threshold(comparison)})"


def _say_links(comparison: Comparison) -> str | None:
    """How many sentences of the copy kept their bounds, and how many have other words."""
    linked = [k for k in comparison.alignment if k.sentences and k.original_sentences]
    stemming = {index for link in linked for index in link.sentences}
    if not stemming:
        return None
    kept = sum(link.kind == "one-to-one" for link in linked)
    reworded = len(stemming.intersection(_find_reworded(comparison)))
    stem = "stems" if len(stemming) == 1 else "stem"
    was = "was" if kept == 1 else "were"
    sentences = f"{_count(len(stemming), 'sentence')} that {stem} from it"
    return f"{kept:,} of {sentences} {was} kept one to one, {reworded:,} reworded"


def _find_reworded(comparison: Comparison) -> Iterator[int]:
    """The sentences of the copy in which a substitution stands, one for each that it touches."""
    starts = [sentence.start for sentence in comparison.verdict.sentences]
    for item in comparison.reworded:
        first = bisect_right(starts, item.start) - 1
        yield from range(first, bisect_left(starts, item.end, first + 1))


def explain_link(link: SentenceLink) -> str:
    """What became of a sentence, how similar the two are, and whether it was moved."""
    both = link.sentences and link.original_sentences
    similar = f", similarity {link.similarity:.2f}" if both else ""
    moved = ", moved to another place" if link.moved else ""
    return f"{_LINK_SENTENCES[link.kind]}{similar}{moved}"


def _say_outcome(result: Verdict | Comparison) -> str:
    if result.flagged:
        return "Flagged"
    return f"Not flagged ({result.reason})" if result.reason else "Not flagged"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _say_share(some: int, total: int) -> str:
    sentences = _count(total, "sentence")
    if some == 0:
        return f"none of the {sentences}"
    if total == 1:
        return "the only sentence"
    if some == total:
        return f"all {sentences}"
    if some * 2 > total:
        return f"most of the {sentences} ({some:,})"
    return f"{some:,} of the {sentences}"


def _say_substitutions(comparison: Comparison) -> Iterator[str]:
    """How many there are, and the clearest of them."""
    reworded = len(comparison.reworded)
    telling = find_clear_substitutions(comparison, _NAMED_SUBSTITUTIONS)
    if telling and reworded == 1:
        yield f"the only substitution is {_say_exchange(telling[0])}"
    elif telling:
        *others, last = map(_say_exchange, telling)
        named = f"are {', '.join(others)} and {last}" if others else f"is {last}"
        yield f"of {_count(reworded, 'substitution')} the clearest {named}"
    elif reworded:
        yield _count(reworded, "substitution")
    if spelling := len(comparison.substitutions) - reworded:
        other = "changes are" if spelling > 1 else "change is"
        yield f"{spelling:,} {other} of spelling alone"


def _say_exchange(item: Substitution) -> str:
    wrong = f" ({item.kind})" if item.kind == "wrong sense" else ""
    return f"“{clip(item.text)}” for “{clip(item.original_text)}”{wrong}"


def clip(text: str, limit: int = _QUOTE_LIMIT) -> str:
    """Text on one line, no longer than that many characters, that reorders nothing around it."""
    line = " ".join(_DIRECTION_MARKS.sub("", text[: 10 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def format_percent(share: float) -> str:
    """A share in per cent with two digits that mean something; never 100 for less than all."""
    percent = 100 * share
    if 0 < percent < 10 or 99 <= percent < 100:
        percent = min(percent, 99.9) if percent > 99 else percent
        return f"{percent:.2g} %" if percent < 10 else f"{percent:.1f} %"
    return f"{percent:.0f} %"


def format_log_odds(value: float) -> str:
    """Log-odds with sign and two decimals, or a dash for what is no number."""
    return f"{value:+.2f}".replace("-", "−") if math.isfinite(value) else "–"


def round_parts(parts: Mapping[str, float], digits: int = 2) -> dict[str, float]:
    """Round numbers so that they still add up to their rounded sum (largest remainders).

    Numbers that are not finite come back as they are, and nothing is rounded beside them.
    """
    values = list(parts.values())
    if not all(map(math.isfinite, values)):
        return dict(parts)
    scale = 10**digits
    floors = [math.floor(value * scale) for value in values]
    missing = round(sum(values) * scale) - sum(floors)
    by_remainder = sorted(range(len(values)), key=lambda i: floors[i] - values[i] * scale)
    for i in by_remainder[: max(0, missing)]:
        floors[i] += 1
    return {name: floor / scale for name, floor in zip(parts, floors, strict=True)}


_FEATURE_SOURCES = {
    "encoder": "encoder",
    "lexical": "word sequences",
    "style": "style",
    "discriminant": "encoder, as whole articles differ",
    "logistic": "encoder, over whole articles",
}

_FEATURE_READINGS = {
    "translated": "translated",
    "spun": "spun",
    "machine": "machine's rather than translator's",
}

_FEATURE_NAMES = {
    f"{source}_{contrast}": f"{source_name}: {contrast_name}"
    for source, source_name in _FEATURE_SOURCES.items()
    for contrast, contrast_name in _FEATURE_READINGS.items()
} | {
    "words_mean": "encoder: single words, on average",
    "words_top": "encoder: its strongest words",
    "constant": "any sentence",
}


_SOURCE_NAMES = {
    "asap_essays": "school essays",
    "bbc-2004": "BBC, 2004–05",
    "broken_telephone": "news and summaries",
    "detectrl": "abstracts, stories and reviews",
    "lafand_news": "African news",
    "language_model_articles": "news of 2026",
    "paraphrased_documents": "abstracts, stories and reviews, second sample",
    "reuters-1987": "Reuters, 1987",
    "roundtrip_flores": "encyclopedia and travel guides",
    "roundtrip_news": "news, 2009–16",
    "ted_talks": "TED talks",
    "translated_documents": "professionals' translations, 2021–22",
    "translated_news": "professionals' translations, 2008–16",
    "wikinews-2019": "Wikinews, 2019",
    "wmt20-en-sources": "news, 2020",
    "wmt21-en-sources": "news, 2021",
    "wmt22-en-sources": "news, 2022",
}


def name_source(name: str) -> str:
    """What texts a model card's figures are of, in plain words; one not known, as it is called."""
    return _SOURCE_NAMES.get(name) or name.replace("_", " ")


def format_threshold(result: Verdict | Comparison) -> str:
    """The threshold as probabilities are written, or that there is none."""
    return "none" if result.threshold is None else format_probability(result.threshold)


def format_probability(value: float | None) -> str:
    """A probability with three decimals; 1 and 0 are said of nothing that is not."""
    if value is None:
        return "–"
    return f"{value if value in (0, 1) else min(max(value, 0.001), 0.999):.3f}"


def pick_parts(contributions: Mapping[str, float], count: int) -> dict[str, float]:
    """The parts of a sentence's log-odds that weigh most, by plain name; the others as one."""
    ranked = sorted(contributions.items(), key=lambda item: -abs(item[1]))
    picked = [(name, value) for name, value in ranked[:count] if not abs(value) < _NEGLIGIBLE]
    named = {name_feature(name): value for name, value in picked}
    rest = ranked[len(picked) :]
    if rest:
        named[f"{len(rest)} other{'' if len(rest) == 1 else 's'}"] = sum(v for _, v in rest)
    return named


def name_feature(name: str) -> str:
    """A feature in plain words; one that is not known, as its column is called."""
    return _FEATURE_NAMES.get(name) or name.replace("_", " ")

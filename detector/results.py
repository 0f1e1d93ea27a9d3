"""The results of the detector: frozen, printed readably, and the same after JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any, ClassVar, Final, Literal, Self

from detector.result_base import (
    ShownAsHtml,
    check_flag,
    check_shares,
    check_span,
    format_repr,
    is_source,
    list_under,
    make_lists,
    shorten,
)

Label = Literal["original", "translated", "spun"]
Relation = Literal["verbatim", "edited", "retold", "machine-rewritten", "independent"]

ORIGINAL: Final = "original"
TRANSLATED: Final = "translated"
SPUN: Final = "spun"
LABELS: tuple[Label, Label, Label] = (ORIGINAL, TRANSLATED, SPUN)
"""Human English (translations by humans included), machine translation, synonym substitution."""

VERBATIM: Final = "verbatim"
EDITED: Final = "edited"
RETOLD: Final = "retold"
MACHINE_REWRITTEN: Final = "machine-rewritten"
INDEPENDENT: Final = "independent"
RELATIONS: tuple[Relation, ...] = (VERBATIM, EDITED, RETOLD, MACHINE_REWRITTEN, INDEPENDENT)
"""What a copy is to its reference: the same text, perhaps cut; reworked by a human; told anew in
other words, sentence by sentence, by a hand that is not known to be a machine's; rewritten by a
machine (spun, or translated and back); another article, even on the same event."""

#: So much of a copy must stem from an original beside which it is not flagged to clear it.
_LEAST_DECISIVE = 0.5

SPELLING: Final = "spelling"
SUBSTITUTION_KINDS = (
    "synonym",
    "wrong sense",
    "function word",
    "inflection",
    "name or number",
    "rephrasing",
    "word order",
    "dropped",
    "added",
    SPELLING,
)
"""Kinds of `Substitution`, the commonest first. "spelling" is the same, written otherwise: “US” for
“U.S.”, “colour” for “color”, “10” for “ten”. An outlet's style does that as well: it is no
rewording, and points to nobody."""

LINK_KINDS = ("one-to-one", "split", "merged", "added", "dropped")
"""Kinds of `SentenceLink`: "split" is one original sentence in several of the copy, "merged" the
reverse; "added" has no original, "dropped" no counterpart in the copy."""

_Readers = Mapping[str, Callable[[Any], Any]]

_SHOWN_SENTENCES, _SHOWN_ARTIFACTS, _SHOWN_SUBSTITUTIONS = 5, 10, 40


class Result:
    """What every result can do: become plain dictionaries and JSON, and be read from them."""

    #: Of fields that hold results in their turn: what reads them from plain data.
    _readers: ClassVar[_Readers] = {}

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings, numbers, booleans and None, ready for JSON."""
        plain: dict[str, Any] = make_lists(asdict(self))  # type: ignore[call-overload]
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that `to_dict` was called on.

        Raises:
            ValueError: a field is unknown, missing or impossible.
        """
        if not isinstance(data, Mapping):
            kind = type(data).__name__
            raise ValueError(f"not a {cls.__name__}: {kind} where an object is meant")
        known = {entry.name for entry in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(map(repr, set(data) - known)):
            raise ValueError(f"{cls.__name__} has no field {', '.join(unknown)}")
        read = {name: cls._readers[name](data[name]) for name in cls._readers if name in data}
        try:
            return cls(**{**data, **read})
        except TypeError as error:
            raise ValueError(f"not a {cls.__name__}: {error}") from error

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as strict JSON: a NaN is an error, never an invalid file."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The result that `to_json` was called on; ValueError where the text is none."""
        return cls.from_dict(json.loads(text))


def _read_list(kind: type[Result], data: Any) -> tuple[Result, ...]:
    if not isinstance(data, list | tuple):
        raise ValueError(f"{type(data).__name__} where a list of {kind.__name__} is meant")
    return tuple(map(kind.from_dict, data))


@dataclass(frozen=True)
class SentenceScore(Result):
    """One sentence and what it contributes to its document's score.

    Attributes:
        text: the sentence, normalised.
        start: offset of its first character in the caller's text.
        end: offset behind its last character in the caller's text.
        kind: "sentence" or "headline"; "boilerplate" and "foreign" have no say.
        contributions: of named columns, in log-odds of not being human English; they add up.
    """

    text: str
    start: int
    end: int
    kind: str = "sentence"
    contributions: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_span(self.start, self.end)

    @property
    def log_odds(self) -> float:
        """The sum of the contributions: above 0, a machine likelier wrote it than a human."""
        return sum(self.contributions.values())

    def __str__(self) -> str:
        return f"{self.log_odds:+.2f}  [{self.start}–{self.end}] {shorten(self.text)}"


@dataclass(frozen=True)
class Artifact(Result):
    """A span of the caller's text whose words look like a machine's choice.

    Attributes:
        start: offset of the span's first character in the caller's text.
        end: offset behind its last character.
        text: the span as the caller wrote it.
        kind: what sort of trace it is: "unidiomatic word choice", "collocation", "article or
            preposition", "tense", "untranslated word", "literal idiom" or "name form".
        score: log-odds of being a machine's choice.
        suggestion: what a human would have written, where that is known.
    """

    start: int
    end: int
    text: str
    kind: str
    score: float
    suggestion: str | None = None

    def __post_init__(self) -> None:
        check_span(self.start, self.end)

    def __str__(self) -> str:
        meant = f" ← {self.suggestion!r}" if self.suggestion else ""
        return f"{self.score:+.2f}  [{self.start}–{self.end}] {self.text!r}{meant}  ({self.kind})"


@dataclass(frozen=True, repr=False)
class Verdict(ShownAsHtml, Result):
    """The detector's judgement on one document.

    Attributes:
        probability: calibrated probability of not being original, 0 to 1; None where the text
            cannot be judged at all (empty, not English).
        label: the most probable of `LABELS`; None where `probability` is None.
        class_probabilities: probability of each label; they sum to 1, or there are none.
        flagged: the probability reaches the threshold, and there is enough text to say so.
        threshold: least probability that is flagged at `false_positive_rate`; None where the
            model guarantees no threshold for that rate.
        false_positive_rate: share of human articles that the caller accepts to be flagged.
        reason: why the text was not judged or could not be flagged, as "code: explanation"
            ("too short: 12 words, 60 needed"); None where nothing stood in the way.
        sentences: each sentence with its contributions, in order.
        artifacts: spans that look like a machine's choice, in order.
        words: number of words in the judged sentences; 0 where `probability` is None.
        language: code of the language, such as "en"; None where it is unknown.
        signature: versions, model and threshold, enough to reproduce the figures.
        notes: what was done to make the text readable and what was left out, each as
            "code: explanation" ("disguised letters: 12 read as the Latin letters they imitate").
    """

    probability: float | None
    label: Label | None
    class_probabilities: Mapping[str, float]
    flagged: bool
    threshold: float | None
    false_positive_rate: float
    reason: str | None = None
    sentences: tuple[SentenceScore, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    words: int = 0
    language: str | None = None
    signature: str = ""
    notes: tuple[str, ...] = ()

    _readers: ClassVar[_Readers] = {
        "sentences": partial(_read_list, SentenceScore),
        "artifacts": partial(_read_list, Artifact),
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(self.notes))
        check_shares(self, "probability", "threshold", "false_positive_rate")
        if (self.probability is None) != (self.label is None):
            raise ValueError("probability and label are known together or not at all")
        if self.label is not None and self.label not in LABELS:
            raise ValueError(f"label must be one of {', '.join(LABELS)}, not {self.label!r}")
        if self.probability is None and self.reason is None:
            raise ValueError("a text that was not judged needs a reason")
        check_flag(self.flagged, self.probability, self.threshold, self.reason)

    @property
    def reason_code(self) -> str | None:
        """The part of `reason` that programs compare: "too short", "not English", "empty"."""
        return self.reason.split(":", 1)[0] if self.reason else None

    def to_html(self, text: str | None = None) -> str:
        """What a notebook shows of the verdict, as HTML that needs nothing from outside.

        Args:
            text: the article as it was scored, to be shown with its spans marked.

        Raises:
            ValueError: the spans lie outside that text: it is another one.
        """
        return self._render_html(text)

    def __repr__(self) -> str:
        shown = "label probability flagged reason words".split()
        return format_repr(self, shown, "sentences artifacts".split())

    def __str__(self) -> str:
        lines = [_format_headline(self)]
        if self.class_probabilities:
            shares = ", ".join(
                f"{name} {share:.3f}" for name, share in self.class_probabilities.items()
            )
            lines.append(f"  {shares}")
        lines.append(f"  {_format_extent(self)}")
        if self.notes:
            lines.append(f"  {'; '.join(self.notes)}")
        lines += list_under("the sentences that weigh most", _find_weightiest(self.sentences))
        strongest = tuple(sorted(self.artifacts, key=lambda a: -a.score)[:_SHOWN_ARTIFACTS])
        count = len(self.artifacts)
        title = (
            f"{count:,} artifacts, the strongest {len(strongest)}"
            if count > len(strongest)
            else "artifacts"
        )
        lines += list_under(title, strongest)
        if self.signature:
            lines.append(f"  {self.signature}")
        return "\n".join(lines)


@dataclass(frozen=True)
class SentenceLink(Result):
    """Which sentences of a copy stem from which of its original.

    Attributes:
        kind: one of `LINK_KINDS`.
        sentences: indices into the copy's sentences; empty where a sentence was dropped.
        original_sentences: indices into the original's; empty where one was added.
        similarity: 0 to 1; 1 where the words are the same.
        moved: the copy has it at another place, seen from its neighbours.
    """

    kind: str
    sentences: tuple[int, ...]
    original_sentences: tuple[int, ...]
    similarity: float
    moved: bool = False

    def __post_init__(self) -> None:
        if self.kind not in LINK_KINDS:
            raise ValueError(f"kind must be one of {', '.join(LINK_KINDS)}, not {self.kind!r}")
        check_shares(self, "similarity")
        object.__setattr__(self, "sentences", tuple(self.sentences))
        object.__setattr__(self, "original_sentences", tuple(self.original_sentences))


@dataclass(frozen=True)
class Substitution(Result):
    """A phrase of the copy and the phrase of the original in whose place it stands.

    Attributes:
        start: offset of the phrase's first character in the copy, as the caller gave it.
        end: offset behind its last character; equal to `start` where something was dropped.
        text: the phrase as the copy has it; "" where something was dropped.
        original_start: offset in the original of what stood there.
        original_end: offset behind it; equal to `original_start` where something was added.
        original_text: the phrase as the original has it; "" where something was added.
        kind: one of `SUBSTITUTION_KINDS`.
        score: log-odds of being a machine's choice.
        strength: how much it shows to a reader, 0 to 1: words of content that surely stand in each
            other's place come first, spelling has 0.
    """

    start: int
    end: int
    text: str
    original_start: int
    original_end: int
    original_text: str
    kind: str
    score: float = 0.0
    strength: float = 0.0

    def __post_init__(self) -> None:
        check_span(self.start, self.end)
        check_span(self.original_start, self.original_end)
        check_shares(self, "strength")
        if self.kind not in SUBSTITUTION_KINDS:
            known = ", ".join(SUBSTITUTION_KINDS)
            raise ValueError(f"kind must be one of {known}, not {self.kind!r}")

    @property
    def phrases(self) -> tuple[str, str]:
        """Both phrases in small letters, the copy's first: the same wherever the same was done."""
        return self.text.lower(), self.original_text.lower()

    def __str__(self) -> str:
        before, after = (repr(t) if t else "–" for t in (self.original_text, self.text))
        return f"{self.score:+.2f}  [{self.start}–{self.end}] {after} ← {before}  ({self.kind})"


@dataclass(frozen=True, repr=False)
class Comparison(ShownAsHtml, Result):
    """What a copy did to its original.

    Attributes:
        relation: the most probable of `RELATIONS`; None where the pair cannot be judged.
        class_probabilities: probability of each relation; they sum to 1, or there are none.
        probability: calibrated probability that the copy is the original rewritten by a machine.
        flagged: the probability reaches the threshold, and nothing stands in the way.
        threshold: least probability that is flagged at `false_positive_rate`.
        false_positive_rate: share of other pairs that the caller accepts to be flagged.
        coverage: share of the copy's words in sentences that stem from the original.
        original_coverage: share of the original's words in sentences that the copy has.
        alignment: which sentences stem from which, in the copy's order, what was dropped last.
        substitutions: what was put in place of what, in the copy's order.
        features: named measures that the relation was judged by.
        verdict: the verdict on the copy by itself; `alignment` counts its `sentences`.
        original_verdict: likewise on the original.
        direction: probability that the copy was made of the original, and not the other way round;
            None unless a machine rewrote the one.
        reason: why the pair was not judged or could not be flagged; None where nothing stood in
            the way.
        signature: versions, model and threshold, enough to reproduce the figures.
    """

    relation: Relation | None
    class_probabilities: Mapping[str, float]
    probability: float | None
    flagged: bool
    threshold: float | None
    false_positive_rate: float
    coverage: float
    original_coverage: float
    alignment: tuple[SentenceLink, ...]
    substitutions: tuple[Substitution, ...]
    features: Mapping[str, float]
    verdict: Verdict
    original_verdict: Verdict
    reason: str | None = None
    signature: str = ""
    direction: float | None = None

    _readers: ClassVar[_Readers] = {
        "alignment": partial(_read_list, SentenceLink),
        "substitutions": partial(_read_list, Substitution),
        "verdict": Verdict.from_dict,
        "original_verdict": Verdict.from_dict,
    }

    def __post_init__(self) -> None:
        check_shares(self, "probability", "threshold", "false_positive_rate")
        check_shares(self, "coverage", "original_coverage", "direction")
        if (self.probability is None) != (self.relation is None):
            raise ValueError("probability and relation are known together or not at all")
        if self.relation is not None and self.relation not in RELATIONS:
            raise ValueError(f"relation must be one of {', '.join(RELATIONS)}")
        if self.probability is None and self.reason is None:
            raise ValueError("a pair that was not judged needs a reason")
        check_flag(self.flagged, self.probability, self.threshold, self.reason)

    @property
    def decides(self) -> bool:
        """Whether it tells if the copy is flagged; otherwise the copy's own words do.

        It does where the copy is flagged beside its original, or half of it stems from there: a
        quotation clears no article, nor does a copy that was made of it.
        """
        if self.relation in (None, INDEPENDENT) or is_source(self.direction):
            return False
        return self.flagged or self.coverage >= _LEAST_DECISIVE

    def to_html(self, text: str | None = None, reference: str | None = None) -> str:
        """What a notebook shows of the comparison, as HTML that needs nothing from outside.

        Args:
            text: the copy as it was compared; both texts are then shown side by side.
            reference: the original as it was compared.

        Raises:
            ValueError: one text is given without the other, or spans lie outside them.
        """
        return self._render_html(text, reference)

    @property
    def reworded(self) -> tuple[Substitution, ...]:
        """The substitutions that are more than spelling, in the copy's order."""
        return tuple(item for item in self.substitutions if item.kind != SPELLING)

    def list_strongest(self, count: int | None = None) -> list[Substitution]:
        """The substitutions that show most what was done, each pair of phrases once.

        Spelling is left out: it is no rewording.

        Args:
            count: the most that are wanted; all unless told.
        """
        ordered = sorted(self.reworded, key=lambda item: (-item.strength, -item.score, item.start))
        pairs = {item.phrases: item for item in reversed(ordered)}
        return [item for item in ordered if pairs[item.phrases] is item][:count]

    def __repr__(self) -> str:
        shown = "relation probability flagged reason coverage".split()
        return format_repr(self, shown, ["substitutions"])

    def __str__(self) -> str:
        return "\n".join(_describe_comparison(self))


def _describe_comparison(comparison: Comparison) -> list[str]:
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
    title = f"{count:,} substitution{'' if count == 1 else 's'}, the clearest first"
    lines += list_under(title, comparison.list_strongest(_SHOWN_SUBSTITUTIONS))
    if comparison.signature:
        lines.append(f"  {comparison.signature}")
    return lines


def _format_headline(verdict: Verdict) -> str:
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


def _format_extent(verdict: Verdict) -> str:
    words = f"{verdict.words:,} word{'' if verdict.words == 1 else 's'}"
    count = len(verdict.sentences)
    judged = sum(bool(sentence.contributions) for sentence in verdict.sentences)
    share = f"{judged:,} of " if judged < count else ""
    sentences = f"{share}{count:,} sentence{'' if count == 1 else 's'} judged"
    return f"{words}, {sentences}, language {verdict.language or 'unknown'}"


def _find_weightiest(sentences: tuple[SentenceScore, ...]) -> tuple[SentenceScore, ...]:
    telling = [sentence for sentence in sentences if sentence.contributions]
    return tuple(sorted(telling, key=lambda item: -abs(item.log_odds))[:_SHOWN_SENTENCES])

"""Point at the words that gave a machine away: token evidence → spans worth showing.

No single word proves anything: people write every word that a machine writes. So the words of a
text are judged with what is known of the sentence and of the document around them, and few are
shown: none where the text itself reads like a person's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from detector.evidence import EVIDENCE_COLUMNS, DocumentEvidence
from detector.lexicon import FUNCTION_WORDS
from detector.network import Network
from detector.text import NAME_PLACEHOLDER, NUMBER_PLACEHOLDER, View, place_words
from detector.verdict import Artifact

if TYPE_CHECKING:
    from detector.bundle import Bundle

Floats = npt.NDArray[np.float64]

WORD_BUCKETS = 1 << 17
PAIR_BUCKETS = 1 << 20
_ARRAYS, _SUGGESTIONS = "artifacts.safetensors", "suggestions.json"
# Log-odds are stored in steps of 1/16, as one byte each.
_STEP = 1 / 16

WORD_COLUMNS = (
    "token", "token_before", "token_after", "token_rank", "sentence_token", "sentence_top",
    "word_odds", "left_odds", "right_odds", "odds_before", "odds_after", "sentence_odds",
    "encoder_translated", "encoder_spun", "lexical_translated", "lexical_spun",
    "document", "is_function", "is_capital", "length", "is_first",
)  # fmt: skip
"""What each word is judged by: the token head's log-odds of it, of its neighbours and of its
sentence; how much oftener machines than people put it, or it beside its neighbours, in training;
what its sentence and its document say."""

_KINDS_OF_WORDS: Mapping[str, frozenset[str]] = {
    "article or preposition": frozenset(
        """a an the of in to for with on at by from as into about after over under within during
        across between against towards toward upon among before behind near despite per via
        through throughout along around beside without until since""".split()
    ),
    "tense": frozenset(
        """is are was were be been being has have had will would shall should can could may might
        must do does did""".split()
    ),
}
_FUNCTION_WORDS = frozenset(FUNCTION_WORDS) | frozenset().union(*_KINDS_OF_WORDS.values())
# Closed-class and news words of the commonest pivots that no English word is spelt like.
_FOREIGN_WORDS = frozenset(
    """der das und nicht ist wird wurde wurden haben hatte sich auf für mit dem eine einen einem
    einer durch über zwischen gegen auch nach bei oder aber wenn weil dass zum zur vom beim
    els les des une dans pour avec sur qui que est sont été mais leur leurs cette ces aux du
    los las del una para por con según pero como más entre sobre desde hasta también
    della delle degli dei che nel nella sono gli per più anche
    het een van niet wordt worden zijn ook naar maar voor
    och att det som inte är från med til ikke og af
    não uma dos das pelo pela também são
    jest nie się który która oraz przez
    kteří který byl byla bylo""".split()
) - frozenset(
    "a an as at aux con dam den des die do du i in is jest me men most on per pour so to van "
    "was".split()
)


@dataclass(frozen=True, slots=True)
class WordMemory:
    """How much oftener machines than people put a word, or two words side by side.

    Counted on the training pairs: words of the machine's version that the person's has not,
    against all words of people's. Stored by hash, as log-odds in steps of 1/16.

    Attributes:
        words: (WORD_BUCKETS,), int8.
        pairs: (PAIR_BUCKETS,), int8.
        suggestions: word → what people had in its place, where one word stood out.
    """

    words: npt.NDArray[np.int8]
    pairs: npt.NDArray[np.int8]
    suggestions: Mapping[str, str]

    def find_word(self, word: str) -> float:
        """Log-odds of a word."""
        return float(self.words[hash_word(word)]) * _STEP

    def find_pair(self, first: str, second: str) -> float:
        """Log-odds of two neighbours."""
        return float(self.pairs[hash_neighbours(first, second)]) * _STEP

    @classmethod
    def from_counts(
        cls,
        machine: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        people: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        suggestions: Mapping[str, str],
        prior: float = 4.0,
    ) -> WordMemory:
        """Smoothed log-odds of counts by bucket, for words and for neighbours."""
        tables = []
        for own, theirs in zip(machine, people, strict=True):
            share = own.sum() / theirs.sum()
            odds = np.log((own + prior * share) / (theirs + prior)) - np.log(share)
            tables.append(np.clip(np.rint(odds / _STEP), -127, 127).astype(np.int8))
        return cls(tables[0], tables[1], suggestions)


def hash_word(word: str) -> int:
    """The bucket of a word."""
    return crc32(word.encode()) & (WORD_BUCKETS - 1)


def hash_neighbours(first: str, second: str) -> int:
    """The bucket of two neighbours."""
    return crc32(f"{first}\x01{second}".encode()) & (PAIR_BUCKETS - 1)


@dataclass(frozen=True, slots=True)
class WordModel:
    """`WORD_COLUMNS` → log-odds of being a trace, and from where it is shown.

    Attributes:
        network: one answer a word.
        levels: log-odds from which a word is shown, by setting: "few", "many" and "all".
    """

    network: Network
    levels: Mapping[str, float]

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        levels = {f"level_{n}": np.array([v]) for n, v in sorted(self.levels.items())}
        return self.network.to_arrays("word") | levels

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> WordModel:
        """What `to_arrays` gave."""
        levels = {k[6:]: float(v[0]) for k, v in arrays.items() if k.startswith("level_")}
        return cls(Network.from_arrays(arrays, "word"), levels)


class ArtifactFinder:
    """Finds the spans of a text that gave it away.

    Args:
        memory: what machines put oftener than people.
        model: judges the words.
    """

    def __init__(self, memory: WordMemory, model: WordModel) -> None:
        self.memory = memory
        self.model = model

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> ArtifactFinder | None:
        """The finder that a model folder holds; None where it holds none."""
        if _ARRAYS not in bundle.manifest.files:
            return None
        arrays = bundle.read_arrays(_ARRAYS)
        memory = WordMemory(
            arrays["memory_words"].astype(np.int8, copy=False),
            arrays["memory_pairs"].astype(np.int8, copy=False),
            bundle.read_json(_SUGGESTIONS),
        )
        return cls(memory, WordModel.from_arrays(arrays))

    def to_parts(self) -> dict[str, Any]:
        """Parts of a model folder, for `detector.bundle.write_bundle`."""
        tables = {"memory_words": self.memory.words, "memory_pairs": self.memory.pairs}
        return {
            _ARRAYS: tables | self.model.to_arrays(),
            _SUGGESTIONS: dict(sorted(self.memory.suggestions.items())),
        }

    def find(
        self, text: str, evidence: DocumentEvidence, log_odds: float, level: str = "few"
    ) -> tuple[Artifact, ...]:
        """Spans of the caller's text, in order.

        Args:
            text: what `evidence` was gathered from.
            evidence: of its sentences.
            log_odds: the document classifier's score.
            level: "few", which keeps precision, "many", or "all" for texts known to be a machine's.
        """
        least = self.model.levels[level]
        found: list[Artifact] = []
        for row, index in enumerate(evidence.judged):
            view = evidence.views[index]
            scores = self.score_words(evidence, row, log_odds)
            spans = list(_join_words(view, scores, least))
            if not spans:
                continue
            places = place_words(text, evidence.sentences[index], view.places)
            for first, last in spans:
                start, end = places[first][0], places[last - 1][1]
                words = view.words[first:last]
                found.append(
                    Artifact(
                        start,
                        end,
                        text[start:end],
                        name_kind(words),
                        round(float(np.nanmax(scores[first:last])), 4),
                        self._suggest(words),
                    )
                )
        return tuple(found)

    def score_words(self, evidence: DocumentEvidence, row: int, log_odds: float) -> Floats:
        """Log-odds (words,) of each word of a judged sentence; NaN for what is never shown."""
        view = evidence.views[evidence.judged[row]]
        columns = measure_words(
            self.memory, view, evidence.word_scores[row], evidence.matrix[row], log_odds
        )
        scores = self.model.network(columns)[:, 0]
        for i, word in enumerate(view.words):
            if not may_show(word):
                scores[i] = np.nan
            elif word in _FOREIGN_WORDS:
                scores[i] = max(scores[i], _FOREIGN_SCORE)
        return scores

    def _suggest(self, words: Sequence[str]) -> str | None:
        return self.memory.suggestions.get(" ".join(words).lower())


_FOREIGN_SCORE = 4.0


def may_show(word: str) -> bool:
    """Whether a word of a view can be an artifact: no name, no number, no punctuation mark."""
    return word[0].isalpha() and word not in (NAME_PLACEHOLDER, NUMBER_PLACEHOLDER)


def name_kind(words: Sequence[str]) -> str:
    """The kind of an artifact of these words."""
    lowered = [word.lower() for word in words]
    if any(word in _FOREIGN_WORDS for word in lowered):
        return "untranslated word"
    for kind, members in _KINDS_OF_WORDS.items():
        if all(word in members for word in lowered):
            return kind
    content = [word for word in lowered if word not in _FUNCTION_WORDS]
    return "collocation" if len(content) > 1 else "unidiomatic word choice"


def measure_words(
    memory: WordMemory, view: View, token: npt.ArrayLike, row: npt.ArrayLike, log_odds: float
) -> Floats:
    """`WORD_COLUMNS` (words, columns) of one sentence.

    Args:
        memory: see `WordMemory`.
        view: the sentence.
        token: (words,), the token head's log-odds.
        row: (EVIDENCE_COLUMNS,), the sentence's evidence.
        log_odds: of the document.
    """
    scores = np.nan_to_num(np.asarray(token, dtype=np.float64))
    sentence = dict(zip(EVIDENCE_COLUMNS, np.asarray(row, dtype=np.float64), strict=True))
    words = [word.lower() for word in view.words]
    odds = np.array([memory.find_word(word) for word in words])
    pairs = np.array([memory.find_pair(a, b) for a, b in _list_neighbours(words)])
    count = len(words)
    columns = np.zeros((count, len(WORD_COLUMNS)))
    columns[:, 0] = scores
    columns[1:, 1], columns[:-1, 2] = scores[:-1], scores[1:]
    columns[:, 3] = np.argsort(np.argsort(scores)) / max(1, count - 1)
    columns[:, 4], columns[:, 5] = scores.mean(), np.sort(scores)[-max(1, count // 8) :].mean()
    columns[:, 6], columns[:, 7], columns[:, 8] = odds, pairs[:-1], pairs[1:]
    columns[1:, 9], columns[:-1, 10], columns[:, 11] = odds[:-1], odds[1:], odds.mean()
    for at, name in enumerate(
        ("encoder_translated", "encoder_spun", "lexical_translated", "lexical_spun"), start=12
    ):
        columns[:, at] = sentence[name]
    columns[:, 16] = log_odds
    columns[:, 17] = [word in _FUNCTION_WORDS for word in words]
    columns[:, 18] = [word[0].isupper() for word in view.words]
    columns[:, 19] = [min(len(word), 14) for word in words]
    columns[0, 20] = 1.0
    return columns


def _list_neighbours(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word with the one before it, and the last with the end."""
    yield from zip(["^", *words], [*words, "$"], strict=True)


def _join_words(view: View, scores: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Runs of words at or above `least`; one function word between two of them is taken along."""
    at = 0
    count = len(scores)
    while at < count:
        if not scores[at] >= least:
            at += 1
            continue
        end = at + 1
        while end < count:
            if scores[end] >= least:
                end += 1
            elif (
                end + 1 < count
                and scores[end + 1] >= least
                and view.words[end].lower() in _FUNCTION_WORDS
            ):
                end += 2
            else:
                break
        yield at, end
        at = end

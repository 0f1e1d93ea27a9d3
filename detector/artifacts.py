"""Point at the words that gave a machine away: token evidence → spans worth showing.

No single word proves anything: people write every word that a machine writes. So the words of a
text are judged with what is known of the sentence and of the document around them, and few are
shown: none where the text itself reads like a person's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from detector.evidence import EVIDENCE_COLUMNS, SUMMARY_COLUMNS, DocumentEvidence
from detector.lexicon import FUNCTION_WORDS
from detector.network import Network
from detector.renderings import find_renderings
from detector.text import NAME_PLACEHOLDER, NUMBER_PLACEHOLDER, View, place_words
from detector.usage import USAGE_COLUMNS, PeopleUsage
from detector.verdict import Artifact

if TYPE_CHECKING:
    from detector.bundle import Bundle

Floats = npt.NDArray[np.float64]

WORD_BUCKETS = 1 << 17
PAIR_BUCKETS = 1 << 20
_ARRAYS, _SUGGESTIONS = "artifacts.safetensors", "suggestions.json"
# Log-odds are stored in steps of 1/16, as one byte each.
_STEP = 1 / 16

_SENTENCE_SAYS = ("encoder_translated", "encoder_spun", "lexical_translated", "lexical_spun")
WORD_COLUMNS = (
    "token", "token_before", "token_after", "token_rank", "sentence_token", "sentence_top",
    "word_odds", "left_odds", "right_odds", "odds_before", "odds_after", "sentence_odds",
    *_SENTENCE_SAYS, "document", "is_function", "is_capital", "length", "is_first",
    *USAGE_COLUMNS, "repeated", "document_rank", "place",
)  # fmt: skip
"""What each word is judged by: the token head's log-odds of it, of its neighbours and of its
sentence; how much oftener machines than people put it, or it beside its neighbours, in training;
what its sentence and its document say; how often people write it, there and anywhere; how often
the document has it, how it ranks there, and where in its sentence it stands. A model may have been
fitted on the first of these columns alone.

What the document says stands here once: its evidence in more detail taught the model which corpora
machines had been at, and people's articles elsewhere showed more spans for it (measured)."""

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
            if not own.any():
                tables.append(np.zeros(len(own), dtype=np.int8))
                continue
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


#: The spinner's judge is never unheard, with a share of .3 at least: it knows odd words, which a
#: bad translation has too (round trips on development articles, all spans: F1 .419 to .423).
_LEAST_LEAN = -0.85


@dataclass(frozen=True, slots=True)
class WordModel:
    """`WORD_COLUMNS` and the word's embedding → log-odds of being a trace, and what is shown.

    A translation's traces are other words than a spinner's, and who learns both together shows
    fewer of each. So the network answers twice, and what the document's evidence says of its kind
    weighs the answers (Jacobs et al. 1991, "Adaptive mixtures of local experts").

    Attributes:
        network: over the columns and after them the embedding, or over the columns alone. One
            answer a word, or two: that it is a translation's trace, that it is a spinner's.
        levels: log-odds from which a word is shown, by setting: "few", "many" and "all".
        lean: (SUMMARY_COLUMNS + 1,), weights and at last constant of the log-odds that a machine's
            document was spun, if the network has two answers.
    """

    network: Network
    levels: Mapping[str, float]
    lean: Floats | None = None

    def score(
        self,
        columns: npt.NDArray[Any],
        embeddings: npt.NDArray[Any],
        summary: npt.NDArray[Any],
    ) -> Floats:
        """Log-odds (words,) of words.

        Args:
            columns: (words, WORD_COLUMNS).
            embeddings: (words, width) of the words in their places.
            summary: (SUMMARY_COLUMNS,) of their document, or of each word's document (words, ...).
        """
        wanted = len(self.network.center)
        if wanted <= columns.shape[1]:
            rows = columns[:, :wanted]
        else:
            rows = np.hstack([columns.astype(np.float32), embeddings])
        answers = np.asarray(self.network(rows), dtype=np.float64)
        if self.lean is None:
            return answers[:, 0]
        lean = summary[..., : len(SUMMARY_COLUMNS)].astype(np.float64) @ self.lean[:-1]
        lean = np.maximum(lean + self.lean[-1], _LEAST_LEAN)
        return _mix_log_odds(answers[:, 0], answers[:, 1], lean)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        levels = {f"level_{n}": np.array([v]) for n, v in sorted(self.levels.items())}
        lean = {} if self.lean is None else {"word_lean": self.lean}
        return self.network.to_arrays("word") | levels | lean

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> WordModel:
        """What `to_arrays` gave."""
        levels = {k[6:]: float(v[0]) for k, v in arrays.items() if k.startswith("level_")}
        return cls(Network.from_arrays(arrays, "word"), levels, arrays.get("word_lean"))


def _mix_log_odds(first: Floats, second: Floats, lean: Floats) -> Floats:
    """Log-odds of a mixture of two chances, the second weighed by the chance of `lean`."""

    def log_chance(odds: Floats) -> Floats:
        return np.asarray(-np.logaddexp(0.0, -odds))

    one, other = log_chance(-lean), log_chance(lean)
    yes = np.logaddexp(one + log_chance(first), other + log_chance(second))
    no = np.logaddexp(one + log_chance(-first), other + log_chance(-second))
    return np.asarray(yes - no)


class ArtifactFinder:
    """Finds the spans of a text that gave it away.

    Args:
        memory: what machines put oftener than people.
        model: judges the words.
        usage: how often people write what.
    """

    def __init__(
        self, memory: WordMemory, model: WordModel, usage: PeopleUsage | None = None
    ) -> None:
        self.memory = memory
        self.model = model
        self.usage = PeopleUsage.nothing() if usage is None else usage

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> ArtifactFinder | None:
        """The finder that a model folder holds; None where it holds none.

        Folders written before people's usage was counted have a model of fewer columns, which
        goes without.
        """
        if _ARRAYS not in bundle.manifest.files:
            return None
        arrays = bundle.read_arrays(_ARRAYS)
        memory = WordMemory(
            arrays["memory_words"].astype(np.int8, copy=False),
            arrays["memory_pairs"].astype(np.int8, copy=False),
            bundle.read_json(_SUGGESTIONS),
        )
        usage = None
        if "usage_table" in arrays:
            usage = PeopleUsage(
                arrays["usage_table"].astype(np.uint16, copy=False), float(arrays["usage_words"][0])
            )
        return cls(memory, WordModel.from_arrays(arrays), usage)

    def to_parts(self) -> dict[str, Any]:
        """Parts of a model folder, for `detector.bundle.write_bundle`."""
        tables = {
            "memory_words": self.memory.words,
            "memory_pairs": self.memory.pairs,
            "usage_table": self.usage.table,
            "usage_words": np.array([self.usage.words]),
        }
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
        judged = self.score_words(evidence, log_odds)
        for index, scores in zip(evidence.judged, judged, strict=True):
            sentence, view = evidence.sentences[index], evidence.views[index]
            certain = list(find_renderings(sentence.text, view.words, view.places))
            for start, end, _, _ in certain:
                for i, (first, last) in enumerate(view.places):
                    if first < end and start < last:
                        scores[i] = np.nan
            spans = list(join_words(scores, least))
            if not spans and not certain:
                continue
            words = [view.words[first:last] for first, last in spans]
            within = [(view.places[a][0], view.places[b - 1][1]) for a, b in spans]
            within += [(start, end) for start, end, _, _ in certain]
            kinds = [(name_kind(w), self._suggest(w)) for w in words]
            kinds += [(kind, suggestion) for _, _, kind, suggestion in certain]
            highest = [float(np.nanmax(scores[a:b])) for a, b in spans]
            highest += [_CERTAIN_SCORE] * len(certain)
            for (start, end), (kind, suggestion), score in zip(
                place_words(text, sentence, within), kinds, highest, strict=True
            ):
                found.append(
                    Artifact(start, end, text[start:end], kind, round(score, 4), suggestion)
                )
        return tuple(sorted(found, key=lambda artifact: artifact.start))

    def score_words(self, evidence: DocumentEvidence, log_odds: float) -> list[Floats]:
        """Log-odds (words,) of the words of each judged sentence; NaN for what is never shown."""
        if not evidence.judged:
            return []
        columns = measure_words(self.memory, self.usage, evidence, log_odds)
        embeddings = np.concatenate(evidence.word_embeddings)
        words = [word for index in evidence.judged for word in evidence.views[index].words]
        shown = np.array([may_show(word) for word in words])
        every = np.full(len(words), np.nan)
        every[shown] = self.model.score(columns[shown], embeddings[shown], evidence.summary)
        for i, word in enumerate(words):
            if shown[i] and word in _FOREIGN_WORDS:
                every[i] = max(every[i], _CERTAIN_SCORE)
        sizes = [len(evidence.views[index].words) for index in evidence.judged]
        return np.split(every, np.cumsum(sizes)[:-1])

    def _suggest(self, words: Sequence[str]) -> str | None:
        return self.memory.suggestions.get(" ".join(words).lower())


_CERTAIN_SCORE = 4.0


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
    memory: WordMemory, usage: PeopleUsage, evidence: DocumentEvidence, log_odds: float
) -> Floats:
    """`WORD_COLUMNS` (words, columns) of all words of a document's judged sentences.

    Args:
        memory: see `WordMemory`.
        usage: see `PeopleUsage`.
        evidence: of the document, which has a judged sentence.
        log_odds: of the document.
    """
    views = [evidence.views[index] for index in evidence.judged]
    words = [[word.lower() for word in view.words] for view in views]
    token = np.nan_to_num(np.concatenate(evidence.word_scores)).astype(np.float64)
    of = _Sentences(np.array([len(view.words) for view in views]))
    return np.column_stack(
        [
            *_measure_token(token, of),
            *_measure_memory(memory, words, of),
            *_spread_evidence(evidence, of),
            np.full(len(token), log_odds),
            *_measure_forms(views, of),
            usage.measure(words),
            *_measure_document(words, token, of),
        ]
    )


class _Sentences:
    """Which sentence each of a document's words is in, and where.

    Args:
        sizes: (sentences,), words of each.
    """

    def __init__(self, sizes: npt.NDArray[np.int64]) -> None:
        self.sizes = sizes
        self.rows = np.repeat(np.arange(len(sizes)), sizes)
        starts = np.cumsum(sizes) - sizes
        self.at = np.arange(len(self.rows)) - starts[self.rows]
        self.last = np.maximum(1, sizes - 1)[self.rows]

    def average(self, values: Floats) -> Floats:
        """For each word, the mean of its sentence."""
        return np.asarray((np.bincount(self.rows, values) / self.sizes)[self.rows])

    def rank(self, values: Floats) -> npt.NDArray[np.int64]:
        """For each word, how many of its sentence stand lower."""
        ranks = np.empty(len(values), dtype=np.int64)
        ranks[np.lexsort((values, self.rows))] = self.at
        return ranks

    def before(self, values: Floats) -> Floats:
        """For each word, the value of the one before it; 0 for a sentence's first."""
        return np.where(self.at > 0, np.roll(values, 1), 0.0)

    def after(self, values: Floats) -> Floats:
        """For each word, the value of the one behind it; 0 for a sentence's last."""
        return np.where(self.at + 1 < self.sizes[self.rows], np.roll(values, -1), 0.0)


def _measure_token(token: Floats, of: _Sentences) -> list[Floats]:
    rank = of.rank(token)
    highest = np.maximum(1, of.sizes // 8)
    is_top = rank >= (of.sizes - highest)[of.rows]
    top = np.bincount(of.rows, token * is_top, minlength=len(of.sizes)) / highest
    return [
        token, of.before(token), of.after(token), rank / of.last, of.average(token), top[of.rows],
    ]  # fmt: skip


def _measure_memory(
    memory: WordMemory, words: Sequence[Sequence[str]], of: _Sentences
) -> list[Floats]:
    odds = np.array([memory.find_word(word) for sentence in words for word in sentence])
    pairs = [[memory.find_pair(a, b) for a, b in _list_neighbours(sentence)] for sentence in words]
    left = np.array([odd for sentence in pairs for odd in sentence[:-1]])
    right = np.array([odd for sentence in pairs for odd in sentence[1:]])
    return [odds, left, right, of.before(odds), of.after(odds), of.average(odds)]


def _spread_evidence(evidence: DocumentEvidence, of: _Sentences) -> list[Floats]:
    places = [EVIDENCE_COLUMNS.index(name) for name in _SENTENCE_SAYS]
    return [evidence.matrix[of.rows, place].astype(np.float64) for place in places]


def _measure_forms(views: Sequence[View], of: _Sentences) -> list[Floats]:
    words = [word for view in views for word in view.words]
    return [
        np.array([word.lower() in _FUNCTION_WORDS for word in words], dtype=np.float64),
        np.array([word[0].isupper() for word in words], dtype=np.float64),
        np.array([min(len(word), 14) for word in words], dtype=np.float64),
        (of.at == 0).astype(np.float64),
    ]


def _measure_document(
    words: Sequence[Sequence[str]], token: Floats, of: _Sentences
) -> list[Floats]:
    """How often the document has each word, and how the word's score ranks in it."""
    counts = Counter(word for sentence in words for word in sentence)
    repeated = np.log([counts[word] for sentence in words for word in sentence])
    rank = np.argsort(np.argsort(token, kind="stable"), kind="stable") / max(1, len(token) - 1)
    return [repeated, rank, of.at / of.last]


def _list_neighbours(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word with the one before it, and the last with the end."""
    yield from zip(["^", *words], [*words, "$"], strict=True)


def join_words(scores: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Runs of words at or above `least`.

    A function word between two of them is not taken along: it was rarely the machine's (measured on
    development articles: of what is shown of spun text .77 is right without, .73 with it).
    """
    at = 0
    count = len(scores)
    while at < count:
        if not scores[at] >= least:
            at += 1
            continue
        end = at + 1
        while end < count and scores[end] >= least:
            end += 1
        yield at, end
        at = end

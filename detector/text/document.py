"""A document: a text that is read once, at the door, with all that is cut from it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.text.intake.passages import set_foreign_apart
from detector.text.intake.plain_reading import read_plainly
from detector.text.language import ENGLISH, UNKNOWN, guess_language
from detector.text.masking import MaskedSentence, mask_sentence
from detector.text.normalization import Normalized, normalize
from detector.text.sentences import Sentence, split_normalized

#: A longer text is read in part: some 35,000 words, more than any article has.
MAXIMUM_CHARACTERS = 200_000

#: A sentence under so many words is read but not judged.
MINIMUM_SENTENCE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A text with all that is cut from it; nothing that takes a document cuts its text again.

    Attributes:
        text: as the caller gave it.
        normalized: the normalised text, with offsets in `text`; empty unless it is English.
        sentences: sentences, headlines and boilerplate of the normalised text, in order.
        masked_sentences: each of `sentences` without what its outlet or its topic chose.
        language: code of the language, such as "en"; "unknown" where it cannot be told, None
            where there is no text.
        notes: what was odd about the text, each as "code: explanation".
    """

    text: str
    normalized: Normalized
    sentences: tuple[Sentence, ...]
    masked_sentences: tuple[MaskedSentence, ...]
    language: str | None
    notes: tuple[str, ...] = ()

    @classmethod
    def make(cls, text: str, common_words: Container[str], language: str | None = None) -> Document:
        """Normalise, cut and mask a text, if it is English.

        Args:
            text: an article as plain text; what lies beyond `MAXIMUM_CHARACTERS` is not read.
            common_words: words (in lower case) that are usually written small, see
                `detector.text.masking.mask_sentence`.
            language: what the caller knows the text to be in; guessed unless told.
        """
        readable = read_plainly(text[:MAXIMUM_CHARACTERS])
        if language is None and text.strip():
            language = UNKNOWN if readable.is_binary else guess_language(readable.text.text)
        normalized = readable.text if language == ENGLISH else normalize("")
        sentences, passages = set_foreign_apart(split_normalized(normalized))
        masked = tuple(mask_sentence(sentence.text, common_words) for sentence in sentences)
        notes = (*_note_cut(text), *readable.notes, *passages, *_note_repeats(sentences, masked))
        return cls(text, normalized, sentences, masked, language, notes)

    def place(self, sentence: int, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Offsets in the caller's text of spans within a sentence.

        Args:
            sentence: its index in `sentences`.
            spans: ``(start, end)`` in the sentence's text, none of them empty, such as
                `MaskedSentence.places`.
        """
        places = np.array(list(spans), np.int64).reshape(-1, 2)
        starts, ends = self.locate(places + self.sentences[sentence].normalized_start)
        return list(zip(starts.tolist(), ends.tolist(), strict=True))

    def locate(
        self, spans: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Starts and ends (n,) in the caller's text of spans (n, 2) of the normalised text."""
        return self.normalized.starts[spans[:, 0]], self.normalized.ends[spans[:, 1] - 1]


def find_other_language(text: str) -> str | None:
    """Code of the language that a text is in; None of English, and where there is no text."""
    if guess_language(text) == ENGLISH:
        return None
    # Markup and menus may have hidden that it is English; to take them off takes longer.
    language = Document.make(text, ()).language
    return None if language == ENGLISH else language


def is_judged(sentence: Sentence, masked: MaskedSentence) -> bool:
    """Whether a sentence is judged where it comes for the first time."""
    return sentence.is_of_article and masked.word_count >= MINIMUM_SENTENCE_WORDS


def _note_repeats(
    sentences: Iterable[Sentence], masked_sentences: Iterable[MaskedSentence]
) -> tuple[str, ...]:
    """A note on judged sentences that come again, as `find_judged` finds them."""
    pairs = zip(sentences, masked_sentences, strict=True)
    texts = [sentence.text for sentence, masked in pairs if is_judged(sentence, masked)]
    repeats = len(texts) - len(set(texts))
    return (f"repeated sentences: {repeats:,} not counted again",) if repeats else ()


def _note_cut(text: str) -> tuple[str, ...]:
    if len(text) <= MAXIMUM_CHARACTERS:
        return ()
    return (f"read in part: {MAXIMUM_CHARACTERS:,} of {len(text):,} characters",)

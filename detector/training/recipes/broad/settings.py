"""How much of what the encoder is tuned on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Shares of the sentences by group; both sides of a pair count.
_GROUPS = {"sentences": 0.45, "documents": 0.40, "human": 0.15}

#: Shares of a group's pairs by corpus.
_PAIRS: Mapping[str, Mapping[str, float]] = {
    "sentences": {
        "roundtrip_news": 0.27,
        "roundtrip_flores": 0.06,
        "translated_news": 0.33,
        "error_spans_zh_en": 0.06,
        "spinners": 0.28,
    },
    "documents": {
        "asap_essays": 0.31,
        "lafand_news": 0.18,
        "broken_telephone": 0.10,
        "detectrl": 0.06,
        "ted_talks": 0.06,
        "translated_documents": 0.20,
        "paraphrased_documents": 0.06,
        "language_model_articles": 0.03,
    },
}

#: Shares of the unpaired human sentences by register.
_REGISTERS = {
    "news and opinion": 0.30,
    "Indian English news": 0.12,
    "broadcaster, rural and science": 0.09,
    "news pages": 0.08,
    "blogs and news pages": 0.08,
    "non-native school essays": 0.09,
    "professional translators": 0.07,
    "abstracts": 0.05,
    "celebrity press": 0.04,
    "government blog": 0.04,
    "news": 0.04,
}


@dataclass(frozen=True)
class BroadMix:
    """What the encoder is tuned on where it is tuned broadly.

    Attributes:
        sentences: of a draw, both sides of a pair counted; fewer where the corpora have no more.
        draws: how many times is drawn, a pass of the tuning over each. Another draw has other
            versions and sentences of the same texts: a second pass over the same sentences learns
            them by heart.
        versions: how many machine versions of one original sentence, by corpus of sentences.
        sentences_per_text: pairs of one machine document, at most, by corpus of documents.
        sentences_per_article: unpaired sentences of one human article, at most.
        validation_pairs: of a validation set, at most.
        permissive: leave out corpora whose licence is restricted or not stated, see
            `detector.training.corpora.broad.licences`.
    """

    sentences: int = 1_500_000
    draws: int = 2
    versions: Mapping[str, int] = field(
        default_factory=lambda: {
            "roundtrip_news": 6,
            "roundtrip_flores": 8,
            "translated_news": 4,
            "error_spans_zh_en": 4,
        }
    )
    sentences_per_text: Mapping[str, int] = field(
        default_factory=lambda: {
            "asap_essays": 4,
            "lafand_news": 5,
            "broken_telephone": 6,
            "detectrl": 8,
            "ted_talks": 6,
            "translated_documents": 4,
            "paraphrased_documents": 6,
            "language_model_articles": 16,
        }
    )
    sentences_per_article: int = 10
    validation_pairs: int = 200
    permissive: bool = False

    def count_pairs(self, corpus: str) -> int:
        """How many pairs of a corpus (or of ``spinners``) are wanted."""
        for group, shares in _PAIRS.items():
            if corpus in shares:
                return round(self.sentences * _GROUPS[group] / 2 * shares[corpus])
        return 0

    def count_human_sentences(self, register: str) -> int:
        """How many unpaired sentences of a register are wanted."""
        return round(self.sentences * _GROUPS["human"] * _REGISTERS.get(register, 0.0))

"""Articles sent through another language and back, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detector.text.sentences import split_sentences


def rewrite_sentences(
    texts: Sequence[str], translate: Callable[[list[str]], list[str]]
) -> list[str]:
    """Articles with their sentences and headlines translated, each in its place.

    Args:
        texts: articles; their line breaks stay, and so does what a web page puts around one.
        translate: gives as many sentences as it takes, in their order. It is called once, with
            the sentences of all articles: an engine takes longer to start than to translate one.
    """
    sentences = [[s for s in split_sentences(text) if s.is_of_article] for text in texts]
    translations = iter(translate([s.text for of_text in sentences for s in of_text]))
    rewritten = []
    for text, of_text in zip(texts, sentences, strict=True):
        parts, at = [], 0
        for sentence in of_text:
            parts += [text[at : sentence.start], next(translations)]
            at = sentence.end
        rewritten.append("".join([*parts, text[at:]]))
    return rewritten

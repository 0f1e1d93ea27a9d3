"""Articles come back from a round trip in their layout, their sentences in order."""

from __future__ import annotations

from detector.training.generation.round_trips import rewrite_sentences


class Engine:
    """Numbers the sentences that it is given, and remembers how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def translate(self, sentences: list[str]) -> list[str]:
        self.calls += 1
        return [f"<{i} {sentence.upper()}>" for i, sentence in enumerate(sentences)]


def test_each_sentence_is_rewritten_in_its_place_by_one_call() -> None:
    articles = ["The harbour opens\n\n  The quay is dry. The boats left.\n", "", "It rained."]
    engine = Engine()
    assert rewrite_sentences(articles, engine.translate) == [
        "<0 THE HARBOUR OPENS>\n\n  <1 THE QUAY IS DRY.> <2 THE BOATS LEFT.>\n",
        "",
        "<3 IT RAINED.>",
    ]
    assert engine.calls == 1


def test_what_a_page_puts_around_an_article_stays() -> None:
    article = "Share this article\nThe quay is dry."
    assert rewrite_sentences([article], Engine().translate) == [
        "Share this article\n<0 THE QUAY IS DRY.>"
    ]


def test_no_articles_and_no_sentences_are_fine() -> None:
    assert rewrite_sentences([], Engine().translate) == []
    assert rewrite_sentences(["", " \n"], Engine().translate) == ["", " \n"]


def test_an_engine_gets_a_sentence_on_one_line() -> None:
    article = "Two lines that\nare one sentence. It rained."
    assert rewrite_sentences([article], Engine().translate) == [
        "<0 TWO LINES THAT ARE ONE SENTENCE.> <1 IT RAINED.>"
    ]

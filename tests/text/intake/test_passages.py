"""What is not English, or asks for consent, has no say in an English text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.features.extractor import find_judged
from detector.text.document import Document
from detector.text.intake.passages import _bridge

EXAMPLES = Path(__file__).parents[3] / "data/example_articles"
ARTICLE = (EXAMPLES / "original.txt").read_text(encoding="utf-8")
FOREIGN = {
    "French": "Les habitants de la rue ont appris mardi que la vieille boulangerie du coin ne "
    "serait finalement pas démolie. La mairie avait prévu de raser le terrain. Oui, déjà ! "
    "Deux groupes ont demandé des renseignements.",
    "German": "Der Hafen wurde am Montag wieder geöffnet, eine Woche nachdem ihn der Sturm "
    "geschlossen hatte. Die Fischer hatten tagelang im kleinen Café am Pier gewartet.",
    "Spanish": "El puerto volvió a abrir el lunes por la mañana, una semana después de que "
    "lo cerrara la peor tormenta de la década. Los pescadores habían esperado durante días.",
    "Russian": "Порт снова открылся в понедельник утром, через неделю после самого сильного шторма"
    ". Рыбаки несколько дней ждали в маленьком кафе у причала.",
}
CONSENT = (
    "We and our 312 partners store and access information on your device, such as cookies. "
    "With your consent we may process personal data for personalised ads and content. "
    "You can withdraw your consent or change your preferences at any time by clicking below. "
    "These cookies are needed for the website to function.\n\n"
)


def judge(text: str) -> list[str]:
    document = Document.make(text, ())
    return [document.sentences[index].text for index in find_judged(document)]


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("gap", ["\n\n", "\n", " "])
def test_a_foreign_passage_is_left_out(language: str, gap: str) -> None:
    for text in (f"{ARTICLE.strip()}{gap}{FOREIGN[language]}", f"{FOREIGN[language]}\n\n{ARTICLE}"):
        document = Document.make(text, ())
        assert document.language == "en"
        (note,) = document.notes
        assert note.startswith("foreign passages: ")
        assert note.endswith(f"left out, {language}")
        judged = " ".join(judge(text))
        assert judged.startswith(judge(ARTICLE)[0])
        assert not any(word in judged for word in ("finalement", "Fischer", "pescadores", "Порт"))


@pytest.mark.parametrize(
    "text",
    [
        "“Der Hafen bleibt zu”, said Jürgen Müller of Lübeck, who runs the ferry to the island.",
        "Munich, Wolfsburg, Real Madrid, Bayern, Atlético, Olympique Lyonnais, Internazionale win.",
        "Ferry stops: harbour master blames cracks, islanders furious, council silent.",
    ],
)
def test_names_and_quotations_are_no_passage(text: str) -> None:
    assert Document.make(f"{ARTICLE}\n\n{text}", ()).notes == ()


@pytest.mark.parametrize(
    ("suspicions", "expected"),
    [
        ("", ""),
        ("?", "-"),
        ("+?", "++"),
        ("?+", "-+"),
        ("-?", "--"),
        ("+?+", "+++"),
        ("+?-", "+--"),
        ("-?+", "--+"),
        ("+???+?-??", "+++++----"),
        ("-??+??+??", "---++++++"),
        ("??-+??", "---+++"),
    ],
)
def test_a_short_sentence_goes_with_both_its_neighbours(suspicions: str, expected: str) -> None:
    known = {"+": True, "-": False, "?": None}
    assert _bridge([known[mark] for mark in suspicions]) == [known[mark] for mark in expected]


class CountedList(list[bool | None]):
    """A list that counts the items it hands out."""

    handed_out = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        self.handed_out += len(found) if isinstance(key, slice) else 1
        return found

    def __iter__(self) -> Iterator[bool | None]:
        return (self[index] for index in range(len(self)))

    def __reversed__(self) -> Iterator[bool | None]:
        return (self[index] for index in reversed(range(len(self))))


def test_short_sentences_are_not_looked_through_again_for_each() -> None:
    suspicions = CountedList([None] * 1000)
    assert _bridge(suspicions) == [False] * 1000
    assert suspicions.handed_out <= 3000


LONG_CONSENT = (
    "Your privacy matters to us\n\n" + CONSENT + "We ask once a year.\n\n"
    "You may refuse cookies in your browser, and our site may then fail to store your choices. "
    "Statistics cookies\n\nThey tell us how visitors find the site.\n\n"
)


@pytest.mark.parametrize("consent", [CONSENT, LONG_CONSENT])
def test_a_text_that_asks_for_consent_has_no_say(consent: str) -> None:
    assert judge(consent + ARTICLE) == judge(ARTICLE)


@pytest.mark.parametrize(
    "sentence",
    [
        "The regulator said that the company had stored personal data without consent.",
        "He told the court that your data belongs to you, whatever the website says.",
        "Google's advertising slurps up browsing data to show you ads that you may click on.",
    ],
)
def test_an_article_on_privacy_has_its_say(sentence: str) -> None:
    assert judge(sentence) == [sentence]

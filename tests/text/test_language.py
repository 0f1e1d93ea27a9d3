"""English is told from other languages, whatever else a text holds."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.text.language import UNKNOWN, guess_language

ENGLISH = "The council says it will pay for repairs to the sea wall before the summer begins."
PARAGRAPHS = {
    "de": "Der Hafen wurde am Montag wieder geöffnet, eine Woche nachdem ihn der Sturm geschlossen "
    "hatte. Die Fischer hatten tagelang im kleinen Café am Pier gewartet.",
    "ru": "Порт снова открылся в понедельник утром, через неделю после самого сильного шторма за "
    "десять лет. Рыбаки несколько дней ждали в маленьком кафе у причала.",
    "zh": "港口在星期一早上重新开放，距离十年来最严重的风暴将其关闭已经过去了一个星期。"
    "渔民们在码头旁边的小咖啡馆里等了好几天。",
    "es": "El puerto volvió a abrir el lunes por la mañana, una semana después de que lo cerrara "
    "la peor tormenta de la década. Los pescadores habían esperado durante días.",
    "ar": "أعيد فتح الميناء صباح يوم الاثنين بعد أسبوع من إغلاقه بسبب أسوأ عاصفة منذ عقد من الزمن.",
}


@pytest.mark.parametrize("code", sorted(PARAGRAPHS))
def test_other_languages_are_named(code: str) -> None:
    assert guess_language(PARAGRAPHS[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        ENGLISH.upper(),
        f"{ENGLISH} “Der Hafen bleibt geschlossen”, said Jürgen Müller of Lübeck. {ENGLISH}",
        f"{ENGLISH} 1,204 3,441 88.2 {ENGLISH}",
        "<p>" + ENGLISH + "</p>",
        # All behind it would be a tag.
        "< Back to all news\n\n" + ENGLISH,
        "<script> " + ENGLISH,
        "<!-- " + ENGLISH,
        "\x00\x01\ud800\ufffe" + ENGLISH,
        ENGLISH.replace("'", "\ufffd").replace("i", "\ufffd", 2),
    ],
)
def test_english_is_english(text: str) -> None:
    assert guess_language(text) == "en"


@pytest.mark.parametrize("text", ["", "   ", "1204 3441 88.2 7 7 7", "!!! ??? ---", "\x00" * 50])
def test_nothing_to_go_by_is_unknown(text: str) -> None:
    assert guess_language(text) == UNKNOWN


@pytest.mark.parametrize("text", ["hi", "OK", "nan", " OK\n"])
def test_a_word_or_two_are_taken_for_english(text: str) -> None:
    assert guess_language(text) == "en"


def test_binary_is_unknown() -> None:
    noise = random.Random(5).randbytes(20_000)
    assert guess_language(noise.decode("latin-1")) == UNKNOWN
    assert guess_language(noise.decode("utf-8", "replace")) == UNKNOWN
    assert guess_language(ENGLISH.encode("utf-16").decode("latin-1")) == UNKNOWN


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert guess_language(ENGLISH * 300 + PARAGRAPHS["ru"] * 3000) == "en"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=300))
def test_any_string_is_answered(text: str) -> None:
    assert isinstance(guess_language(text), str)


def test_every_character_is_answered() -> None:
    # pycld2 refuses what it takes for broken text: no character may make it raise.
    for start in range(0, 0x110000, 4096):
        guess_language("".join(map(chr, range(start, start + 4096))))

"""Texts are cut up as the golden cases say, and no letter loses its place."""

import importlib
import multiprocessing
import re
from typing import Any

import pytest
from any_text import ANY_TEXT, check_often
from golden.cases import list_faults, load_cases
from hypothesis import example, given
from hypothesis import strategies as st

from detector.text.boilerplate import find_teasers, is_consent
from detector.text.normalization import normalize_text
from detector.text.sentences import split_sentences
from detector.text.words import split_words

CASES = load_cases("sentences")


def letters_of(text: str) -> str:
    return "".join(re.findall(r"[^\W_]", text))


def cut(text: str) -> list[list[str]]:
    return [[sentence.kind, sentence.text] for sentence in split_sentences(text)]


def check_letters(text: str) -> None:
    """Check that the offsets of each sentence lead to its letters."""
    for sentence in split_sentences(text):
        found = normalize_text(text[sentence.start : sentence.end])
        assert letters_of(found) == letters_of(sentence.text)


def test_golden_texts_are_cut_up() -> None:
    assert list_faults("sentences", cut) == []


def test_offsets_of_golden_sentences_lead_to_their_letters() -> None:
    for case in CASES:
        check_letters(case["text"])


@given(ANY_TEXT)
@example("\n- % Ω")
@check_often
def test_sentences_are_ordered_and_lose_no_letter(text: str) -> None:
    sentences = split_sentences(text)
    at = 0
    for sentence in sentences:
        assert at <= sentence.start < sentence.end <= len(text)
        at = sentence.end
        assert "\n" not in sentence.text
        assert sentence.text == sentence.text.strip()
    assert letters_of("".join(s.text for s in sentences)) == letters_of(normalize_text(text))
    check_letters(text)


# Whether small letters start sentences is told by the whole text, what stands between two pieces of
# a consent text is of it, and headlines below an article are others'.
BY_THEMSELVES = [
    case
    for case in CASES
    if "small letters throughout" not in case["name"]
    and not any(is_consent(piece) for _, piece in case["expected"])
]


@given(st.lists(st.sampled_from(BY_THEMSELVES), max_size=6))
@check_often
def test_paragraphs_are_cut_one_by_one(cases: list[dict[str, Any]]) -> None:
    text = "\n\n".join(case["text"] for case in cases)
    expected = [piece for case in cases for piece in case["expected"]]
    teasers = set(find_teasers([(kind, piece) for kind, piece in expected]))
    for place in teasers:
        expected[place] = ["boilerplate", expected[place][1]]
    assert cut(text) == expected


TEASERS = [
    "Five killed in motorway pile-up",
    "Ten beaches to visit this summer",
    "Why the old mill was sold",
]
STORY = [
    f"The {thing} was closed on Monday, and nobody knows for how long."
    for thing in ("ferry", "mill", "school", "bridge", "bakery")
]


@pytest.mark.parametrize(
    ("lines", "are_teasers"),
    [
        ([*STORY, *TEASERS], True),
        ([*STORY, *TEASERS, "Share this article"], True),
        ([*STORY, "Most read", *TEASERS, "It is to open again."], True),
        ([*STORY, "You may also like", *TEASERS, "It is to open again."], True),
        # in an article, above it, below its head, two of them, and where there is hardly an article
        ([*STORY, "Advertisement", *TEASERS, "It is to open again."], False),
        (["Home", *TEASERS, *STORY], False),
        (
            [
                *STORY,
                *(
                    f"{line}, as was told to those who came to the town hall on Monday evening to "
                    "hear of it"
                    for line in TEASERS
                ),
            ],
            False,
        ),
        ([*STORY[:4], *TEASERS, STORY[4]], False),
        ([*TEASERS, *STORY], False),
        ([*STORY, *TEASERS[:2]], False),
        ([*STORY[:4], *TEASERS], False),
        ([*STORY, *(f"{n} {line}" for n in range(3) for line in TEASERS)], False),
    ],
)
def test_headlines_of_other_articles_below_one_are_boilerplate(
    lines: list[str], are_teasers: bool
) -> None:
    kinds = {kind for kind, piece in cut("\n\n".join(lines)) if any(t in piece for t in TEASERS)}
    assert kinds == {"boilerplate" if are_teasers else "headline"}


@pytest.mark.parametrize(
    "line",
    [
        "Do you have a tip for beginners? Start small.",
        "Have a story like this one? Then you know.",
    ],
)
def test_who_asks_another_is(line: str) -> None:
    assert {kind for kind, _ in cut(f"{STORY[0]}\n\n{line}")} == {"sentence"}


@pytest.mark.parametrize("line", ["Got a tip? Write to us.", "Do you have a story for us?"])
def test_who_asks_for_a_tip_is_no_part_of_an_article(line: str) -> None:
    assert cut(f"{STORY[0]}\n\n{line}")[1:] == [["boilerplate", piece] for piece in [line]]


def test_offsets_of_sentences_in_a_scraped_article() -> None:
    text = (
        "Council shuts pool\r\n\r\n“We had no choice,” Velik&#39;s aide said."
        "The pool—built in 1931 —is shut .\r\n\r\nLeave a Comment"
    )
    found = [(s.kind, text[s.start : s.end]) for s in split_sentences(text)]
    assert found == [
        ("headline", "Council shuts pool"),
        ("sentence", "“We had no choice,” Velik&#39;s aide said."),
        ("sentence", "The pool—built in 1931 —is shut ."),
        ("boilerplate", "Leave a Comment"),
    ]


@pytest.mark.parametrize("word", ["However", "First", "Finally", "Unfortunately"])
def test_a_sentence_ends_though_the_next_one_touches_it(word: str) -> None:
    text = f"The tribunal erred in two respects.{word}, it did not hear the ferryman."
    assert len(cut(text)) == 2
    assert len(cut("The station Radio.Nord, which she ran, closed.")) == 1


def test_a_long_line_is_no_boilerplate() -> None:
    sentence = "Photo: " + "and then the council met again " * 20
    assert [s.kind for s in split_sentences(sentence)] == ["headline"]


@pytest.mark.parametrize("line", ["Close", "close", "CLOSE", "  Close…", "» Close", "Close!"])
def test_boilerplate_is_known_in_any_case_and_trim(line: str) -> None:
    assert [s.kind for s in split_sentences(line)] == ["boilerplate"]


_LENGTH = 100_000
HOSTILE_UNITS = [
    *("a.", "a-", "a'", "a1", "1,", "_", "&", "&amp", "amp;", "&#38;#38;", ".", ". ", "!?", ",,"),
    *("...x", '."', '" ', "“", "“ ", "( ", "-", "- ", "—", "— ", "\u200b", "\u200b ", "\x00 "),
    *("e\u0301", "\n", "\n ", " \r\n", "x\nY", "1. A ", "x A. The ", "Ab c. ", "abc.De f", "p.m. "),
    *("(ap ", "By Ab ", "Share ", "A B C. D ", "“Go!” Ab said. ", "Ж. ", "م", "🎉", "word "),
]
HOSTILE_TEXTS = [
    *("x" + (unit * _LENGTH)[:_LENGTH] + "a" for unit in HOSTILE_UNITS),
    *("x" + (unit * 400)[:390] + "\n" for unit in HOSTILE_UNITS),
    *(unit * 1_000_000 for unit in ("a", " ", "vote")),
    ("the council voted and " * 4 + "\n") * 1_000,
]


_CPU_SECONDS = 60  # a tenth is enough; a pattern that backtracks takes minutes, or for ever


def _cut_up(texts: list[str], done: Any) -> None:
    resource = importlib.import_module("resource")
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    for text in texts:
        split_sentences(text)
        split_words(text)
        done.value += 1


@pytest.mark.slow
def test_no_text_makes_a_pattern_backtrack_for_ever() -> None:
    pytest.importorskip("resource", reason="only POSIX can bound the CPU time of a process")
    context = multiprocessing.get_context("spawn")
    done = context.Value("i", 0)
    process = context.Process(target=_cut_up, args=(HOSTILE_TEXTS, done))
    process.start()
    process.join()
    stuck_at = HOSTILE_TEXTS[done.value][:20] if done.value < len(HOSTILE_TEXTS) else ""
    assert process.exitcode == 0, f"stopped at {stuck_at!r}..."
    assert done.value == len(HOSTILE_TEXTS)

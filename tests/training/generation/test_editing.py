"""What people do to an article that they copy, rule by rule."""

import random

import pytest

from detector.training.generation import editing
from detector.training.generation.editing import Editor

ARTICLE = """\
The harbour board said on Monday that the ferry, which carries 900 people a day, will stop in May.
"We cannot afford another winter of repairs," board chairman Olaf Brand said.
Nearly 200 people had signed a petition against the cut, but the vote was unanimous.
The town has two bridges, and they are closed at night.
Mr. Brand did not say how much the board would save.
The U.S. firm that built the ferry said it was "ready to help" with a new engine.
Officials want to begin talks in June, and the island council is hoping for a deal.
About 40 percent of the island's children take the boat to school.
"""
SENTENCES = ARTICLE.strip().split("\n")


def test_the_same_seed_edits_alike() -> None:
    assert Editor(7).edit(ARTICLE) == Editor(7).edit(ARTICLE)
    assert Editor(7).edit(ARTICLE) != Editor(8).edit(ARTICLE)


def test_an_edit_says_which_rules_it_followed_and_changes_something() -> None:
    editor = Editor(1)
    for _ in range(30):
        edited, rules = editor.edit(ARTICLE)
        assert edited.strip()
        assert set(rules) <= set(editing._RULES)
        assert 2 <= len(rules) <= 6


def test_every_rule_gets_its_turn() -> None:
    editor = Editor(2)
    followed = {rule for _ in range(60) for rule in editor.edit(ARTICLE)[1]}
    assert followed == set(editing._RULES)


def test_cutting_only_leaves_out() -> None:
    for seed in range(20):
        kept = editing.cut(SENTENCES, random.Random(seed))
        assert set(kept) <= set(SENTENCES)
        assert kept == [s for s in SENTENCES if s in kept]


def test_moving_keeps_every_sentence() -> None:
    moved = editing.move(SENTENCES, random.Random(5))
    assert sorted(moved) == sorted(SENTENCES)
    assert moved != SENTENCES


def test_a_quotation_is_retold() -> None:
    retold = editing.retell_quotations(SENTENCES[1:2], random.Random(1))
    assert retold == [
        "Board chairman Olaf Brand said that they cannot afford another winter of repairs."
    ]


@pytest.mark.parametrize(
    ("rule", "sentence", "expected"),
    [
        (editing.contract, "Mr. Brand did not say.", {"Mr. Brand didn't say."}),
        (editing.shorten, SENTENCES[0], {
            "The harbour board said on Monday that the ferry will stop in May."
        }),
        (editing.respell, "The harbour wall has a new colour.", {
            "The harbor wall has a new color.", "The harbour wall has a new colour."
        }),
        (editing.join_and_split, SENTENCES[3], {
            "The town has two bridges.|They are closed at night."
        }),
    ],
)  # fmt: skip
def test_a_rule_gives_what_an_editor_would(
    rule: editing.Rule, sentence: str, expected: set[str]
) -> None:
    seen = {"|".join(rule([sentence], random.Random(seed))) for seed in range(40)}
    assert expected <= seen
    assert seen <= expected | {sentence}


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (["The bridge was closed.", "The council met."], {
            "The bridge was closed, and the council met.",
            "The bridge was closed, while the council met.",
            "The bridge was closed, as the council met.",
        }),
        (["The bridge was closed.", "But Olaf Brand walked."], {
            "The bridge was closed, but Olaf Brand walked."
        }),
        (["He came back from the U.S.", "In May he left."], {
            f"He came back from the U.S., {link} in May he left." for link in ("and", "while", "as")
        }),
        (["Prices rose by 3.5.", "The council met."], {
            f"Prices rose by 3.5, {link} the council met." for link in ("and", "while", "as")
        }),
        # a name stays as it is, and so does what ends with a quotation
        (["The bridge was closed.", "London is far."], set()),
        (['He said: "No."', "The council met."], set()),
    ],
)  # fmt: skip
def test_neighbours_are_joined_as_an_editor_joins_them(
    sentences: list[str], expected: set[str]
) -> None:
    edited = [editing.join_and_split(sentences, random.Random(seed)) for seed in range(80)]
    assert {one[0] for one in edited if len(one) == 1} == expected
    assert all(one == sentences for one in edited if len(one) > 1)


def test_an_opening_is_turned_round_only_where_its_head_is_no_name() -> None:
    def rewrite(sentence: str) -> set[str]:
        return {editing.rewrite_opening([sentence], random.Random(s))[0] for s in range(40)}

    turned = rewrite("The ferry stopped in May, nobody was hurt.")
    assert any(one.startswith("Nobody was hurt, the ferry") for one in turned)
    kept = rewrite("London stopped in May, nobody was hurt.")
    assert not any("london" in one or one.startswith("Nobody") for one in kept)


@pytest.mark.parametrize(
    ("text", "lowered"),
    [("The ferry", "the ferry"), ("US officials", "US officials"), ("Will Orr", "Will Orr"),
     ("I came", "I came"), ("London", "London")],
)  # fmt: skip
def test_what_is_written_small_elsewhere(text: str, lowered: str) -> None:
    assert editing._lower_first(text) == lowered


def test_a_quotation_that_a_name_heads_is_left() -> None:
    sentence = '"London is a city that never sleeps at night," Olaf Brand said.'
    assert {editing.retell_quotations([sentence], random.Random(s))[0] for s in range(9)} == {
        sentence
    }


@pytest.mark.parametrize(
    ("sentence", "table", "expected"),
    [
        ("On Monday Mr. Smith said no.", {"Mr": ""}, "On Monday Mr. Smith said no."),
        ("On Monday Mr Smith said no.", {"Mr": ""}, "On Monday Smith said no."),
        ("On Monday Mr. Smith said no.", {"Mr.": ""}, "On Monday Smith said no."),
        ("They came to the US.", {"US": "U.S."}, "They came to the U.S."),
        ("It told us of the US firm.", {"US": "U.S."}, "It told us of the U.S. firm."),
        ("They came to the U.S.", {"U.S.": "US"}, "They came to the US."),
        ("It rose by 3 percent.", {"percent": "%"}, "It rose by 3 %."),
        ("It is late.", {"it is": "it's"}, "It's late."),
    ],
)
def test_a_phrase_is_replaced_with_its_stop(
    sentence: str, table: dict[str, str], expected: str
) -> None:
    assert editing._replace_phrases(sentence, table) == expected


def test_usual_words_are_exchanged_only_for_usual_words() -> None:
    seen = {
        word
        for seed in range(200)
        for word in editing.reword(["Officials want to begin talks."], random.Random(seed))
    }
    assert "Officials want to start talks." in seen
    assert "Officials want to start negotiations." in seen
    assert not any("hope" in sentence for sentence in seen)


def test_house_style_keeps_capitals_and_joins_no_words() -> None:
    seen = {
        editing.restyle([SENTENCES[4]], random.Random(seed))[0] for seed in range(100)
    }  # fmt: skip
    assert "Brand did not say how much the board would save." in seen
    assert all("  " not in sentence for sentence in seen)


def test_own_sentences_are_added() -> None:
    edited = editing.add_own(SENTENCES, random.Random(1))
    assert [s for s in edited if s in SENTENCES] == SENTENCES
    assert len(edited) > len(SENTENCES)


def test_a_table_comes_back_as_it_is() -> None:
    table = "Oper shr 12 cts\nRevs 1.2 mln\nAvg shrs 800,000"
    assert Editor(1).edit(table) == (table, ())

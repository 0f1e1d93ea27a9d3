"""The words that users read: reasons in one sentence, names of features, figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_pages import TEXT, VERDICT, compare, judge

from detector.features.columns import FEATURE_COLUMNS
from detector.presentation.wording import (
    LEAST_NAMED_TRACE,
    count_judged,
    explain_comparison,
    explain_verdict,
    format_percent,
    name_feature,
    name_outcome,
    name_source,
    pick_result,
    round_parts,
    summarize_result,
)
from detector.results import SentenceLink, SentenceScore, Verdict


def test_why_in_one_sentence() -> None:
    assert explain_verdict(VERDICT) == (
        "Flagged: all 3 sentences read like machine translation; the strongest trace is “take the "
        "bull by the tail” (literal idiom; people write “take the bull by the horns”)."
    )
    short = replace(judge(TEXT), flagged=False, reason="too short: 30 words, 60 needed")
    assert explain_verdict(short) == "Not flagged (too short: 30 words, 60 needed)."
    noted = replace(short, notes=("read in part: 200 of 300 characters",))
    assert explain_verdict(noted).endswith("needed); read in part: 200 of 300 characters.")
    human = SentenceScore("x", 0, 1, contributions={"a": -1.0})
    machine = replace(human, contributions={"a": 1.0})
    for sentences, said in [
        ((human, human), "one by one, none of the 2 sentences leans towards a machine's"),
        ((human, machine, human), "1 of the 3 sentences leans towards"),
        ((human, machine, machine), "most of the 3 sentences (2) lean towards"),
        ((human, machine, machine), "Not flagged: the text as a whole reads like a person's"),
        ((machine,), "the only sentence leans towards"),
        ((), "no sentence could be weighed"),
    ]:
        verdict = replace(judge(TEXT, probability=0.2), sentences=sentences)
        assert said in explain_verdict(verdict)
    refused = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")
    assert explain_verdict(refused) == "Not judged (empty: there is no text)."
    assert explain_comparison(compare()) == (
        "Flagged: the copy reads like the original rewritten by a machine; 80 % of its words stand "
        "in sentences that stem from it; 2 of 2 sentences that stem from it were kept one to one, "
        "1 reworded; of 3 substitutions the clearest is “tail” for “horns” (wrong sense)."
    )


@pytest.mark.parametrize(
    ("relation", "coverage", "said"),
    [
        ("edited", 0.8, "the copy is the original as people edit;"),
        ("edited", 0.3, "the copy takes over some sentences of the original, as people edit them;"),
        ("independent", 0.05, "the copy was not made from this original;"),
        ("independent", 0.4, "the copy as a whole was not made from this original;"),
    ],
)
def test_how_much_stems_from_the_original_goes_with_what_the_copy_is(
    relation: str, coverage: float, said: str
) -> None:
    pair = replace(compare(), relation=relation, coverage=coverage, flagged=False)
    assert said in explain_comparison(pair)


@pytest.mark.parametrize(
    ("translated", "spun", "said"),
    [
        (0.8, 0.1, "translated"), (0.6, 0.3, "translated"), (0.55, 0.35, "translated or spun"),
        (0.4, 0.5, "translated or spun"), (0.1, 0.8, "spun"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_told_apart_are_both_named(
    translated: float, spun: float, said: str
) -> None:
    shares = {"original": 1 - translated - spun, "translated": translated, "spun": spun}
    label = "translated" if translated > spun else "spun"
    verdict = replace(judge(TEXT), label=label, class_probabilities=shares)
    assert name_outcome(verdict).split(" · ")[1] == said


def test_what_cannot_be_flagged_is_not_called_a_machines() -> None:
    short = replace(judge(TEXT), flagged=False, reason="too short: 30 words, 60 needed")
    pair = replace(compare(), flagged=False, reason="too short: 9 words, 30 needed")
    assert name_outcome(short) == name_outcome(pair) == "not flagged"
    said = explain_comparison(pair)
    assert said.startswith(
        "Not flagged (too short: 9 words, 30 needed): 80 % of the copy's words stand in sentences "
        "that stem from the original; "
    )
    assert "machine" not in said
    # Nor is the original called a rewriting of the copy.
    assert explain_comparison(replace(pair, direction=0.2)) == said
    assert "as people edit" in explain_comparison(replace(pair, relation="edited"))


def test_one_linked_sentence_is_told_in_the_singular() -> None:
    pair = compare()
    linked = [link for link in pair.alignment if link.sentences and link.original_sentences]
    said = explain_comparison(replace(pair, alignment=tuple(linked[:1])))
    assert "1 of 1 sentence that stems from it was kept one to one" in said


def test_a_weak_trace_is_not_named_alone() -> None:
    strong, weak = (
        replace(VERDICT.artifacts[0], score=LEAST_NAMED_TRACE + change) for change in (0.0, -0.01)
    )
    for artifacts, said in [
        ((weak,), "no single phrase stands out"),
        ((weak, strong), "the strongest trace is “three weeks long on spare parts waited”"),
    ]:
        verdict = replace(VERDICT, artifacts=artifacts)
        assert said in explain_verdict(verdict)
        assert ("“three weeks" in summarize_result(verdict)) == (strong in artifacts)


def test_a_substitution_that_shows_little_is_not_named_alone() -> None:
    pair = compare()
    weak = tuple(replace(item, strength=0.3) for item in pair.substitutions)
    said = explain_comparison(replace(pair, substitutions=weak))
    assert said.endswith("1 reworded; 3 substitutions.")


def test_words_of_sentences_that_are_little_alike_are_not_named() -> None:
    pair = compare()
    clear = tuple(replace(item, strength=0.9) for item in pair.substitutions[1:])
    first, *rest = pair.alignment
    for similarity, said in ((0.5, "are “tail” for “horns” (wrong sense) and “drives” for “runs”"),
                             (0.3, "is “tail” for “horns” (wrong sense)")):  # fmt: skip
        links = (replace(first, similarity=similarity), *rest)
        outcome = explain_comparison(replace(pair, substitutions=clear, alignment=links))
        assert f"of 2 substitutions the clearest {said}" in outcome
    # The same words may stand in a sentence that is alike, too, and show less there.
    drives, tail = clear
    twice = (tail, drives, replace(drives, start=tail.start, end=tail.end, strength=0.8))
    outcome = explain_comparison(replace(pair, substitutions=twice, alignment=links))
    assert "are “tail” for “horns” (wrong sense) and “drives” for “runs”" in outcome


def test_the_three_clearest_substitutions_are_named() -> None:
    pair = compare()
    clear = tuple(replace(item, strength=0.9, kind="synonym") for item in pair.substitutions[1:])
    words = [replace(clear[0], text=word, score=score) for word, score in (("a", 0.2), ("b", 0.1))]
    said = explain_comparison(replace(pair, substitutions=(*words, *clear)))
    assert said.endswith(
        "of 4 substitutions the clearest are “tail” for “horns”, “drives” for “runs” and “a” for "
        "“runs”."
    )


def test_spelling_is_told_apart_from_substitutions() -> None:
    pair = compare()
    spelt = replace(pair.substitutions[1], kind="spelling", strength=0.0)
    said = explain_comparison(replace(pair, substitutions=(spelt, spelt)))
    assert said.endswith("0 reworded; 2 changes are of spelling alone.")


def test_why_in_a_line() -> None:
    assert summarize_result(VERDICT) == (
        "3 of 3 sentences read so; “take the bull by the tail” (people write “take the bull by the "
        "horns”)"
    )
    below = replace(judge(TEXT), flagged=False)
    assert summarize_result(below) == "flagged from 0.900 on; 3 of 3 sentences read so"
    withheld = replace(below, reason="too short: 30 words, 60 needed")
    assert summarize_result(withheld) == "too short: 30 words, 60 needed"
    person = replace(below, label="original")
    assert summarize_result(person) == "3 of 3 sentences lean towards a machine's"
    assert summarize_result(compare()) == (
        "80 % stems from the original; 3 substitutions, “tail” for “horns” (wrong sense)"
    )
    refused = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")
    assert summarize_result(refused) == "empty: there is no text"


def test_counts_of_sentences_are_of_those_that_have_a_say() -> None:
    assert count_judged(VERDICT.sentences) == "3 of 4"
    assert count_judged(VERDICT.sentences[:2]) == "2"
    assert "all 3 sentences" in explain_verdict(VERDICT)


def test_the_comparison_decides_where_the_copy_stems_from_the_original() -> None:
    pair = compare()
    assert pick_result(VERDICT, pair) is pair
    assert pick_result(VERDICT, replace(pair, relation="independent")) is VERDICT
    quoting = replace(pair, relation="edited", flagged=False, coverage=0.49)
    assert pick_result(VERDICT, quoting) is VERDICT
    assert pick_result(VERDICT, replace(quoting, coverage=0.5)) is not VERDICT
    assert pick_result(VERDICT, replace(quoting, flagged=True)) is not VERDICT
    assert pick_result(VERDICT, None) is VERDICT


def test_sources_of_figures_have_plain_names() -> None:
    assert name_source("asap_essays") == "school essays"
    assert name_source("a_corpus_of_tomorrow") == "a corpus of tomorrow"


def test_an_original_that_seems_made_of_its_copy_is_said() -> None:
    assert explain_comparison(replace(compare(), direction=0.2)).startswith(
        "Flagged: one of the two texts reads like the other rewritten by a machine, likelier the "
        "original (80 %); 80 % of the copy's words stand in sentences that stem from the original;"
    )
    assert "one of the two" not in explain_comparison(replace(compare(), direction=0.9))


def test_what_falls_short_of_a_flag_is_said() -> None:
    pair = replace(compare(), flagged=False, probability=0.7)
    assert explain_comparison(pair).startswith(
        "Not flagged: the copy reads like the original rewritten by a machine, but less surely "
        "than a flag needs (0.900); 80 % of its words "
    )
    assert summarize_result(pair).startswith("flagged from 0.900 on; 80 % stems from the original")
    assert "flagged from" not in summarize_result(replace(pair, relation="edited"))


def test_sentences_that_became_several_are_counted_one_by_one() -> None:
    pair = compare()
    split = SentenceLink("split", (1, 2), (1,), 0.6)
    said = explain_comparison(replace(pair, alignment=(pair.alignment[0], split)))
    assert "; 1 of 3 sentences that stem from it was kept one to one, 2 reworded; " in said
    whole = replace(pair, alignment=(replace(split, sentences=(0, 1, 2)),))
    assert "; 0 of 3 sentences that stem from it were kept one to one" in explain_comparison(whole)


def test_a_substitution_that_is_dropped_at_a_sentences_end_counts_for_that_sentence() -> None:
    pair = compare()
    end = pair.verdict.sentences[0].end
    dropped = replace(pair.substitutions[0], start=end, end=end)
    said = explain_comparison(replace(pair, substitutions=(dropped,)))
    assert said.endswith("1 reworded; 1 substitution.")


def test_the_only_substitution_is_no_clearest_one() -> None:
    pair = compare()
    said = explain_comparison(replace(pair, substitutions=pair.substitutions[2:]))
    assert said.endswith("; the only substitution is “tail” for “horns” (wrong sense).")
    assert "1 substitution, the clearest first:" in str(
        replace(pair, substitutions=pair.substitutions[2:])
    )


def test_what_of_the_copy_was_left_out_is_said_beside_its_share() -> None:
    noted = replace(VERDICT, notes=("foreign passages: 2 of 6 sentences left out, French",))
    said = explain_comparison(replace(compare(), verdict=noted))
    assert said.endswith("; foreign passages: 2 of 6 sentences left out, French.")


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.00064, "0.064 %"), (0.01, "1 %"), (0.061, "6.1 %"), (0.0999, "10 %"),
     (0.5, "50 %"), (0.994, "99.4 %"), (0.9999, "99.9 %"), (1, "100 %")],
)  # fmt: skip
def test_shares_are_said_with_digits_that_mean_something(share: float, said: str) -> None:
    assert format_percent(share) == said


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=15))
def test_rounded_parts_add_up(values: list[float]) -> None:
    parts = {str(i): value for i, value in enumerate(values)}
    rounded = round_parts(parts)
    assert sum(rounded.values()) == pytest.approx(sum(values), abs=0.0051)
    for name, value in parts.items():
        assert rounded[name] == pytest.approx(value, abs=0.0101)


@pytest.mark.parametrize("column", [*FEATURE_COLUMNS, "constant"])
def test_every_feature_has_a_plain_name(column: str) -> None:
    name = name_feature(column)
    assert "_" not in name
    assert name != column.replace("_", " ")


def test_an_unknown_feature_is_called_what_it_is() -> None:
    assert name_feature("a_column_of_tomorrow") == "a column of tomorrow"

"""Style is counted as stated, idiom is learnt from people, both keep scikit-learn's contract."""

import pickle
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from detector import stylometry
from detector.stylometry import FUNCTION_WORDS, NgramIdiomaticity, StylometricFeatures
from detector.text import make_view, tokenize

DOCUMENT = (
    "The harbour board met on Tuesday. It didn't agree on a plan, but its chair said that another "
    "vote would follow soon. However, the fishermen, who have waited for 3 years, were not told. "
    '"We need the quay," one of them said.'
)


def split(*sentences: str) -> list[list[str]]:
    return [tokenize(sentence) for sentence in sentences]


def measure(row: stylometry.Text, column: str) -> float:
    features = StylometricFeatures()
    values = dict(zip(features.get_feature_names_out(), features.transform([row])[0], strict=True))
    return float(values[column])


# ------------------------------------------------------------------------------------ style


@pytest.mark.parametrize(
    ("column", "sentence", "expected"),
    [
        ("function:the", "The cat saw the dog.", 2 / 5),
        ("function:it's", "It's a start.", 1 / 3),
        ("punctuation:comma", "Rain, wind, snow.", 2 / 3),
        ("punctuation:opening", "Rain (and wind).", 1 / 3),
        ("length:sentence_mean", "Two of 14 boats sank.", 4),
        ("length:word_mean", "A boat sank.", 3),
        ("length:long_words", "Fishermen sank.", 1 / 2),
        ("length:hyphenated", "A long-term plan.", 1 / 3),
        ("variety:density", "the boats sank in the bay", 3 / 6),
        ("variety:hapax", "the boats sank in the bay", 4 / 6),
        ("variety:content_repetition", "boats pass boats", 1 / 3),
        ("variety:doubled", "they saw the the boats", 1 / 5),
        ("variety:guiraud", "the the the the", 1 / 2),
        ("grammar:definite_share", "the boats, the crew, a storm", 2.5 / 4),
        ("grammar:of_share", "the end of the day", 1.5 / 2),
        ("grammar:of_share", "the city's mayor", 0.5 / 2),
        ("grammar:explicit_that", "She said that he left.", 1.5 / 2),
        ("grammar:explicit_that", "She said he left.", 0.5 / 2),
        ("grammar:explicit_that", "She left.", 0.5),
        ("grammar:contracted_not", "He didn't go.", 1.5 / 2),
        ("grammar:contracted_not", "He did not go.", 0.5 / 2),
        ("grammar:contracted_pronoun", "It's late.", 1.5 / 2),
        ("grammar:contracted_pronoun", "It is late.", 0.5 / 2),
        ("grammar:contractions", "They don't know.", 1 / 3),
        ("grammar:passive", "It was built here.", 1 / 4),
        ("grammar:passive", "It was quickly opened again.", 1 / 5),
        ("grammar:passive", "It was here. Built well", 0),
        ("grammar:progressive", "They are leaving now.", 1 / 4),
        ("grammar:perfect", "They have been here.", 1 / 4),
        ("grammar:more_than", "It is more costly than that.", 1 / 6),
        ("grammar:er_than", "A boat is faster than that.", 1 / 6),
        ("grammar:of_chain", "the end of the work of years", 1 / 7),
        ("grammar:comma_relative", "the crew, which left,", 1 / 4),
        ("grammar:nominalisations", "the construction stopped", 1 / 3),
        ("grammar:genitives", "the city's boats", 1 / 3),
        ("cohesion:additive", "In addition, it rained.", 1 / 4),
        ("cohesion:contrast", "However, it rained.", 1 / 3),
        ("cohesion:contrast", "On the other hand, it rained.", 1 / 6),
        ("cohesion:causal", "It rained. As a result, they left.", 1 / 7),
        ("cohesion:temporal", "It rained at the same time.", 1 / 6),
        ("cohesion:markers", "However, in fact it rained.", 2 / 5),
        ("opening:conjunction", "But it rained.", 1),
        ("opening:marker", "However, it rained.", 1),
        ("opening:early_comma", "On Friday, it rained.", 1),
        ("opening:early_comma", "It rained on all of the boats and crews, too.", 0),
        ("opening:ing_form", "Leaving the quay was hard.", 1),
        ("bounds:small_start", "it rained.", 1),
        ("bounds:unclosed", "Rain stops play", 1),
        ("bounds:unclosed", '"It rained."', 0),
        ("bounds:inner_stop", "It rained on the boats. The crew left.", 1),
        ("bounds:inner_stop", "It rained on Mr. Sand.", 0),
        ("bounds:odd_quotation", '"It rained, he said.', 1),
        ("bounds:odd_parenthesis", "It rained (again.", 1),
    ],
)
def test_sentence_is_counted_as_stated(column: str, sentence: str, expected: float) -> None:
    assert measure(tokenize(sentence), column) == pytest.approx(expected)


def test_document_knows_how_its_sentences_spread() -> None:
    row = split("It rained.", "The crew left the old quay early.", "It rained.")
    lengths = np.array([2, 7, 2])
    assert measure(row, "length:sentence_mean") == pytest.approx(lengths.mean())
    assert measure(row, "length:sentence_sd") == pytest.approx(lengths.std())
    assert measure(row, "length:sentence_evenness") == pytest.approx(lengths.std() / lengths.mean())
    assert measure(row, "length:sentence_step") == pytest.approx(5 / lengths.mean())


def test_constructions_do_not_reach_across_sentences() -> None:
    apart = split("She said", "that he left.")
    assert measure(apart, "grammar:explicit_that") == pytest.approx(0.5)
    assert measure([apart[0] + apart[1]], "grammar:explicit_that") == pytest.approx(0.75)


def test_string_is_cut_into_sentences_and_words() -> None:
    features = StylometricFeatures()
    sentences = [
        "The harbour board met on Tuesday.",
        "It didn't agree on a plan, but its chair said that another vote would follow soon.",
        "However, the fishermen, who have waited for 3 years, were not told.",
        '"We need the quay," one of them said.',
    ]
    assert np.array_equal(features.transform([DOCUMENT]), features.transform([split(*sentences)]))


def test_sentence_is_a_document_of_one() -> None:
    words = tokenize(DOCUMENT)
    features = StylometricFeatures()
    assert np.array_equal(features.transform([words]), features.transform([[words]]))


def test_names_and_numbers_are_no_vocabulary() -> None:
    plain = measure(tokenize("The mayor met the press."), "variety:guiraud")
    named = measure(tokenize("The mayor Anna Sand of Lund met the 34 press."), "variety:guiraud")
    assert measure(tokenize("Anna Sand, Lund 34"), "variety:guiraud") == 0
    assert named == pytest.approx(5 / np.sqrt(6))
    assert plain == pytest.approx(4 / np.sqrt(5))


def average_windows(words: Sequence[str], window: int) -> float:
    width = min(window, len(words))
    starts = range(len(words) - width + 1)
    return float(np.mean([len(set(words[at : at + width])) / width for at in starts]))


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.integers(1, 70))
@settings(deadline=None)
def test_moving_average_ratio_is_that_of_its_windows(letters: list[str], window: int) -> None:
    words = [letter * 3 for letter in letters]
    features = StylometricFeatures(window=window)
    column = list(features.get_feature_names_out()).index("variety:mattr")
    # A neighbour on each side must not leak into the row.
    values = features.transform([words[::-1], words, ["ddd", "aaa"]])[:, column]
    assert values[1] == pytest.approx(average_windows(words, window), rel=1e-5)


word_lists = st.lists(
    st.sampled_from(
        ["the", "of", "Boats", "sail", ",", '"', "(", "3", "don't", "xx", "é", ".", ""]
    ),
    max_size=12,
)
rows = st.lists(st.one_of(word_lists, st.lists(word_lists, max_size=4)), max_size=6)


@given(rows)
@settings(deadline=None)
def test_each_row_counts_for_itself(rows: list[Any]) -> None:
    features = StylometricFeatures()
    together = features.transform(rows)
    assert together.shape == (len(rows), len(features.get_feature_names_out()))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, values in zip(rows, together, strict=True):
        assert np.array_equal(features.transform([row])[0], values)


def test_row_without_words_is_neutral() -> None:
    values = StylometricFeatures().transform([[], [[]], ""])
    names = StylometricFeatures().get_feature_names_out()
    assert (values == values[0]).all()
    assert {name for name, value in zip(names, values[0], strict=True) if value} == {
        "grammar:definite_share",
        "grammar:of_share",
        "grammar:explicit_that",
        "grammar:contracted_not",
        "grammar:contracted_pronoun",
    }


def test_batches_and_full_caches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [split(DOCUMENT, f"Boat {n} sailed{'x' * n} again."[: 20 + n]) for n in range(30)]
    expected = StylometricFeatures().transform(rows)
    monkeypatch.setattr(stylometry, "_BATCH_WORDS", 7)
    monkeypatch.setattr(stylometry, "_CACHE_LIMIT", 10)
    assert np.array_equal(StylometricFeatures().transform(rows), expected)


def test_threads_share_one_lexicon(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    rows = [["w" + str(rng.randrange(9000)) for _ in range(400)] + ["the"] for _ in range(60)]
    expected = StylometricFeatures().transform(rows)
    monkeypatch.setattr(stylometry, "_lexicon", stylometry._Lexicon())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: StylometricFeatures().transform([row])[0], rows))
    assert np.array_equal(found, expected)


def test_word_of_a_million_letters_is_measured() -> None:
    assert measure(["a" * 1_000_000, "boat"], "length:word_mean") < 50


def test_columns_have_names_of_their_own() -> None:
    names = list(StylometricFeatures().get_feature_names_out())
    assert len(set(names)) == len(names)
    assert names[: len(FUNCTION_WORDS)] == [f"function:{word}" for word in FUNCTION_WORDS]
    assert {name.split(":")[0] for name in names} == {
        "function",
        "punctuation",
        "length",
        "variety",
        "grammar",
        "cohesion",
        "opening",
        "bounds",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("one string", "list of texts"),
        (["fine", None], "row 1 is no text but NoneType"),
        (["fine", 3.5], "row 1 is no text but float"),
        ([b"bytes"], "row 0 is no text but bytes"),
        ([[["words"], "string"]], "row 0 mixes words with sentences"),
    ],
)
def test_what_is_no_text_is_refused(rows: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        StylometricFeatures().transform(rows)


def test_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        StylometricFeatures(window=0).transform(["text"])


# ------------------------------------------------------------------------------------ idiom

SUBJECTS = ("the old ferry", "a small boat", "the night train", "a local bus")
VERBS = ("left", "reached", "passed", "crossed")
OBJECTS = ("the quiet harbour", "the long bridge", "a narrow bay")
ENDINGS = ("on Monday .", "in March .", "with 40 people .", "after dark , said Anna Lind .")


def compose(*parts: str) -> list[str]:
    words = " ".join(parts).split()
    return [words[0].capitalize(), *words[1:]]


CORPUS = [compose(*parts) for parts in product(SUBJECTS, VERBS, OBJECTS, ENDINGS)]


@pytest.fixture(scope="module")
def idiom() -> NgramIdiomaticity:
    return NgramIdiomaticity().fit(CORPUS)


def measure_idiom(
    model: NgramIdiomaticity, row: stylometry.Text, counted: Any = False
) -> dict[str, float]:
    values = model.transform([row], counted=counted)[0].tolist()
    return dict(zip(model.get_feature_names_out(), values, strict=True))


def test_usual_sentence_is_more_idiomatic_than_its_words_shuffled(idiom: NgramIdiomaticity) -> None:
    usual = measure_idiom(idiom, CORPUS[17])
    shuffled = measure_idiom(idiom, random.Random(5).sample(CORPUS[17], len(CORPUS[17])))
    for column in ("bigram_mean", "trigram_mean", "gain_mean", "bigram_seen", "trigram_seen"):
        assert usual[f"idiom:{column}"] > shuffled[f"idiom:{column}"]
    assert usual["idiom:unseen_common"] < shuffled["idiom:unseen_common"]


def test_substitute_stands_out(idiom: NgramIdiomaticity) -> None:
    usual = measure_idiom(idiom, "The old ferry left the quiet harbour on Monday .".split())
    known = measure_idiom(idiom, "The old bus left the quiet harbour on Monday .".split())
    unknown = measure_idiom(idiom, "The old vessel left the quiet harbour on Monday .".split())
    assert usual["idiom:bigram_seen"] == 1
    assert known["idiom:bigram_seen"] < 1
    assert known["idiom:gain_0"] < usual["idiom:gain_0"]
    assert (usual["idiom:unknown"], known["idiom:unknown"]) == (0, 0)
    assert unknown["idiom:unknown"] == pytest.approx(1 / 8)


def test_probabilities_are_those_of_the_mixture(idiom: NgramIdiomaticity) -> None:
    # "ferry" always and only follows "old", 48 times in the corpus.
    often, total = 48, idiom.arrays_["word_counts"].sum()
    alone = (often + 0.5) / total
    prior = stylometry._BIGRAM_PRIOR
    expected = np.log((often + prior * alone) / (often + prior))
    values = measure_idiom(idiom, ["old", "ferry"])
    assert values["idiom:bigram_0"] == pytest.approx(
        min(expected, np.log((often + 0.5) / total * prior / (len(CORPUS) + prior))), rel=1e-4
    )
    assert values["idiom:gain_100"] == pytest.approx(expected - np.log(alone), rel=1e-4)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The ferry , said Anna Lind .", "The ferry , said Bjorn Asker Holm ."),
        ("The ferry left on Monday .", "The ferry left on Friday ."),
        ("The ferry left in March .", "The ferry left in October ."),
        ("A bus with 40 people .", "A bus with 1,250 people ."),
        ("The ferry left .", "the ferry left ."),
        ("The Lund 's ferry left .", "The Lund's ferry left ."),
        ("The ferry left .", 'The " ferry " left .'),
    ],
)
def test_names_numbers_days_and_typography_do_not_matter(
    idiom: NgramIdiomaticity, one: str, other: str
) -> None:
    assert measure_idiom(idiom, one.split()) == measure_idiom(idiom, other.split())


def test_masked_view_reads_like_the_sentence(idiom: NgramIdiomaticity) -> None:
    sentence = "The old ferry left the long bridge with 40 people , said Anna Lind ."
    common = {word.lower() for words in CORPUS for word in words[:-3]} | {"said"}
    view = make_view(sentence, common)
    assert "xx" in view.words
    assert measure_idiom(idiom, view.words) == measure_idiom(idiom, sentence.split())


def test_word_usually_written_as_a_name_is_a_name() -> None:
    sentences = [["the", "Sand", "sank", "."], ["the", "Sand", "rose", "."], ["sand", "sank", "."]]
    model = NgramIdiomaticity(least_count=1).fit(sentences)
    as_name = measure_idiom(model, ["the", "Sand", "sank", "."])
    assert as_name == measure_idiom(model, ["the", "Quay", "sank", "."])
    assert measure_idiom(model, ["the", "sand", "sank", "."])["idiom:unknown"] > 0


def test_own_counts_are_left_out() -> None:
    new = compose("a local bus", "crossed", "the old quiet bridge", "on Monday .")
    without = NgramIdiomaticity().fit(CORPUS)
    counted = NgramIdiomaticity().fit([*CORPUS, new, new])
    columns = ("bigram_seen", "trigram_seen", "unknown", "unseen_common")
    seen = measure_idiom(counted, new)
    expected = measure_idiom(without, new)
    assert seen["idiom:bigram_seen"] == 1 > expected["idiom:bigram_seen"]
    for left_out in ([[new, new]], [[compose("a"), new, new]]):
        found = measure_idiom(counted, new, left_out)
        for column in columns:
            assert found[f"idiom:{column}"] == pytest.approx(expected[f"idiom:{column}"])


def test_counted_rows_leave_themselves_out() -> None:
    rare = compose("a local bus", "crossed", "the old quiet bridge", "after rain .")
    model = NgramIdiomaticity(least_count=1).fit([*CORPUS, rare])
    assert measure_idiom(model, rare)["idiom:bigram_seen"] == 1
    own = measure_idiom(model, rare, counted=True)
    assert own == measure_idiom(model, rare, counted=[rare])
    assert own["idiom:bigram_seen"] < 1
    assert own["idiom:unknown"] > 0
    # Leaving out an unrelated text takes nothing away.
    unrelated = compose("snow .")
    assert measure_idiom(model, rare, [unrelated])["idiom:trigram_seen"] == 1


def test_each_row_leaves_out_its_own_text() -> None:
    first, second = (compose(f"the {word} {word} boat") for word in ("green", "brown"))
    model = NgramIdiomaticity(least_count=1).fit([*CORPUS, first, second])
    swapped = model.transform([first, second], counted=[second, first])
    own = model.transform([first, second], counted=True)
    column = list(model.get_feature_names_out()).index("idiom:unknown")
    assert (swapped[:, column] == 0).all()
    assert (own[:, column] > 0).all()


def test_counted_texts_must_match_rows(idiom: NgramIdiomaticity) -> None:
    with pytest.raises(ValueError, match="1 counted texts for 2 rows"):
        idiom.transform(CORPUS[:2], counted=CORPUS[:1])


@given(rows)
@settings(deadline=None)
def test_each_row_is_judged_for_itself(idiom: NgramIdiomaticity, rows: list[Any]) -> None:
    together = idiom.transform(rows)
    assert together.shape == (len(rows), len(idiom.get_feature_names_out()))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, values in zip(rows, together, strict=True):
        assert idiom.transform([row])[0] == pytest.approx(values, rel=1e-5)


def test_idiom_batches_and_full_caches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = NgramIdiomaticity().fit(CORPUS)
    values = expected.transform(CORPUS, counted=True)
    monkeypatch.setattr(stylometry, "_BATCH_WORDS", 25)
    monkeypatch.setattr(stylometry, "_CACHE_LIMIT", 5)
    again = NgramIdiomaticity().fit(CORPUS)
    assert_same_arrays(again, expected)
    assert np.allclose(again.transform(CORPUS, counted=True), values, rtol=1e-5)


def test_order_of_training_sentences_does_not_matter(idiom: NgramIdiomaticity) -> None:
    shuffled = NgramIdiomaticity().fit(random.Random(1).sample(CORPUS, len(CORPUS)))
    assert_same_arrays(shuffled, idiom)


def test_nothing_to_judge_is_answered_with_what_is_usual(idiom: NgramIdiomaticity) -> None:
    values = idiom.transform([[], "", CORPUS[0]])
    assert np.array_equal(values[0], idiom.arrays_["neutral"])
    assert np.array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])


def assert_same_arrays(one: NgramIdiomaticity, other: NgramIdiomaticity) -> None:
    arrays, others = one.to_arrays(), other.to_arrays()
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert np.array_equal(array, others[name]), name
        assert array.dtype == others[name].dtype


def test_arrays_bring_the_model_back(idiom: NgramIdiomaticity) -> None:
    again = NgramIdiomaticity.from_arrays(idiom.to_arrays())
    assert_same_arrays(again, idiom)
    assert np.array_equal(
        again.transform([*CORPUS, "Rain fell."]), idiom.transform([*CORPUS, "Rain fell."])
    )
    assert all(array.dtype != object for array in idiom.to_arrays().values())


def change(name: str, array: Any) -> Any:
    return lambda arrays: {**arrays, name: array(arrays[name])}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda arrays: {n: a for n, a in arrays.items() if n != "bigram_keys"}, "is missing"),
        (change("word_hashes", lambda a: a.astype(np.float64)), "not a row of uint64"),
        (change("neutral", lambda a: a[None]), "not a row of float32"),
        (change("neutral", lambda a: a[:-1]), "entries, not"),
        (change("bigram_counts", lambda a: a[:-1]), "entries, not"),
        (change("trigram_words", lambda a: a[:-1]), "entries, not"),
        (change("word_hashes", lambda a: a[:-1]), "entries, not"),
        (change("bigram_keys", lambda a: a[::-1]), "bigrams are not in ascending order"),
        (change("trigram_contexts", lambda a: a[::-1]), "trigrams are not in ascending order"),
        (change("settings", lambda a: a + 1), "not of format"),
        (change("settings", lambda a: a * np.array([1, 0])), "least count"),
    ],
)
def test_spoilt_arrays_are_refused(idiom: NgramIdiomaticity, spoil: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NgramIdiomaticity.from_arrays(spoil(idiom.to_arrays()))


def test_tables_keep_the_most_frequent(idiom: NgramIdiomaticity) -> None:
    small = NgramIdiomaticity(max_bigrams=5, max_trigrams=2).fit(CORPUS)
    arrays, every = small.to_arrays(), idiom.to_arrays()
    assert len(arrays["bigram_keys"]) == 5
    assert len(arrays["trigram_words"]) <= 2
    assert sorted(arrays["bigram_counts"]) == sorted(every["bigram_counts"])[-5:]


@pytest.mark.parametrize("parameter", ["max_bigrams", "max_trigrams"])
def test_model_without_a_table_still_judges(parameter: str) -> None:
    model = NgramIdiomaticity(**{parameter: 0}).fit(CORPUS)
    assert np.isfinite(model.transform(CORPUS, counted=True)).all()


@pytest.mark.parametrize(
    ("model", "sentences", "message"),
    [
        (NgramIdiomaticity(least_count=0), CORPUS, "least_count"),
        (NgramIdiomaticity(max_bigrams=-1), CORPUS, "max_bigrams"),
        (NgramIdiomaticity(), [], "no word"),
        (NgramIdiomaticity(), [["once", "only"]], "no word"),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    model: NgramIdiomaticity, sentences: list[list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.fit(sentences)


def test_unfitted_model_is_refused() -> None:
    with pytest.raises(NotFittedError):
        NgramIdiomaticity().transform(CORPUS)
    with pytest.raises(NotFittedError):
        NgramIdiomaticity().to_arrays()


# ------------------------------------------------------------------------------------ contract


@pytest.mark.parametrize("kind", [StylometricFeatures, NgramIdiomaticity])
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_cloneable,
    ],
)
def test_estimator_keeps_the_contract(kind: Any, check: Any) -> None:
    check(kind.__name__, kind())


def test_clone_forgets_what_was_learnt(idiom: NgramIdiomaticity) -> None:
    copy = clone(NgramIdiomaticity(least_count=3).fit(CORPUS))
    assert copy.least_count == 3
    assert not hasattr(copy, "arrays_")


def test_pickle_for_workers_keeps_what_was_learnt(idiom: NgramIdiomaticity) -> None:
    again = pickle.loads(pickle.dumps(idiom))  # noqa: S301
    assert np.array_equal(again.transform(CORPUS), idiom.transform(CORPUS))
    features = pickle.loads(pickle.dumps(StylometricFeatures(window=9)))  # noqa: S301
    assert features.window == 9


def test_transformers_stand_in_a_pipeline_and_name_their_columns() -> None:
    shuffled = [random.Random(n).sample(words, len(words)) for n, words in enumerate(CORPUS)]
    labels = [0] * len(CORPUS) + [1] * len(shuffled)
    pipeline = make_pipeline(StylometricFeatures(), LogisticRegression(max_iter=500))
    assert pipeline.fit([*CORPUS, *shuffled], labels).score([*CORPUS, *shuffled], labels) > 0.9
    frame = NgramIdiomaticity().set_output(transform="pandas").fit_transform(CORPUS)
    assert list(frame.columns) == list(NgramIdiomaticity().get_feature_names_out())

"""Usual words are learnt from humans, each row measured for itself, and kept as plain arrays."""

import pickle
import random
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features import ngram_measures, word_rows
from detector.features.ngram_language_model import NGRAM_COLUMNS, NgramLanguageModel
from detector.text.masking import mask_sentence

word_lists = st.lists(
    st.sampled_from(
        ["the", "of", "Boats", "sail", ",", '"', "(", "3", "don't", "xx", "é", ".", ""]
    ),
    max_size=12,
)
rows = st.lists(st.one_of(word_lists, st.lists(word_lists, max_size=4)), max_size=6)


SUBJECTS = ("the old ferry", "a small boat", "the night train", "a local bus")
VERBS = ("left", "reached", "passed", "crossed")
OBJECTS = ("the quiet harbour", "the long bridge", "a narrow bay")
ENDINGS = ("on Monday .", "in March .", "with 40 people .", "after dark , said Anna Lind .")


def compose(*parts: str) -> list[str]:
    words = " ".join(parts).split()
    return [words[0].capitalize(), *words[1:]]


CORPUS = [compose(*parts) for parts in product(SUBJECTS, VERBS, OBJECTS, ENDINGS)]


@pytest.fixture(scope="module")
def language_model() -> NgramLanguageModel:
    return NgramLanguageModel.fit(CORPUS)


def measure(model: NgramLanguageModel, row: word_rows.Row, counted: Any = None) -> dict[str, float]:
    return dict(zip(NGRAM_COLUMNS, model.measure([row], counted)[0].tolist(), strict=True))


def test_usual_sentence_is_more_usual_than_its_words_shuffled(
    language_model: NgramLanguageModel,
) -> None:
    usual = measure(language_model, CORPUS[17])
    shuffled = measure(language_model, random.Random(5).sample(CORPUS[17], len(CORPUS[17])))
    for column in ("bigram_mean", "trigram_mean", "gain_mean", "bigram_seen", "trigram_seen"):
        assert usual[f"ngram:{column}"] > shuffled[f"ngram:{column}"]
    assert usual["ngram:unseen_common"] < shuffled["ngram:unseen_common"]


def test_substitute_stands_out(language_model: NgramLanguageModel) -> None:
    usual = measure(language_model, "The old ferry left the quiet harbour on Monday .".split())
    known = measure(language_model, "The old bus left the quiet harbour on Monday .".split())
    unknown = measure(language_model, "The old vessel left the quiet harbour on Monday .".split())
    assert usual["ngram:bigram_seen"] == 1
    assert known["ngram:bigram_seen"] < 1
    assert known["ngram:gain_0"] < usual["ngram:gain_0"]
    assert (usual["ngram:unknown"], known["ngram:unknown"]) == (0, 0)
    assert unknown["ngram:unknown"] == pytest.approx(1 / 8)


def test_probabilities_are_those_of_the_mixture(language_model: NgramLanguageModel) -> None:
    # "ferry" always and only follows "old", 48 times in the corpus.
    often, total = 48, language_model.arrays["word_counts"].sum()
    alone = (often + 0.5) / total
    prior = ngram_measures._BIGRAM_PRIOR
    expected = np.log((often + prior * alone) / (often + prior))
    values = measure(language_model, ["old", "ferry"])
    assert values["ngram:bigram_0"] == pytest.approx(
        min(expected, np.log((often + 0.5) / total * prior / (len(CORPUS) + prior))), rel=1e-4
    )
    assert values["ngram:gain_100"] == pytest.approx(expected - np.log(alone), rel=1e-4)


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
    language_model: NgramLanguageModel, one: str, other: str
) -> None:
    assert measure(language_model, one.split()) == measure(language_model, other.split())


def test_masked_sentence_reads_like_the_sentence(language_model: NgramLanguageModel) -> None:
    sentence = "The old ferry left the long bridge with 40 people , said Anna Lind ."
    common = {word.lower() for words in CORPUS for word in words[:-3]} | {"said"}
    masked = mask_sentence(sentence, common)
    assert "xx" in masked.words
    assert measure(language_model, masked.words) == measure(language_model, sentence.split())


def test_word_usually_written_as_a_name_is_a_name() -> None:
    sentences = [["the", "Sand", "sank", "."], ["the", "Sand", "rose", "."], ["sand", "sank", "."]]
    model = NgramLanguageModel.fit(sentences, least_count=1)
    as_name = measure(model, ["the", "Sand", "sank", "."])
    assert as_name == measure(model, ["the", "Quay", "sank", "."])
    assert measure(model, ["the", "sand", "sank", "."])["ngram:unknown"] > 0


def test_own_counts_are_left_out() -> None:
    new = compose("a local bus", "crossed", "the old quiet bridge", "on Monday .")
    without = NgramLanguageModel.fit(CORPUS)
    counted = NgramLanguageModel.fit([*CORPUS, new, new])
    columns = ("bigram_seen", "trigram_seen", "unknown", "unseen_common")
    seen = measure(counted, new)
    expected = measure(without, new)
    assert seen["ngram:bigram_seen"] == 1 > expected["ngram:bigram_seen"]
    for left_out in ([[new, new]], [[compose("a"), new, new]]):
        found = measure(counted, new, left_out)
        for column in columns:
            assert found[f"ngram:{column}"] == pytest.approx(expected[f"ngram:{column}"])


def test_counted_rows_leave_themselves_out() -> None:
    rare = compose("a local bus", "crossed", "the old quiet bridge", "after rain .")
    model = NgramLanguageModel.fit([*CORPUS, rare], least_count=1)
    assert measure(model, rare)["ngram:bigram_seen"] == 1
    own = measure(model, rare, counted=[rare])
    assert own["ngram:bigram_seen"] < 1
    assert own["ngram:unknown"] > 0
    # Leaving out an unrelated text takes nothing away.
    unrelated = compose("snow .")
    assert measure(model, rare, [unrelated])["ngram:trigram_seen"] == 1


def test_each_row_leaves_out_its_own_text() -> None:
    first, second = (compose(f"the {word} {word} boat") for word in ("green", "brown"))
    model = NgramLanguageModel.fit([*CORPUS, first, second], least_count=1)
    swapped = model.measure([first, second], counted=[second, first])
    own = model.measure([first, second], counted=[first, second])
    column = NGRAM_COLUMNS.index("ngram:unknown")
    assert (swapped[:, column] == 0).all()
    assert (own[:, column] > 0).all()


def test_counted_texts_must_match_rows(language_model: NgramLanguageModel) -> None:
    with pytest.raises(ValueError, match="1 counted texts for 2 rows"):
        language_model.measure(CORPUS[:2], counted=CORPUS[:1])


@given(rows)
@settings(deadline=None)
def test_each_row_is_judged_for_itself(language_model: NgramLanguageModel, rows: list[Any]) -> None:
    together = language_model.measure(rows)
    assert together.shape == (len(rows), len(NGRAM_COLUMNS))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, values in zip(rows, together, strict=True):
        assert language_model.measure([row])[0] == pytest.approx(values, rel=1e-5)


def test_batches_and_full_caches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = NgramLanguageModel.fit(CORPUS)
    values = expected.measure(CORPUS, counted=CORPUS)
    monkeypatch.setattr(word_rows, "_BATCH_WORDS", 25)
    monkeypatch.setattr("detector.features.ngram_vocabulary.CACHE_LIMIT", 5)
    again = NgramLanguageModel.fit(CORPUS)
    assert_same_arrays(again, expected)
    assert np.allclose(again.measure(CORPUS, counted=CORPUS), values, rtol=1e-5)


def test_order_of_training_sentences_does_not_matter(language_model: NgramLanguageModel) -> None:
    shuffled = NgramLanguageModel.fit(random.Random(1).sample(CORPUS, len(CORPUS)))
    assert_same_arrays(shuffled, language_model)


def test_nothing_to_judge_is_answered_with_what_is_usual(
    language_model: NgramLanguageModel,
) -> None:
    values = language_model.measure([[], [[]], CORPUS[0]])
    assert np.array_equal(values[0], language_model.arrays["neutral"])
    assert np.array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])


def assert_same_arrays(one: NgramLanguageModel, other: NgramLanguageModel) -> None:
    arrays, others = one.to_arrays(), other.to_arrays()
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert np.array_equal(array, others[name]), name
        assert array.dtype == others[name].dtype


def test_arrays_bring_the_model_back(language_model: NgramLanguageModel) -> None:
    again = NgramLanguageModel.from_arrays(language_model.to_arrays())
    assert_same_arrays(again, language_model)
    rows = [*CORPUS, ["Rain", "fell", "."]]
    assert np.array_equal(again.measure(rows), language_model.measure(rows))
    assert all(array.dtype != object for array in language_model.to_arrays().values())


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
def test_spoilt_arrays_are_refused(
    language_model: NgramLanguageModel, spoil: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NgramLanguageModel.from_arrays(spoil(language_model.to_arrays()))


def test_tables_keep_the_most_frequent(language_model: NgramLanguageModel) -> None:
    small = NgramLanguageModel.fit(CORPUS, max_bigrams=5, max_trigrams=2)
    arrays, every = small.to_arrays(), language_model.to_arrays()
    assert len(arrays["bigram_keys"]) == 5
    assert len(arrays["trigram_words"]) <= 2
    assert sorted(arrays["bigram_counts"]) == sorted(every["bigram_counts"])[-5:]


@pytest.mark.parametrize("parameter", ["max_bigrams", "max_trigrams"])
def test_model_without_a_table_still_judges(parameter: str) -> None:
    model = NgramLanguageModel.fit(CORPUS, **{parameter: 0})
    assert np.isfinite(model.measure(CORPUS, counted=CORPUS)).all()


@pytest.mark.parametrize(
    ("parameters", "sentences", "message"),
    [
        ({"least_count": 0}, CORPUS, "least_count"),
        ({"max_bigrams": -1}, CORPUS, "max_bigrams"),
        ({}, [], "no word"),
        ({}, [["once", "only"]], "no word"),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    parameters: dict[str, int], sentences: list[list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NgramLanguageModel.fit(sentences, **parameters)


def test_string_is_no_row(language_model: NgramLanguageModel) -> None:
    with pytest.raises(TypeError, match="row 1 is no text but str"):
        language_model.measure([CORPUS[0], "letters"])


def test_pickle_for_workers_keeps_what_was_learnt(language_model: NgramLanguageModel) -> None:
    again = pickle.loads(pickle.dumps(language_model))  # noqa: S301
    assert np.array_equal(again.measure(CORPUS), language_model.measure(CORPUS))

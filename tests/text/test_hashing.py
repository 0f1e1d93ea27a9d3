"""Hashes are what fitted models and indexes were made with, to the last bit."""

import numpy as np

from detector.text import hashing


def test_hashes_are_those_that_models_and_indexes_hold() -> None:
    assert hashing.hash_word("harbour") == 1533582490
    assert hashing.hash_word("é") == hashing.hash_encoded_word("é".encode()) == 235179326
    assert (
        hashing.hash_ngram(["the", "harbour"]) == hashing.hash_word("the\x01harbour") == 4212544392
    )
    assert hashing.hash_unordered_pair("town", "city") == 367764182
    assert hashing.hash_widely(b"harbour") == 16295200358155746308
    assert hashing.hash_widely(b"harbour", "big") == 359356526591091938


def test_mixed_keys_are_those_that_models_hold() -> None:
    one, two, three = (np.array([n], np.uint64) for n in (1, 2, 3))
    assert hashing.mix_words(one).tolist() == [4168657275982699238]
    assert hashing.mix_pairs(one, two).tolist() == [9398479819611487597]
    assert hashing.mix_triples(one, two, three).tolist() == [8022470241304682026]


def test_order_matters_but_in_an_unordered_pair() -> None:
    assert hashing.hash_ngram(["a", "b"]) != hashing.hash_ngram(["b", "a"])
    assert hashing.hash_unordered_pair("a", "b") == hashing.hash_unordered_pair("b", "a")
    one, two = np.array([1], np.uint64), np.array([2], np.uint64)
    assert hashing.mix_pairs(one, two) != hashing.mix_pairs(two, one)


def test_hashes_are_folded_into_a_table() -> None:
    words = ["the", "harbour", "é"]
    assert hashing.fold(13, 8) == 5
    assert hashing.fold_all(words, 8) == {hashing.fold(hashing.hash_word(w), 8) for w in words}

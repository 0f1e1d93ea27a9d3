"""Augmented rows say what made them, follow their original, and are the same each time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from detector.training.generation import augmentation
from detector.training.generation.apertium import ApertiumError
from detector.training.generation.augmentation import (
    METHODS,
    PREFIX,
    AugmentationError,
    Maker,
    NeuralRoundTrip,
    augment_documents,
    list_makers,
    name_translators,
)
from detector.training.generation.inflection import MissingPackageError


def make_documents() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": ["The old house.", "The new house.", "The aged house.", "Old."],
            "label": ["original", "original", "spun", "original"],
            "article_id": ["a", "b", "a", "c"],
            "group": ["gazette", "courier", "gazette", "gazette"],
            "system": ["", "", "a spinner", ""],
            "pivot": "",
            "held_out": [False, True, False, False],
            "weight": [2.0, 1.0, 2.0, 1.0],
        }
    )


def shout(texts: list[str], articles: list[str]) -> list[str]:
    return [text.replace("house", "HOUSE") for text in texts]


def test_rows_say_what_made_them_and_keep_their_side() -> None:
    documents = make_documents()
    made, counts = augment_documents(documents, [Maker("shouter", "spun", "de", shout)])
    assert counts == {"shouter": 2}  # "Old." came back as it was
    pd.testing.assert_frame_equal(made[:4], documents)
    new = made[4:].reset_index(drop=True)
    assert new["text"].tolist() == ["The old HOUSE.", "The new HOUSE."]
    assert new["system"].unique().tolist() == [PREFIX + "shouter"]
    assert new["pivot"].unique().tolist() == ["de"]
    assert new["label"].unique().tolist() == ["spun"]
    assert new["held_out"].tolist() == [False, True]
    assert new["article_id"].tolist() == ["a", "b"]
    assert new["weight"].tolist() == [2.0, 1.0]


def test_unknown_ways_are_named() -> None:
    with pytest.raises(AugmentationError, match="'magic': thesaurus, wordnet"):
        list_makers(["magic"], seed=1)


def test_what_is_not_installed_is_an_error_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(seed: int) -> Maker:
        raise MissingPackageError("/usr/share/words", "some-words")

    monkeypatch.setattr(
        augmentation,
        "METHODS",
        {"here": lambda seed: Maker("here", "spun", "", shout), "missing": missing},
    )
    makers, absent = list_makers(["all"], seed=1)
    assert [maker.name for maker in makers] == ["here"]
    assert absent == [
        "missing: /usr/share/words is missing; install it with: apt-get install some-words"
    ]
    with pytest.raises(AugmentationError, match="apt-get install some-words"):
        list_makers(["missing"], seed=1)


def test_an_engine_that_fails_is_an_error_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(engine: object, sentences: list[str]) -> list[str]:
        raise ApertiumError("apertium eng-spa failed: out of memory")

    monkeypatch.setattr(augmentation.ApertiumRoundTrip, "__init__", lambda engine, pivot: None)
    monkeypatch.setattr(augmentation.ApertiumRoundTrip, "translate", fail)
    monkeypatch.setattr(
        augmentation,
        "METHODS",
        {
            "here": lambda seed: Maker("here", "spun", "", shout),
            "apertium-spa": METHODS["apertium-spa"],
        },
    )
    makers, left_out = list_makers(["all"], seed=1)
    assert [maker.name for maker in makers] == ["here"]
    assert left_out == ["apertium-spa: apertium eng-spa failed: out of memory"]
    with pytest.raises(AugmentationError, match="out of memory"):
        list_makers(["apertium-spa"], seed=1)


@pytest.mark.parametrize("name", list(METHODS))
def test_ways_that_are_installed_rewrite(name: str) -> None:
    try:
        [maker], _ = list_makers([name], seed=4)
    except AugmentationError as error:
        pytest.skip(str(error))
    text = (
        "The council will repair the old bridge next year. It was built by two brothers who "
        "wanted to sell their bread on the other side of the river."
    )
    versions = maker.rewrite([text, text], ["a", "a"])
    assert versions[0] == versions[1]
    assert versions[0].split() != text.split()


# --------------------------------------------------------------------------------------
# Neural translators
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ("Helsinki-NLP/opus-mt-en-de", "Helsinki-NLP/opus-mt-de-en")),
        (["m/{source}2{target}"], ("m/en2de", "m/de2en")),
        (["there", "back"], ("there", "back")),
    ],
)
def test_translators_are_named_for_both_directions(
    given: list[str], expected: tuple[str, str]
) -> None:
    assert name_translators("de", given) == expected


@pytest.mark.parametrize("given", [["one"], ["a", "b", "c"]])
def test_one_direction_is_not_enough(given: list[str]) -> None:
    with pytest.raises(AugmentationError, match="give --translator twice"):
        name_translators("de", given)


@pytest.fixture(scope="module")
def tiny_marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MarianMT model with random weights and a vocabulary of words."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("marian")
    words = ["<pad>", "</s>", "<unk>", *"the old new house was sold by a man river.".split()]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(words))}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary), d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_position_embeddings=64, pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0, forced_eos_token_id=1, max_length=12,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(3)
        transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


def test_articles_go_round_through_two_models(tiny_marian: Path) -> None:
    folder = str(tiny_marian)
    [maker], missing = list_makers([], 1, round_trips=["de"], translators=[folder, folder])
    assert not missing
    assert (maker.label, maker.pivot) == ("translated", "de")
    assert folder in maker.name
    text = "The old house was sold by a man. The new house was sold."
    once, again = (maker.rewrite([text, text], ["a", "b"]) for _ in range(2))
    assert once == again
    assert once[0] == once[1] != text


def test_sentences_come_back_in_order(tiny_marian: Path) -> None:
    trip = NeuralRoundTrip(str(tiny_marian), str(tiny_marian))
    sentences = ["the old house", "a man", "the river."] * 7
    versions = trip.translate(sentences)
    assert len(versions) == 21
    assert versions[:3] * 7 == versions


def test_a_translator_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(AugmentationError, match="cannot be loaded: there is no such folder; give"):
        NeuralRoundTrip(str(tmp_path / "nowhere"), str(tmp_path / "nowhere"))


def test_a_loading_error_without_a_message_goes_by_its_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transformers = pytest.importorskip("transformers")

    def fail(name: str) -> None:
        raise ValueError

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", fail)
    with pytest.raises(AugmentationError, match="translator a: cannot be loaded: ValueError"):
        NeuralRoundTrip("a", "b")


def test_a_language_counts_once(tiny_marian: Path) -> None:
    folder = str(tiny_marian)
    makers, _ = list_makers([], 1, round_trips=["de", "de"], translators=[folder, folder])
    assert [maker.pivot for maker in makers] == ["de"]


def test_two_translators_are_for_one_language() -> None:
    with pytest.raises(AugmentationError, match=r"one language, not through de, fr; give --round"):
        list_makers([], 1, round_trips=["de", "fr"], translators=["there", "back"])


def test_a_pattern_is_for_several_languages(tiny_marian: Path, tmp_path: Path) -> None:
    for name in ("en-de", "de-en", "en-fr", "fr-en"):
        (tmp_path / name).symlink_to(tiny_marian)
    pattern = str(tmp_path / "{source}-{target}")
    makers, _ = list_makers([], 1, round_trips=["de", "fr", "de"], translators=[pattern])
    assert [maker.pivot for maker in makers] == ["de", "fr"]


def test_translators_without_positions_translate(tiny_marian: Path, tmp_path: Path) -> None:
    torch, transformers = (pytest.importorskip(name) for name in ("torch", "transformers"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_marian)
    tokenizer.save_pretrained(tmp_path)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(3)
        transformers.T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    trip = NeuralRoundTrip(str(tmp_path), str(tmp_path))
    assert len(trip.translate(["the old house", "a man"])) == 2


@pytest.mark.parametrize("kind", ["m2m_100", "mbart"])
def test_a_translator_for_many_languages_is_refused(kind: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.AutoConfig.for_model(kind).save_pretrained(tmp_path)
    with pytest.raises(AugmentationError, match=f"of the kind {kind}, for many languages.*opus-mt"):
        NeuralRoundTrip(str(tmp_path), str(tmp_path))

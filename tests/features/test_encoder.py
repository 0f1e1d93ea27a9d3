"""The encoder reads a sentence-transformers folder as sentence-transformers does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from detector.errors import BundleError
from detector.features import encoder as encoder_module
from detector.features.encoder import SentenceEncoder

if TYPE_CHECKING:
    from conftest import TinyEncoder

SENTENCES = [
    "The harbour opened again on Monday morning.",
    "Prices!",
    "We've lost a good part of the season,\" said Anna Lind, who runs two boats.",
    "Fishermen had waited for days in the small cafe beside the pier, drinking coffee.",
    "Ähnliche Wörter — 42 (zxq) 北京.",
    "",
]
#: [CLS] and [SEP] take two of the 96 places.
PIECES = 94


@pytest.fixture(scope="module")
def plain(tiny_encoder: TinyEncoder) -> SentenceEncoder:
    return SentenceEncoder(tiny_encoder.plain, threads=1)


@pytest.fixture(scope="module")
def head(tiny_encoder: TinyEncoder) -> Any:
    return tiny_encoder.heads["token_weights"]


def open_with_sentence_transformers(encoder: TinyEncoder, folder: Path) -> Any:
    """The exported folder as sentence-transformers opens it, with the weights in torch's format.

    Its own ONNX backend needs optimum, which does not go with transformers 5.
    """
    sentence_transformers = pytest.importorskip("sentence_transformers")
    shutil.copytree(encoder.plain, folder)
    encoder.model.transformer.save_pretrained(folder)
    return sentence_transformers.SentenceTransformer(str(folder), device="cpu")


def test_embeddings_are_those_of_sentence_transformers(
    tiny_encoder: TinyEncoder, plain: SentenceEncoder, tmp_path: Path
) -> None:
    reference = open_with_sentence_transformers(tiny_encoder, tmp_path / "folder")
    assert reference.max_seq_length == 96
    long = " ".join(["boats"] * 300)
    sentences = [*SENTENCES, long]
    np.testing.assert_allclose(plain.embed(sentences), reference.encode(sentences), atol=1e-5)


def test_what_is_kept_is_what_was_encoded(
    tiny_encoder: TinyEncoder, head: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = SentenceEncoder(tiny_encoder.plain, threads=1, memory=3)
    plain = SentenceEncoder(tiny_encoder.plain, threads=1)
    encoded: list[int] = []
    run = encoder._run
    monkeypatch.setattr(
        encoder, "_run", lambda ids, mask: encoded.append(len(ids)) or run(ids, mask)
    )
    words = [sentence.split() for sentence in SENTENCES[:3]]
    for some, bias, new in (
        (words[:2], 0.0, 2), ([words[1], words[2], words[1]], 0.0, 1), (words, 0.0, 0),
        (words[:1], 1.0, 1), ([words[2], words[0]], 0.0, 1), ([], 0.0, 0),
    ):  # fmt: skip
        encoded.clear()
        kept, fresh = (one.encode(some, head, bias) for one in (encoder, plain))
        assert sum(encoded) == new
        assert kept.embeddings.shape == (len(some), plain.width)
        np.testing.assert_allclose(kept.embeddings, fresh.embeddings, atol=1e-5)
        for ours, theirs in ((kept.word_scores, fresh.word_scores),
                             (kept.word_embeddings, fresh.word_embeddings)):  # fmt: skip
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)


def test_exported_folder_describes_mean_pooling(tiny_encoder: TinyEncoder) -> None:
    folder = tiny_encoder.plain
    modules = json.loads((folder / "modules.json").read_text())
    assert [module["type"].rsplit(".", 1)[1] for module in modules] == ["Transformer", "Pooling"]
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    assert pooling["pooling_mode_mean_tokens"] is True
    assert pooling["word_embedding_dimension"] == 16


def test_width_is_that_of_the_model(plain: SentenceEncoder) -> None:
    assert plain.width == 16
    assert plain.embed(SENTENCES).shape == (len(SENTENCES), 16)
    assert plain.embed([]).shape == (0, 16)


def test_order_of_the_sentences_does_not_matter(plain: SentenceEncoder, head: Any) -> None:
    words = [s.split() for s in SENTENCES]
    forth, back = plain.encode(words, head, 0.5), plain.encode(words[::-1], head, 0.5)
    np.testing.assert_allclose(forth.embeddings, back.embeddings[::-1], atol=1e-6)
    for one, other in zip(forth.word_scores, back.word_scores[::-1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_sentences_in_many_batches_are_those_in_one(
    plain: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = plain.embed(SENTENCES)
    monkeypatch.setattr(encoder_module, "_TOKENS_PER_BATCH", 1)
    np.testing.assert_allclose(plain.embed(SENTENCES), together, atol=1e-6)


def test_batches_hold_each_row_once_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "_TOKENS_PER_BATCH", 40)
    lengths = [3, 96, 10, 10, 9, 2, 20, 11]
    batches = list(encoder_module._batch_by_length(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(b) == 1 or len(b) * max(lengths[r] for r in b) <= 40 for b in batches)
    assert list(encoder_module._batch_by_length([])) == []


def test_word_score_is_the_highest_of_its_pieces(plain: SentenceEncoder, head: Any) -> None:
    # "zzx" is in no vocabulary: it is spelt out in three pieces.
    words = ["boats", "zzx", "waited"]
    ids = np.array([plain._tokenizer.encode(words, is_pretokenized=True).ids])
    assert ids.shape == (1, 2 + 1 + 3 + 1)
    pieces = (plain._run(ids, np.ones_like(ids)) @ head)[0, :, 0] + 0.25
    scores = plain.encode([words], head, 0.25).word_scores[0]
    np.testing.assert_allclose(scores, [pieces[1], pieces[2:5].max(), pieces[5]], atol=1e-5)


def test_embedding_of_a_word_is_the_mean_of_its_pieces(plain: SentenceEncoder, head: Any) -> None:
    words = ["boats", "zzx", "waited"]
    ids = np.array([plain._tokenizer.encode(words, is_pretokenized=True).ids])
    states = plain._run(ids, np.ones_like(ids))[0]
    (embedded,) = plain.encode([words], head, 0.25).word_embeddings
    np.testing.assert_allclose(embedded, [states[1], states[2:5].mean(0), states[5]], atol=1e-5)


def test_words_beyond_the_encoders_length_have_no_score(plain: SentenceEncoder, head: Any) -> None:
    encoded = plain.encode([["boats"] * 200], head, 0.0)
    (scores,), (embedded,) = encoded.word_scores, encoded.word_embeddings
    assert len(scores) == len(embedded) == 200
    assert np.isfinite(scores[:PIECES]).all()
    assert np.isnan(scores[PIECES:]).all()
    assert embedded[:PIECES].any(axis=1).all()
    assert not embedded[PIECES:].any()


def test_sentence_without_words_has_an_embedding_and_no_scores(
    plain: SentenceEncoder, head: Any
) -> None:
    encoded = plain.encode([[], ["boats"]], head, 0.0)
    assert np.isfinite(encoded.embeddings).all()
    assert [len(scores) for scores in encoded.word_scores] == [0, 1]
    assert [e.shape for e in encoded.word_embeddings] == [(0, plain.width), (1, plain.width)]


def test_quantized_model_is_near_the_plain_one(
    tiny_encoder: TinyEncoder, plain: SentenceEncoder
) -> None:
    quantized = SentenceEncoder(tiny_encoder.quantized, threads=1)
    assert not (tiny_encoder.quantized / "onnx" / "model.onnx").exists()
    one, other = quantized.embed(SENTENCES), plain.embed(SENTENCES)
    cosines = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.99
    assert np.abs(one - other).max() > 1e-5


# --------------------------------------------------------------------------------------
# Folders that are no encoder
# --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tiny_encoder: TinyEncoder, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_encoder.plain, tmp_path / "encoder"))


def test_missing_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(BundleError, match=r"tokenizer\.json: missing"):
        SentenceEncoder(folder)


def test_damaged_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        SentenceEncoder(folder)


def test_missing_model_is_named(folder: Path) -> None:
    (folder / "onnx" / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"holds none of onnx/model_quantized\.onnx"):
        SentenceEncoder(folder)


def test_truncated_model_is_named(folder: Path) -> None:
    path = folder / "onnx" / "model.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BundleError, match=r"model\.onnx: not a model"):
        SentenceEncoder(folder)


def test_model_without_hidden_states_is_refused(folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    kind = onnx.TensorProto.FLOAT
    ends = [onnx.helper.make_tensor_value_info(name, kind, [1]) for name in ("x", "y")]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "other", ends[:1], ends[1:])
    opset = onnx.helper.make_opsetid("", 17)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.save(model, folder / "onnx" / "model.onnx")
    with pytest.raises(BundleError, match="no output last_hidden_state"):
        SentenceEncoder(folder)

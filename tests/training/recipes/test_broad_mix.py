"""The broad mix keeps back what is held out, and an encoder is tuned on it and resumed."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from invented_corpora import write_synonym_lists
from invented_documents import write_document_corpora

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("onnx")

from detector.training.corpora.broad import holdouts, labelled_documents
from detector.training.corpora.broad.document_pairs import (
    choose_other_registers,
    choose_translations,
    pair_documents,
)
from detector.training.corpora.broad.labelled_documents import load_labelled_documents
from detector.training.corpora.broad.licences import RESTRICTED
from detector.training.corpora.broad.sentence_pairs import cut
from detector.training.corpora.comparison_pairs import load_pairs
from detector.training.fitting.encoder.examples import draw_versions, load_examples, make_batches
from detector.training.fitting.encoder.settings import TuningConfig
from detector.training.recipes import work_files
from detector.training.recipes.broad import steps as broad_steps
from detector.training.recipes.broad.mix import DrawnMix, draw_mix
from detector.training.recipes.broad.settings import BroadMix
from detector.training.recipes.broad.sources import Sources
from detector.training.recipes.broad.steps import MIX, VERSIONS_SEED, read_validation
from detector.training.recipes.shipped import list_steps
from detector.training.recipes.shipped_settings import (
    DEVELOPMENT_SPINNERS,
    Amounts,
    ShippedSettings,
)
from detector.training.recipes.steps import run_steps

BROAD = BroadMix(sentences=1500)

TUNING = {"exits": {1: 0.3, 2: 1.0}, "checkpoint_every": 5, "validate_every": 20}


def silent(line: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ShippedSettings:
    folder = tmp_path_factory.mktemp("broad")
    return ShippedSettings(
        write_document_corpora(folder / "corpora"),
        folder / "model",
        amounts=Amounts(layers=2, tuning=TUNING),
        lists=write_synonym_lists(folder / "lists"),
        mix=BROAD,
    )


@pytest.fixture(scope="module")
def sources(settings: ShippedSettings) -> Sources:
    return Sources.load(settings.corpora)


@pytest.fixture(scope="module")
def drawn(settings: ShippedSettings, sources: Sources) -> DrawnMix:
    return draw_mix(sources, BROAD, settings.lists, 1, silent)


# --------------------------------------------------------------------------------------
# What is drawn
# --------------------------------------------------------------------------------------


def test_every_corpus_takes_part(drawn: DrawnMix) -> None:
    corpora = {pair.corpus for pair in drawn.pairs}
    assert corpora >= {
        "asap_essays", "lafand_news", "broken_telephone", "detectrl", "ted_talks",
        "translated_documents", "paraphrased_documents", "language_model_articles",
        "roundtrip_news", "translated_news", "error_spans_zh_en", "spinners",
    }  # fmt: skip
    assert {s.label for s in drawn.unpaired} == {"native", "human_translation"}
    assert all(drawn.validation.values())


def test_what_is_held_out_never_comes_out(drawn: DrawnMix) -> None:
    for pair in drawn.pairs:
        assert pair.system not in holdouts.HELD_OUT_ENGINES | holdouts.HELD_OUT_LANGUAGE_MODELS
        assert not pair.article_id.startswith(("asap-p1-", "lug-"))
        assert "8 rounds" not in pair.system
    assert not {s.register for s in drawn.unpaired} & holdouts.HELD_OUT_REGISTERS
    assert {pair.system for pair in drawn.validation["claude"]} == {"LLM polish (Claude-instant)"}


def test_no_sentence_of_a_document_that_is_kept_back_is_trained_on(
    drawn: DrawnMix, sources: Sources
) -> None:
    kept_back = {
        sentence
        for frame in sources.documents.values()
        for text in frame.loc[frame["split"] != holdouts.TRAIN, "original"]
        for sentence, _ in cut(text)
    }
    articles = sources.articles
    fit = articles.loc[articles["split"].isin(("fit", "dev", "held_out")), "text"]
    kept_back |= {sentence for text in fit for sentence, _ in cut(text)}
    trained_on = {p.original for p in drawn.pairs} | {s.text for s in drawn.unpaired}
    assert kept_back
    assert not trained_on & kept_back


def test_articles_are_trained_on_or_validated_on(drawn: DrawnMix) -> None:
    trained_on = {(pair.corpus, pair.article_id) for pair in drawn.pairs}
    validated = {(p.corpus, p.article_id) for found in drawn.validation.values() for p in found}
    assert not trained_on & validated


def test_the_same_seed_draws_the_same_whatever_was_drawn_before(
    settings: ShippedSettings, sources: Sources, drawn: DrawnMix
) -> None:
    other = draw_mix(sources, BROAD, settings.lists, 2, silent)
    assert other.pairs != drawn.pairs
    assert other.record["human_articles"] == drawn.record["human_articles"]
    again = draw_mix(sources, BROAD, settings.lists, 1, silent)
    assert (
        again == drawn == draw_mix(Sources.load(settings.corpora), BROAD, settings.lists, 1, silent)
    )


# --------------------------------------------------------------------------------------
# Whole documents
# --------------------------------------------------------------------------------------


def test_labelled_documents_were_not_trained_on(settings: ShippedSettings, drawn: DrawnMix) -> None:
    documents = load_labelled_documents(settings.corpora)
    trained_on = {(pair.corpus, pair.article_id) for pair in drawn.pairs}
    machine = documents[documents["label"] != "original"]
    assert not trained_on & set(zip(machine["group"], machine["article_id"], strict=True))
    assert set(documents["split"]) == {"dev", "test"}
    assert not documents.isna().to_numpy().any()
    # the press release is a register that is held out, and The Pioneer is neither human nor machine
    human = documents[documents["label"] == "original"]
    assert set(human.loc[human["group"] == "press release", "split"]) == {"test"}
    assert "A text." not in set(human["text"])
    held_out = machine[machine["held_out"]]
    assert set(held_out["system"]) <= holdouts.HELD_OUT_ENGINES | holdouts.HELD_OUT_LANGUAGE_MODELS
    assert set(held_out["split"]) == {"test"}


def test_versions_of_an_article_have_one_original(settings: ShippedSettings) -> None:
    documents = load_labelled_documents(settings.corpora)
    originals = documents[documents["label"] == "original"]
    assert not originals.duplicated(["group", "article_id", "split"]).any()
    machine = documents[documents["label"] != "original"]
    keys = ["group", "article_id", "split"]
    assert len(machine.merge(originals[keys], on=keys)) == len(machine)


def test_an_outlet_does_not_speak_for_its_register(
    settings: ShippedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelled_documents, "_ARTICLES_OF_AN_OUTLET", 2)
    documents = load_labelled_documents(settings.corpora)
    counts = documents[documents["label"] == "original"]["group"].value_counts()
    assert counts["news and opinion"] <= 2 * 8
    assert counts["press release"] == 40  # all of one outlet


def test_teachers_versions_are_paired_both_ways(settings: ShippedSettings) -> None:
    _, teachers = pair_documents(load_labelled_documents(settings.corpora), seed=1, most=100)
    assert set(teachers["relation"]) == {"retold"}
    assert len(teachers) == 12 * 3 * 2
    both = set(zip(teachers["copy"], teachers["original"], strict=True))
    assert {(original, copy) for copy, original in both} == both
    assert teachers.groupby("article_id")["split"].nunique().max() == 1


def test_other_registers_are_copied_by_humans(settings: ShippedSettings) -> None:
    others = choose_other_registers(load_labelled_documents(settings.corpora), seed=1, most=10)
    assert set(others["group"]) == {"news and opinion", "press release", "blogs and news pages"}
    assert set(others.groupby(["group", "split"]).size()) == {10}
    assert set(others["label"]) == {"original"}


def test_professionals_translations_are_copied_too(settings: ShippedSettings) -> None:
    documents = load_labelled_documents(settings.corpora)
    chosen = choose_translations(documents, seed=1, most=10)
    of_translators = documents[documents["by_translator"]]
    assert set(chosen["text"]) <= set(of_translators["text"])
    assert set(chosen["split"]) == set(of_translators["split"])
    assert chosen.groupby("split").size().max() == 4
    assert set(chosen["group"]) == {"professionals' translations"}


def test_machines_versions_are_paired_with_their_originals(settings: ShippedSettings) -> None:
    pairs, _ = pair_documents(load_labelled_documents(settings.corpora), seed=1, most=100)
    retold = pairs["group"] == "translated_documents"
    retold |= pairs["system"].str.endswith("rewritten")
    assert set(pairs.loc[retold, "relation"]) == {"retold"}
    assert set(pairs.loc[~retold, "relation"]) == {"machine-rewritten"}
    assert (pairs["copy"] != pairs["original"]).all()


def test_restricted_corpora_can_be_left_out(settings: ShippedSettings) -> None:
    permissive = replace(BROAD, permissive=True)
    of_corpora = Sources.load(settings.corpora, permissive=True)
    drawn = draw_mix(of_corpora, permissive, settings.lists, 1, silent)
    assert not {pair.corpus for pair in drawn.pairs} & set(RESTRICTED)
    assert not {sentence.register for sentence in drawn.unpaired} & set(RESTRICTED)
    documents = load_labelled_documents(settings.corpora, permissive=True)
    assert not set(documents["group"]) & set(RESTRICTED)
    assert {"roundtrip_news", "translated_documents"} <= {pair.corpus for pair in drawn.pairs}


def test_pairs_to_compare_leave_restricted_corpora_out(settings: ShippedSettings) -> None:
    drawn = [
        load_pairs(
            settings.corpora,
            DEVELOPMENT_SPINNERS,
            seed=1,
            most=7,
            lists=settings.lists,
            permissive=permissive,
        )
        for permissive in (False, True)
    ]
    groups = [set(pairs["group"]) for pairs in drawn]
    assert groups[0] & set(RESTRICTED)
    assert groups[1] == groups[0] - set(RESTRICTED)
    # The original of an independent text is another article, and says which.
    is_own = drawn[0]["original_article_id"] == drawn[0]["article_id"]
    assert (is_own == (drawn[0]["relation"] != "independent")).all()
    named = drawn[0].loc[is_own].set_index("original")["article_id"]
    others = drawn[0].loc[~is_own & drawn[0]["original"].isin(named.index)]
    assert len(others)
    for row in others.itertuples():
        assert row.original_article_id in set(named[[row.original]])


# --------------------------------------------------------------------------------------
# The steps
# --------------------------------------------------------------------------------------


def test_the_encoder_is_tuned_on_the_mix_and_resumed(
    settings: ShippedSettings, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(settings, encoder_base=str(tiny_base))
    run_steps(list_steps(settings), tmp_path, only="broad_mix", report=silent)
    assert set(pd.read_parquet(tmp_path / MIX / "pairs.parquet")["corpus"]) >= {"asap_essays"}
    assert {"wmt", "essays"} <= set(read_validation(tmp_path))
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "steps").write_text("10")
    run_steps(list_steps(settings), tmp_path, only="encoder", report=silent)
    prepared = (checkpoint / "examples-1.npz").stat().st_mtime_ns
    first = work_files.read_arrays(tmp_path / work_files.HEADS)

    (checkpoint / "steps").write_text("10")
    resumed = replace(settings, resume_encoder=True)
    run_steps(list_steps(resumed), tmp_path, only="encoder", report=silent)
    assert (checkpoint / "examples-1.npz").stat().st_mtime_ns == prepared
    again = work_files.read_arrays(tmp_path / work_files.HEADS)
    assert all((again[name] == values).all() for name, values in first.items())
    records = [json.loads(line) for line in (checkpoint / "log.jsonl").read_text().splitlines()]
    assert records[-1]["step"] == 10
    assert 0.0 <= records[-1]["wmt/2/auroc"] <= 1.0

    # What other code prepared is stale.
    with monkeypatch.context() as patch:
        patch.setattr(broad_steps, "compute_code_checksum", lambda places: "of other code")
        run_steps(list_steps(resumed), tmp_path, only="encoder", report=silent)
    assert (checkpoint / "examples-1.npz").stat().st_mtime_ns != prepared

    # With one version of each original there are fewer steps.
    shutil.rmtree(checkpoint)
    amounts = replace(settings.amounts, single_versions=True)
    mix = replace(settings.mix, draws=1)
    few = replace(settings, amounts=amounts, mix=mix)
    run_steps(list_steps(few), tmp_path, only="encoder", report=silent)
    records = [json.loads(line) for line in (checkpoint / "log.jsonl").read_text().splitlines()]
    key = str(np.load(checkpoint / "examples-1.npz")["key"])
    examples = load_examples(checkpoint / "examples-1.npz", key) or []
    config = TuningConfig(seed=few.seed, **few.amounts.tuning)
    drawn = draw_versions(examples, random.Random(VERSIONS_SEED))
    assert len(drawn) < len(examples)
    assert records[-1]["step"] == len(make_batches(drawn, config, random.Random(few.seed)))

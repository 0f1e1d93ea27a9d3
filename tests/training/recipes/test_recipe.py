"""What the steps of the shipped recipe depend on, and what its models say of their corpora."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import detector
from detector.training.corpora.broad.licences import LICENCES_OF_FILES
from detector.training.recipes import shipped
from detector.training.recipes.broad.settings import BroadMix
from detector.training.recipes.shipped import list_steps
from detector.training.recipes.shipped_settings import (
    PERMISSIVE_PROVENANCE,
    PROVENANCE,
    TRAINING_CORPORA,
    ShippedSettings,
    describe_licence,
)
from detector.training.recipes.steps import Step

SETTINGS = ShippedSettings(Path("corpora"), Path("model"), "a base", beside=Path("another model"))

_FILES = "training/recipes/work_files.py"

#: What decides a step, beside the rooms that it is of; the recipe's order.
CODE = {
    "broad_mix": ("training/recipes/pairs.py", _FILES),
    "encoder": ("training/evaluation/encoder_pairs.py", "features/encoder.py", _FILES),
    "joint_encoder": ("features/encoder.py", _FILES),
    "sentence_models": (_FILES,),
    "development_documents": (_FILES,),
    "development_features": ("reasons.py", "text/intake/misspellings.py", _FILES),
    "document_classifier": ("choices.py", "training/evaluation/statistics.py", _FILES),
    "evaluation_documents": ("training/evaluation/corpora/figures.py", _FILES),
    "evaluation_features": ("reasons.py", "text/intake/misspellings.py", _FILES),
    "evaluation": ("training/evaluation/statistics.py", _FILES),
    "comparison_pairs": (_FILES,),
    "comparison_features": ("detector.py", "measured_text.py", _FILES),
    "comparison": ("choices.py", "training/evaluation/statistics.py", _FILES),
    "memory_pairs": (_FILES,),
    "marked_texts": (_FILES,),
    "word_counts": (_FILES,),
    "spans": ("detector.py", "measured_text.py", _FILES),
    "bundle": ("training/corpora/broad/licences.py", _FILES),
}


def list_by_name(settings: ShippedSettings = SETTINGS) -> dict[str, Step]:
    return {step.name: step for step in list_steps(settings)}


def find_changed(one: dict[str, Step], other: dict[str, Step]) -> set[str]:
    return {name for name, step in one.items() if step.settings != other[name].settings}


def test_what_the_licences_decide_is_made_anew_with_others() -> None:
    permissive = replace(SETTINGS, mix=BroadMix(permissive=True))
    assert find_changed(list_by_name(), list_by_name(permissive)) == {
        "broad_mix", "development_documents", "comparison_pairs", "bundle",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("grouped", "steps"),
    [
        ("TUNING_SPINNERS", {"broad_mix", "memory_pairs"}),
        ("DEVELOPMENT_SPINNERS", {"development_documents"}),
        ("COMPARISON_SPINNERS", {"comparison_pairs", "comparison_features"}),
        ("WORD_SPINNERS", {"marked_texts"}),
    ],
)
def test_what_spinners_make_is_made_anew_of_other_lists(
    grouped: str, steps: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_by_name()
    monkeypatch.setattr(shipped, grouped, {"wordnet": ("wordnet", "freedict-deu")})
    assert find_changed(before, list_by_name()) == steps


@pytest.mark.parametrize("step", CODE)
def test_code_that_decides_a_step_is_heeded(step: str) -> None:
    root = Path(detector.__file__).parent
    places = {root / place for place in list_by_name()[step].code}
    for file in CODE[step]:
        assert (root / file).is_file()
        assert places & {root / file, *(root / file).parents}, file


def test_every_step_is_in_the_table() -> None:
    assert list(CODE) == list(list_by_name())


def test_a_model_of_permissive_corpora_names_no_other_source() -> None:
    left_out = (
        "asap-back-translation", "lafand-mt", "DetectRL", "MixSet", "Broken-Telephone", "iwslt17",
        "ELLIPSE", "ChatGPT-Detector-Bias",
    )  # fmt: skip
    assert [name for name in left_out if name not in PROVENANCE] == []
    assert [name for name in left_out if name in PERMISSIVE_PROVENANCE] == []
    parts = PERMISSIVE_PROVENANCE.split("; ")
    assert len(parts) == len(PROVENANCE.split("; ")) - 1
    assert "wikinews" in PERMISSIVE_PROVENANCE


def test_licences_say_what_was_not_trained_on() -> None:
    assert {name: describe_licence(name, permissive=False) for name in TRAINING_CORPORA} == dict(
        LICENCES_OF_FILES
    )
    differing = {
        name
        for name in TRAINING_CORPORA
        if describe_licence(name, permissive=True) != LICENCES_OF_FILES[name]
    }
    assert differing == {"human_articles", "paraphrased_documents", "roundtrip_documents"}

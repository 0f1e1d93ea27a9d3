"""The shipped model keeps its floor on this project's own texts, and says what README says.

The floors lie below what was measured when the model was shipped, and may only be raised.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from detector import Detector
from detector.cli import main

ROOT = Path(__file__).parent.parent
SEEDS = ROOT.parent / "shared" / "seeds"
EXAMPLES = ROOT / "data" / "example_articles"
AUROC_FLOORS = {"spun": 0.97, "translated": 0.85}


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return Detector.load(ROOT / "models" / "default", threads=1)


@pytest.fixture(scope="module")
def scored_pairs(shipped: Detector) -> pd.DataFrame:
    pairs = pd.read_csv(ROOT / "data" / "pairs.csv")
    originals = pairs.drop_duplicates("article_id")
    originals = originals.assign(text=originals["original"], kind="original")
    both = pd.concat([pairs, originals], ignore_index=True)
    return both.join(shipped.score_frame(both))


@pytest.mark.parametrize("kind", AUROC_FLOORS)
def test_auroc_keeps_its_floor(scored_pairs: pd.DataFrame, kind: str) -> None:
    rows = scored_pairs[scored_pairs["kind"].isin([kind, "original"])]
    assert roc_auc_score(rows["kind"] == kind, rows["probability"]) >= AUROC_FLOORS[kind]


def test_no_original_is_flagged(scored_pairs: pd.DataFrame) -> None:
    assert not scored_pairs.loc[scored_pairs["kind"] == "original", "flagged"].any()


def test_probabilities_fall_within_their_classes(scored_pairs: pd.DataFrame) -> None:
    shares = scored_pairs[[f"probability_{c}" for c in ("original", "translated", "spun")]]
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert np.allclose(1 - shares["probability_original"], scored_pairs["probability"])


def test_calibration_rises_with_the_score_at_every_length(shipped: Detector) -> None:
    words = np.array([60, 150, 300, 600, 1200, 3000])
    low = shipped.classifier.calibrate(np.full(len(words), -1.0), words)
    high = shipped.classifier.calibrate(np.full(len(words), 1.0), words)
    assert (high > low).all()


def test_verdict_does_not_depend_on_its_neighbours(shipped: Detector) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.txt"))]
    together = [verdict.probability for verdict in shipped.score(texts)]
    assert together == [shipped.score(text).probability for text in texts]


def _outcome(line: str) -> str:
    """What of a verdict's first line must hold on every processor: figures may differ a little."""
    return re.sub(r"0\.\d+|1\.0+", "#", line)


def test_readme_shows_what_the_command_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```\n(data/example_articles/original\.txt:.*?)\n```", readme, re.DOTALL)
    assert shown
    paths = [f"data/example_articles/{p.name}" for p in sorted(EXAMPLES.glob("*.txt"))]
    result = CliRunner().invoke(main, ["score", *(str(ROOT / p) for p in paths)])
    assert result.exit_code == 0, result.output

    def headlines(text: str) -> list[str]:
        lines = [line for line in text.splitlines() if ".txt: " in line]
        return [_outcome(line.rsplit("/", 1)[-1]) for line in lines]

    assert headlines(shown.group(1)) == headlines(result.output)


def test_readme_python_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code
    exec(compile(code.group(1), "README.md", "exec"), {})
    assert capsys.readouterr().out.split()[1] in ("original", "translated", "spun")


def test_readme_rows_come_out_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pattern = r"```sh\n(printf .*? \| detector score -)\n```\n\n```\n(.*?)\n```"
    match = re.search(pattern, readme, re.DOTALL)
    assert match
    rows = re.findall(r"'(\{.*?\})'", match.group(1))
    result = CliRunner().invoke(main, ["score", "-"], input="\n".join(rows) + "\n")
    assert result.exit_code == 1
    shown = [line for line in match.group(2).splitlines() if line.startswith("{")]
    printed = [line for line in result.stdout.splitlines() if line.startswith("{")]
    assert [json.loads(line) for line in printed] == [json.loads(line) for line in shown]


def test_model_card_has_every_figure_of_the_manifest() -> None:
    folder = ROOT / "models" / "default"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    for name, row in manifest["figures"]["documents"].items():
        assert name in card
        if row["auroc"]:
            assert f"{row['auroc']['value']:.3f}" in card


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the client's documents are not here")
def test_the_case_the_project_exists_for(shipped: Detector) -> None:
    texts = {p.name[:3]: p.read_text(encoding="utf-8") for p in sorted(SEEDS.glob("*.txt"))}
    copy, original = shipped.score(texts["000"]), shipped.score(texts["001"])
    assert not original.flagged
    assert copy.probability is not None
    assert original.probability is not None
    assert copy.probability > original.probability

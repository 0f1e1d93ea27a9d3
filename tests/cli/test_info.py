"""`detector info` prints a model's card, and verifies its files where it is asked to."""

import json
from pathlib import Path

import pytest
from bundles import write_bundle
from click.testing import CliRunner, Result

from detector.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_bundle(
        tmp_path / "model",
        {"settings.json": {}},
        name="small",
        seed=7,
        thresholds={"0.01": {"threshold": 0.96543, "articles": 900}, "0.001": None},
        figures={
            "round trips": [
                {"corpus": "news", "auroc": 0.987654, "articles": 268},
                {"corpus": "xsum", "auroc": 0.9, "tpr": None},
            ],
            "seeds": [1, 2],
        },
        licence="Apache-2.0",
    ).folder


def test_info_prints_the_card_as_text(model: Path) -> None:
    result = run("info", "--model", model)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("model: small@")
    assert "    threshold: 0.9654" in lines
    assert "  0.001: –" in lines
    table = lines[lines.index("  round trips:") + 1 :][:3]
    assert [line.split() for line in table] == [
        ["corpus", "auroc", "articles", "tpr"],
        ["news", "0.9877", "268", "–"],
        ["xsum", "0.9", "–", "–"],
    ]
    assert "    1, 2" in lines
    assert "sha256" not in result.stdout


def test_info_prints_the_card_as_json(model: Path) -> None:
    card = json.loads(run("info", "--model", model, "--format", "json").stdout)
    assert card["figures"]["round trips"][0]["auroc"] == 0.987654
    assert card["seed"] == 7
    assert "files" not in card


def test_an_altered_file_is_found_by_verifying(model: Path) -> None:
    assert "verified files: 1" in run("info", "--model", model, "--verify").stdout
    (model / "settings.json").write_text("[]\n")
    assert run("info", "--model", model).exit_code == 0
    result = run("info", "--model", model, "--verify")
    assert result.exit_code == 2
    assert "settings.json: altered" in result.stderr

"""The command line as a whole: its verbs, its version, and what it imports before any work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from detector import __version__
from detector.cli import VERBS, main
from detector.cli.options import INTERRUPTED

HEAVY = {
    "jinja2", "numpy", "pandas", "rich", "scipy", "sklearn", "skops", "torch", "tqdm",
    "transformers",
}  # fmt: skip


def run_alone(code: str) -> str:
    """What some code prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"detector, version {__version__}\n"


def test_help_names_every_verb_and_what_it_does() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    lines = shown[shown.index("Commands:") :].splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(VERBS) == sorted(VERBS)
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0
    assert f"Usage: main {verb}" in result.stdout


def test_an_unknown_verb_is_a_wrong_call() -> None:
    result = CliRunner().invoke(main, ["guess"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


@pytest.mark.parametrize(
    ("verb", "interrupted"),
    [
        (["info"], "detector.model.bundle.Bundle.open"),
        (["index", "info", "here"], "detector.references.index.ReferenceIndex.open"),
    ],
)
def test_a_verb_that_is_interrupted_says_so_with_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, verb: list[str], interrupted: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupted, interrupt)
    result = CliRunner().invoke(main, verb)
    assert (result.exit_code, result.stderr) == (INTERRUPTED, "\ninterrupted\n")


def test_starting_up_imports_nothing_heavy() -> None:
    modules = ", ".join(f"detector.cli.{verb.replace('-', '_')}" for verb in VERBS)
    code = f"import sys, {modules}; print(sorted({HEAVY} & set(sys.modules)))"
    assert run_alone(code) == "[]"


def test_a_verb_waits_for_no_other() -> None:
    others = {f"detector.cli.{verb}" for verb in VERBS if verb != "drift"}
    code = (
        "import sys; from detector.cli import main; "
        "main(['drift', '--help'], standalone_mode=False); "
        f"print(sorted({others} & set(sys.modules)))"
    )
    assert run_alone(code).endswith("[]")


def test_printing_a_verdict_loads_no_templates(tmp_path: Path, person_article: str) -> None:
    path = tmp_path / "article.txt"
    path.write_text(person_article, encoding="utf-8")
    code = (
        "import sys; from detector.cli import main; "
        f"main(['score', {str(path)!r}, '--color', 'always'], standalone_mode=False); "
        "print(sorted({'jinja2', 'rich', 'tqdm'} & set(sys.modules)))"
    )
    assert run_alone(code).endswith("[]")

"""What runs unwatched or elsewhere: the cron job of the page, the wheelhouse, the container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from detector.cli import VERBS
from detector.cli.drift import MOVED
from detector.cli.options import INTERRUPTED, SOME_FAILED, CannotRunError

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
MOST_INSTRUCTIONS = 10


# --------------------------------------------------------------------------------------
# The page
# --------------------------------------------------------------------------------------


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A folder as the job finds it: a day's articles, a baseline, the job itself."""
    folder = tmp_path / "articles"
    shutil.copytree(ROOT / "data" / "example_articles", folder / "incoming" / "day")
    job = re.findall(r"^```sh\n(#!.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    (tmp_path / "nightly.sh").write_text(job)
    assert run_job(tmp_path, "score", "articles/incoming/day", "--output", "b.parquet") == (0, "")
    (tmp_path / "b.parquet").rename(folder / "baseline.parquet")
    return tmp_path


def run_job(folder: Path, *command: str) -> tuple[int, str]:
    """The exit status and the standard output of the command, or of another program."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    call = "from detector.cli import main; main()"
    program = [] if command[0] == "bash" else [sys.executable, "-c", call]
    done = subprocess.run(
        [*program, *command], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("detector") is None, reason="the command is not installed")
def test_the_job_of_the_page_runs(articles: Path) -> None:
    pytest.importorskip("pyarrow")
    job = ("bash", "nightly.sh", "articles", "day")
    assert run_job(articles, *job) == (0, "")
    scored = articles / "articles" / "scored"
    assert sorted(path.name for path in scored.iterdir()) == ["day.drift.txt", "day.parquet"]
    assert "No movement" in (scored / "day.drift.txt").read_text()
    # A finished day is left alone, and its drift told again.
    before = (scored / "day.parquet").stat().st_mtime_ns
    (scored / "day.drift.txt").unlink()
    assert run_job(articles, *job) == (0, "")
    assert (scored / "day.parquet").stat().st_mtime_ns == before
    assert "No movement" in (scored / "day.drift.txt").read_text()
    # A feed that turns German moves the stream.
    german = "Der Stadtrat hat am Montag beschlossen, das Schwimmbad zu schließen.\n" * 5
    for n in range(12):
        (articles / "articles" / "incoming" / "day" / f"{n}.txt").write_text(f"{n} {german}")
    shutil.rmtree(scored)
    assert run_job(articles, *job)[0] == MOVED
    assert "not English" in (scored / "day.drift.txt").read_text()


def test_every_exit_code_stands_in_the_table() -> None:
    table = PAGE.split("## Exit codes")[1].split("## ")[0]
    rows = re.findall(r"^\| (\d+) \| .* \| (.*) \|$", table, re.MULTILINE)
    codes = {int(code) for code, _ in rows}
    assert codes == {0, SOME_FAILED, CannotRunError.exit_code, MOVED, INTERRUPTED}
    named = {verb.split()[0] for _, verbs in rows for verb in re.findall(r"`(.*?)`", verbs)}
    assert named <= set(VERBS)


# --------------------------------------------------------------------------------------
# The wheelhouse
# --------------------------------------------------------------------------------------

STUB = """\
#!/usr/bin/env bash
printf '%s\\n' "$@" > "$RECORD"
mkdir -p "$5" && touch "$5/a.whl"
"""


@pytest.mark.parametrize(
    ("extras", "asked"), [([], "[batch,parquet]"), (["spark"], "[spark]"), ([""], "")]
)
def test_the_wheelhouse_is_made_of_the_package_and_its_extras(
    tmp_path: Path, extras: list[str], asked: str
) -> None:
    stub, record = tmp_path / "python", tmp_path / "record"
    stub.write_text(STUB)
    stub.chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "deploy" / "make_wheelhouse.sh", "wheels", *extras],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHON": str(stub), "RECORD": str(record)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = ["-m", "pip", "wheel", "--wheel-dir", str(tmp_path / "wheels"), f"{ROOT}{asked}"]
    assert record.read_text().splitlines() == expected
    assert done.stdout.startswith("1 wheels, ")
    assert f"'mt-artifact-detector{asked}'" in done.stdout


def test_a_wheelhouse_needs_a_name(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", ROOT / "deploy" / "make_wheelhouse.sh"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "name the folder of the wheels" in done.stderr


# --------------------------------------------------------------------------------------
# The container
# --------------------------------------------------------------------------------------


def read_instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        (name, " ".join(rest.split())) for name, rest in (line.split(None, 1) for line in lines)
    ]


def test_the_container_takes_ten_instructions() -> None:
    instructions = read_instructions()
    assert len(instructions) <= MOST_INSTRUCTIONS
    known = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions} <= known
    assert instructions[0][0] == "FROM"


def test_the_container_is_built_of_what_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    instructions = read_instructions()
    runs = " ".join(rest for name, rest in instructions if name == "RUN")
    extras = re.findall(rf"{project['name']}\[(.*?)\]", runs)[0]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    script = re.findall(r"/source/(\S+) /wheels (\S+)", runs)[0]
    assert os.access(ROOT / script[0], os.X_OK)
    assert script[1] == extras
    images = [rest.split(" ")[0] for name, rest in instructions if name == "FROM"]
    lowest = project["requires-python"].removeprefix(">=")
    assert images == [f"python:{lowest}", f"python:{lowest}-slim"]
    assert dict(instructions)["ENTRYPOINT"] == '["detector"]'
    assert "detector" in project["scripts"]


def test_the_container_gets_what_the_wheel_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert all((ROOT / name).exists() for name in let_in)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert {*wheel, "pyproject.toml", settings["project"]["readme"], "LICENSE"} <= let_in

"""README and the pages of docs say what is so: their commands run, their tables and links hold.

A command that is followed by a block of output is run, and must print what the block shows. Figures
may differ a little from processor to processor; a line of one ellipsis stands for lines left out.
"""

from __future__ import annotations

import html
import os
import pty
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from detector import __version__
from detector.cli import main

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for glob in ("*.md", "docs/**/*.md", "data/*.md", "benchmarks/*.md")
    for path in ROOT.glob(glob)
)
#: Seconds, rates, and what depends on the place where a model was written.
VARYING = re.compile(r"^.*inputs a second.*$|mine@[0-9a-f]+", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
ESCAPE = re.compile(r"\033\[[\d;]*m")


def read_page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def find_blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def find_output(page: str, start: str) -> tuple[str, str]:
    """The block of commands that holds `start`, and the next block, which shows their output."""
    pattern = r"^```sh\n(INSIDE)^```$INSIDE^```\n(INSIDE)^```$".replace("INSIDE", r"(?:(?!^```).)*")
    for commands, shown in re.findall(pattern, page, re.DOTALL | re.MULTILINE):
        if start in commands:
            return commands, shown
    raise AssertionError(f"no block of commands holds {start!r}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which commands of the pages can run and write."""
    for name in ("data", "train.py", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    # Models are written beside the shipped ones.
    (tmp_path / "models").unlink()
    (tmp_path / "models").mkdir()
    for folder in (ROOT / "models").iterdir():
        (tmp_path / "models" / folder.name).symlink_to(folder)
    return tmp_path


def describe_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DETECTOR_MODEL", "NO_COLOR")}
    commands = Path(sys.executable).parent
    return kept | {
        "PATH": f"{commands}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "TERM": "xterm-256color",
    }


def run(commands: str, folder: Path) -> tuple[int, str]:
    """The exit status of commands, and what they print: standard output, then standard error."""
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{commands}"],
        cwd=folder, env=describe_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def run_in_terminal(command: str, folder: Path) -> str:
    """What a terminal of 100 columns shows, escape sequences and all."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=describe_environment(),
        stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b"".join(_read_terminal(ours))
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def _read_terminal(descriptor: int) -> Iterator[bytes]:
    try:
        while part := os.read(descriptor, 65536):
            yield part
    except OSError:  # Linux says so when the other end is closed
        return


def assert_alike(printed: str, shown: str) -> None:
    """Word for word the same, figures nearly; where `shown` leaves lines out, so does this."""
    printed, shown = (VARYING.sub("", text) for text in (printed, shown))
    at = 0
    for part in re.split(r"^…\n", shown, flags=re.MULTILINE):
        pattern = NUMBER.sub("§", part)
        found = NUMBER.sub("§", printed).find(pattern, at)
        assert found >= 0, f"not printed:\n{part}\nbut:\n{printed}"
        before = NUMBER.sub("§", printed)[:found].count("§")
        numbers = _read_numbers(part)
        theirs = _read_numbers(printed)[before : before + len(numbers)]
        assert theirs == pytest.approx(numbers, rel=0.02, abs=0.02)
        at = found + len(pattern)


def _read_numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def test_readme_is_read_in_three_minutes() -> None:
    assert len(read_page("README.md").split()) <= 900


def test_readme_shows_a_line_for_each_article(checkout: Path) -> None:
    commands, shown = find_output(read_page("README.md"), "pip install . && detector score")
    printed = run_in_terminal(commands.strip().split("&& ")[-1], checkout)
    assert_alike(ESCAPE.sub("", printed), shown)
    assert len(shown.splitlines()) == 3


def test_readme_shows_what_the_terminal_shows(checkout: Path) -> None:
    readme = read_page("README.md")
    commands, shown = find_output(readme, "detector score data/example_articles/spun.txt")
    printed = run_in_terminal(commands.strip().splitlines()[-1].split("&& ")[-1], checkout)
    assert "\033[" in printed
    printed = ESCAPE.sub("", printed)
    assert_alike(printed, shown)
    picture = read_page("docs/terminal.svg")
    drawn = [
        html.unescape(re.sub(r"<[^>]*>", "", line))
        for line in re.findall(r"<text .*?</text>", picture)
    ]
    assert drawn == printed.splitlines()[: len(drawn)]
    assert len(drawn) > 10


def test_readme_python_prints_what_is_shown(checkout: Path) -> None:
    readme = read_page("README.md")
    (code,) = find_blocks(readme, "python")
    shown = readme.split(code)[1].split("```")[2].lstrip("\n")
    (checkout / "snippet.py").write_text(code, encoding="utf-8")
    status, printed = run("python snippet.py", checkout)
    assert status == 0, printed
    assert_alike(printed, shown)


@pytest.mark.slow
def test_readme_retrains(checkout: Path) -> None:
    (commands,) = [b for b in find_blocks(read_page("README.md"), "sh") if "train.py" in b]
    page = read_page("docs/retraining.md")
    assert commands in find_blocks(page, "sh")
    _, shown = find_output(page, "train.py --pairs")
    code, printed = run(commands, checkout)
    assert code == 0, printed
    assert_alike(printed, shown)
    assert "data/example_articles/translated.txt\n" in printed


@pytest.mark.parametrize(
    ("start", "code"),
    [("--references", 0), ("detector cluster", 0), ("printf", 1), ("--summary scored.json", 0)],
)
def test_usage_shows_what_the_command_prints(checkout: Path, start: str, code: int) -> None:
    commands, shown = find_output(read_page("docs/usage.md"), start)
    status, printed = run(commands, checkout)
    assert status == code, printed
    assert_alike(printed, shown)


def test_usage_shows_what_compare_shows(checkout: Path) -> None:
    commands, shown = find_output(read_page("docs/usage.md"), "detector compare data")
    printed = ESCAPE.sub("", run_in_terminal(commands, checkout))
    assert_alike(printed, shown)


def test_retraining_shows_the_steps(checkout: Path) -> None:
    commands, shown = find_output(read_page("docs/retraining.md"), "--list-steps")
    status, printed = run(commands, checkout)
    assert status == 0, printed
    assert_alike(printed, shown)


def test_every_command_of_readme_is_run_or_installs() -> None:
    tested = ("detector score data/example_articles/", "python train.py --pairs",
              "detector score --model models/mine", "pip install", "python3 -m venv",
              "python -m pytest")  # fmt: skip
    for block in find_blocks(read_page("README.md"), "sh"):
        for command in re.split(r" && |\n", block.strip()):
            assert command.startswith((*tested, ". .venv/bin/activate")), command


def test_verbs_and_options_of_usage_exist() -> None:
    page = read_page("docs/usage.md")
    context = click.Context(main)
    verbs = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert set(re.findall(r"^detector ([\w-]+)", page, re.MULTILINE)) == set(verbs)
    known = {o for verb in verbs.values() if verb for p in verb.params for o in p.opts}
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) - {"--help", "--partitions"}
    assert mentioned <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_are_named_exist(page: Path) -> None:
    pattern = r"`(?:python )?((?:benchmarks|data|detector|docs|tests)/[\w./-]+)"
    for name in set(re.findall(pattern, page.read_text(encoding="utf-8"))):
        if not re.search("[A-Z]{4,}", name.removesuffix("README.md")):  # FORMAT.py and the like
            assert (ROOT / name).exists(), name


def test_every_decision_is_in_its_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("0*.md"):
        title = path.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1]
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in index


@pytest.fixture
def fill_tables() -> Callable[[str, dict[str, str]], str]:
    """What fills the tables of docs/measured.md."""
    found: Callable[[str, dict[str, str]], str] = runpy.run_path(
        str(ROOT / "docs" / "measured_tables.py")
    )["fill_tables"]
    return found


def test_measured_tables_are_those_of_the_model_cards(
    fill_tables: Callable[[str, dict[str, str]], str],
) -> None:
    paths = {name: ROOT / "models" / name / "model_card.md" for name in ("default", "accurate")}
    if not paths["accurate"].is_file():
        pytest.skip("a source distribution has no accurate model")
    cards = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    page = read_page("docs/measured.md")
    assert fill_tables(page, cards) == page
    for name, least in (("default", 100), ("accurate", 50)):
        # Other cells in all rows but heads, which a line of dashes follows.
        rows = re.compile(r"^(?!.*\n\| ---)(\| (?!---)[^|]*\|).*$", re.MULTILINE)
        others = cards | {name: rows.sub(r"\1 8 |", cards[name])}
        changed = zip(page.splitlines(), fill_tables(page, others).splitlines(), strict=True)
        assert sum(old != new for old, new in changed) > least


def test_a_table_that_no_card_has_is_named(
    fill_tables: Callable[[str, dict[str, str]], str],
) -> None:
    page = "## Documents\n\n| what | AUROC |\n| --- | --- |\n| essays | .9 |\n"
    card = "| what | AUROC |\n| --- | --- |\n| talks | .8 |\n"
    with pytest.raises(ValueError, match="essays"):
        fill_tables(page, {"default": card})


def test_rooms_of_the_architecture_page_are_the_folders() -> None:
    page = read_page("docs/architecture.md")
    described = set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE))
    folders = {p.name for p in (ROOT / "detector").iterdir() if (p / "__init__.py").is_file()}
    assert described == folders


def test_citation_and_changelog_name_this_version() -> None:
    assert f"\nversion: {__version__}\n" in read_page("CITATION.cff")
    assert __version__ in read_page("CHANGELOG.md")

"""The package as a stranger gets it: built, installed alone, used away from the checkout."""

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent

#: Of a base install, without the tools that install it; README says what it takes.
MOST_MEGABYTES = 300

ARTICLE = """Ferry Service Returns After Winter Repairs

The island ferry will sail again on Saturday, three weeks after a cracked propeller shaft put it
in dry dock and left some 400 residents waiting on a mail boat. "We're as tired of it as they
are," said Ruth Calloway, who runs the terminal. She wouldn't guess what the repair had cost, but
said the county had already set aside $1.2 million for the season.

Schoolchildren have been the worst hit. About 30 of them ride the first boat each morning, and
since January they've boarded with families on the mainland or followed lessons from their
kitchens. Tom Brandt, who teaches maths to the older ones, said the first week felt like a
holiday and the second didn't.

The spare shaft came from a yard that closed in 2009. Nobody could find the drawings, so a
retired engineer measured it by hand. Calloway said she'd bought him a pie.
"""


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run away from the checkout, with nothing that could lead back to it."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DETECTOR_MODEL", "PYTHONPATH")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is built out of it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "-o", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel, what it depends on, and no more."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    done = run(commands / "python", "-m", "pip", "install", "-q", distributions[1], cwd=folder)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"no packages to be had: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return commands


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_its_model(distributions: tuple[Path, Path]) -> None:
    names = set(ZipFile(distributions[1]).namelist())
    assert {
        "detector/__init__.py",
        "detector/cli/score.py",
        "detector/presentation/html/assets/report.css",
        "detector/presentation/html/templates/page.html",
        "detector/models/default/manifest.json",
        "detector/py.typed",
        "detector/training/__init__.py",
    } <= names
    assert not any("replay/" in name for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "detector",
        "mt_artifact_detector",
    }


@pytest.mark.slow
def test_the_source_archive_can_be_tested_and_retrained(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {"/".join(name.split("/")[1:]) for name in archive.getnames()}
    assert {
        "LICENSE",
        "README.md",
        "models/default/manifest.json",
        "models/replay/manifest.json",
        "pyproject.toml",
        "tests/test_wheel.py",
        "train.py",
    } <= names


@pytest.mark.slow
def test_the_installed_command_scores_and_compares_without_extras(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "article.txt").write_text(ARTICLE, encoding="utf-8")
    done = run(installed / "detector", "score", "article.txt", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"id": "article.txt", "probability": 0.' in done.stdout
    assert '"reason": null' in done.stdout

    listed = run(installed / "python", "-m", "pip", "list", "--format", "freeze", cwd=tmp_path)
    packages = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}
    assert "onnxruntime" in packages
    assert packages.isdisjoint({"joblib", "pandas", "scikit-learn", "scipy", "torch", "pyarrow"})

    (tmp_path / "copy.txt").write_text(ARTICLE.replace("cracked", "broken"), encoding="utf-8")
    done = run(installed / "detector", "compare", "copy.txt", "article.txt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "broken" in done.stdout


@pytest.mark.slow
def test_the_installation_is_small(installed: Path, tmp_path: Path) -> None:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip())
    tools = ("pip", "setuptools", "pkg_resources")
    used = sum(
        path.stat().st_blocks // 2
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(tools)
    )
    assert used <= MOST_MEGABYTES * 1024


@pytest.mark.slow
def test_the_installed_command_shows_its_card(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "detector", "info", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("model: ")

"""The reference: it can be built, names every public module, and has no dead link."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pdoc", reason="pdoc is not installed: the extra [dev]")

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "docs" / "api" / "build.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run([sys.executable, BUILD, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_public_name_has_its_place(folder: Path) -> None:
    import detector

    page = (folder / "detector.html").read_text(encoding="utf-8")
    missing = {name for name in detector.__all__ if f'id="{name}"' not in page} - {"__version__"}
    assert not missing
    assert "share of human articles that may be flagged by mistake" in page
    index = (folder / "detector" / "results.html").read_text(encoding="utf-8")
    assert 'href="../detector.html"' in index


def test_the_page_about_it_names_its_modules() -> None:
    about = (ROOT / "docs" / "api" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(detector[\w.]*)`", about))
    listed = re.findall(r'^    "(detector[\w.]*)",$', BUILD.read_text(encoding="utf-8"), re.M)
    assert len(listed) > 10
    for module in listed:
        rooms = {module, module.rsplit(".", 1)[0]} - {"detector"} or {"detector"}
        assert rooms & named, module


def test_what_the_pages_import_is_listed() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    imported = set(re.findall(r"^from (detector[\w.]*) import", text, re.MULTILINE))
    listed = re.findall(r'^    "(detector[\w.]*)",$', BUILD.read_text(encoding="utf-8"), re.M)
    assert len(imported) >= 4
    for module in imported:
        assert any(f"{name}.".startswith(f"{module}.") for name in listed), module


def test_a_dead_link_is_found(folder: Path, tmp_path: Path) -> None:
    find_dead_links = runpy.run_path(str(BUILD))["find_dead_links"]
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a> <a href="#here">a')
    (tmp_path / "b.html").write_text('<a href="c.html">c</a> <a href="https://example.org">w</a>')
    assert sorted(find_dead_links(tmp_path)) == ["a.html: b.html#there", "b.html: c.html"]
    assert find_dead_links(folder) == []

"""An extractor of main texts that needs no library."""

from __future__ import annotations

from pathlib import Path

import pytest

import detector.io.readers.html as html_reader

STAND_IN = """
import os, time

def extract(page, url):
    if "hang" in page:
        time.sleep(3600)
    if "spin" in page:
        while True: pass
    if "devour" in page:
        held = bytearray(10**12)
    if "die" in page:
        os._exit(3)
    if "fail" in page:
        raise ValueError("no good")
    if "print" in page:
        print("between the answers")
    text = page.split("<body>")[-1].split("</body>")[0]
    return {"text": text, "title": str(os.getpid()), "url": url}
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extractor that does what a page tells it to, and needs no library."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stand_in.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(html_reader, "_EXTRACTOR", "stand_in:extract")

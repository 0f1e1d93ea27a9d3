"""Make the reference of the public modules from their docstrings, and check its links.

    python docs/api/build.py [FOLDER]

FOLDER, docs/api/html unless told, then holds index.html. Nothing is fetched.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pdoc
import pdoc.render

import detector

#: What callers import; the rest may change without notice.
MODULES = (
    "detector",
    "detector.results",
    "detector.choices",
    "detector.columns",
    "detector.errors",
    "detector.batch.engine",
    "detector.batch.frame",
    "detector.batch.judge",
    "detector.batch.spark",
    "detector.clusters.grouping",
    "detector.clusters.spark",
    "detector.io.readers",
    "detector.monitoring.drift",
    "detector.presentation.html",
    "detector.references.index",
)


class _Page(HTMLParser):
    """The links of a page, and the places in it that links may lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where the element leads, and its place."""
        attributes = dict(attrs)
        if place := attributes.get("id"):
            self.places.add(place)
        if link := attributes.get("href"):
            self.links.append(link)


def build(folder: Path, modules: Iterable[str] = MODULES) -> None:
    """Write the pages; whatever cannot be documented is an error."""
    for name in detector.__all__:
        getattr(detector, name)  # imported when first used, and pdoc looks at what is there
    pdoc.render.configure(docformat="google", show_source=False, footer_text=detector.__version__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc(*modules, output_directory=folder)


def find_dead_links(folder: Path) -> list[str]:
    """Links that lead to no page or to no place of it; those to the web are not followed."""
    pages = {path.resolve(): _Page(path) for path in folder.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            if link.startswith(("https://", "data:")):
                continue
            target, place = urldefrag(unquote(link))
            other = (path.parent / target).resolve() if target else path
            if other not in pages or (place and place not in pages[other].places):
                dead.append(f"{path.relative_to(folder.resolve())}: {link}")
    return dead


def main() -> int:
    """Build and check; 1 where a link is dead."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "html"
    build(folder)
    dead = find_dead_links(folder)
    print("\n".join([*dead, f"{len(list(folder.rglob('*.html')))} pages in {folder}"]))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())

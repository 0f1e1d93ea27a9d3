"""Pages, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from detector.io.readers import BadInput, Record


def make_page(body: str) -> str:
    return f"<html><body>{body}</body></html>"


def write_pages(folder: Path, bodies: list[str]) -> list[str]:
    paths = [folder / f"{number}.html" for number in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text(make_page(body))
    return [str(path) for path in paths]


def outline(items: list[Record | BadInput]) -> list[str]:
    return [item.text if isinstance(item, Record) else item.reason for item in items]

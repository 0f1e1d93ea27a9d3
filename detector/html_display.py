"""Results as HTML in notebooks: drawn by what the package registers, rooms above."""

from __future__ import annotations

from typing import Any, Protocol


class Renderer(Protocol):
    """Draws a result as markup that needs nothing from outside."""

    def __call__(self, result: Any, *texts: str | None) -> str:
        """The markup of a verdict or comparison; with the texts it is about, these too."""


_registered: list[Renderer] = []


def set_renderer(renderer: Renderer) -> None:
    """Have results drawn by this from now on; ``detector/__init__.py`` does so once."""
    _registered[:] = [renderer]


class ShownAsHtml:
    """A result that a notebook shows as HTML: Jupyter asks for `_repr_html_`."""

    def _repr_html_(self) -> str:
        return self._render_html()

    def _render_html(self, *texts: str | None) -> str:
        (renderer,) = _registered
        return renderer(self, *texts)

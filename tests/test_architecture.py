"""The tree stays one to find one's way in: no circle, no crowded room, no endless module."""

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

PACKAGE = Path(__file__).parent.parent / "detector"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_MODULES_IN_A_ROOM, MOST_LINES, MOST_LINES_OF_MEDIAN_FUNCTION = 12, 500, 12


def test_no_circle_of_imports() -> None:
    graph = grimp.build_graph("detector", cache_dir=None)
    TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) - {name} for name in graph.modules}
    ).prepare()  # raises CycleError, which names the circle


def test_no_room_has_more_than_a_dozen_modules() -> None:
    rooms = Counter(module.parent for module in MODULES if module.name != "__init__.py")
    crowded = {str(room): count for room, count in rooms.items() if count > MOST_MODULES_IN_A_ROOM}
    assert not crowded


def test_no_module_is_longer_than_a_reader_bears() -> None:
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {path: count for path, count in lines.items() if count > MOST_LINES}


def test_functions_are_short() -> None:
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert median(lengths) <= MOST_LINES_OF_MEDIAN_FUNCTION

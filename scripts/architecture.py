"""Draw the graph of nnbench's packages from their imports: `python scripts/architecture.py [--check]`.

A package stands above all that it imports. An arrow that follows from others is left out (A imports B and C, B imports C:
A to C is not drawn), so that the rest can be followed by eye. The drawing depends on the imports alone: the same code gives
the same file on every machine.
"""

import argparse
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
IMAGE = ROOT / "docs" / "images" / "architecture.svg"
COMMAND = "python scripts/architecture.py"

BOX = 132, 40  # pixels
GAP = 28, 52  # between boxes, between rows
MARGIN = 16
STYLE = """
  text { font: 15px system-ui, sans-serif; text-anchor: middle; fill: #1f2328 }
  rect { fill: #eef3f8; stroke: #41658a; stroke-width: 1.2 }
  line { stroke: #57606a; stroke-width: 1.3; marker-end: url(#head) }
"""

Imports = dict[str, frozenset[str]]


def main(arguments: list[str] | None = None) -> int:
    """Draw the graph, or compare it with the stored one.

    Returns:
        The exit status: 0, 1 if the stored drawing is not that of the imports, 2 for a mistake in the command.
    """
    parser = argparse.ArgumentParser(prog=COMMAND, description="Draw the graph of nnbench's packages from their imports.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the stored drawing is out of date")
    check = parser.parse_args(arguments).check
    drawing = draw(package_imports())
    name = IMAGE.relative_to(ROOT).as_posix()
    if check:
        if IMAGE.is_file() and IMAGE.read_text(encoding="utf-8") == drawing:
            return 0
        print(f"{name} is out of date: run {COMMAND}", file=sys.stderr)
        return 1
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    IMAGE.write_text(drawing, encoding="utf-8")
    print(name)
    return 0


def package_imports() -> Imports:
    """Which packages each package imports directly.

    `nnbench/__init__.py` and `nnbench/__main__.py` are modules of no package, and are left out.
    """
    graph = grimp.build_graph("nnbench", "hydra_plugins", cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        if (package := _package(module, graph.modules)) is None:
            continue
        of = found.setdefault(package, set())
        for imported in graph.find_modules_directly_imported_by(module):
            if (other := _package(imported, graph.modules)) is not None and other != package:
                of.add(other)
    return {package: frozenset(found[package]) for package in sorted(found)}


def _package(module: str, modules: set[str]) -> str | None:
    first, *below = module.split(".")
    if first == "hydra_plugins":
        return first
    if not below or not any(other.startswith(f"{first}.{below[0]}.") for other in modules):
        return None
    return below[0]


def reduced(imports: Imports) -> Imports:
    """The imports without those that follow from others: the transitive reduction of a graph without cycles."""
    return {
        package: frozenset(one for one in direct if not any(one in _below(imports, other) for other in direct - {one}))
        for package, direct in imports.items()
    }


def _below(imports: Imports, package: str) -> frozenset[str]:
    """All that a package imports, directly or not."""
    return imports[package].union(*(_below(imports, one) for one in imports[package]))


def rows(imports: Imports) -> list[list[str]]:
    """The packages from the top row to the bottom one, each a row above the highest of those that it imports.

    Within a row they stand in the order of the mean position of those that import them, so that few arrows cross.
    """

    def height(package: str) -> int:
        return max((height(one) + 1 for one in imports[package]), default=0)

    heights = {package: height(package) for package in imports}
    found: list[list[str]] = []
    place: dict[str, float] = {}

    def wanted(package: str) -> tuple[float, str]:
        above = [place[other] for other in place if package in imports[other]]
        return sum(above) / len(above) if above else 0.0, package

    for level in range(max(heights.values()), -1, -1):
        row = sorted((package for package in imports if heights[package] == level), key=wanted)
        place |= {package: at - (len(row) - 1) / 2 for at, package in enumerate(row)}
        found.append(row)
    return found


def draw(imports: Imports) -> str:
    """The graph as an SVG document."""
    arrows = reduced(imports)
    levels = rows(arrows)
    width = 2 * MARGIN + max(len(row) for row in levels) * (BOX[0] + GAP[0]) - GAP[0]
    height = 2 * MARGIN + len(levels) * (BOX[1] + GAP[1]) - GAP[1]
    size = f"{width:g}", f"{height:g}"
    centre: dict[str, tuple[float, float]] = {}
    for level, row in enumerate(levels):
        for at, package in enumerate(row):
            x = width / 2 + (at - (len(row) - 1) / 2) * (BOX[0] + GAP[0])
            centre[package] = x, MARGIN + BOX[1] / 2 + level * (BOX[1] + GAP[1])
    lines = [_arrow(centre[package], centre[one]) for package in arrows for one in sorted(arrows[package])]
    boxes = [_box(package, *centre[package]) for row in levels for package in row]
    head = '<path d="M 0 0 L 8 4 L 0 8 z" fill="#57606a"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" height="{size[1]}">',
            "<title>The packages of nnbench: an arrow points to what is imported</title>",
            f"<style>{STYLE}</style>",
            f'<defs><marker id="head" markerWidth="8" markerHeight="8" refX="8" refY="4" orient="auto">{head}</marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" style="fill: #fff; stroke: none"/>',
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """From the lower edge of one box to the upper edge of another."""
    half = BOX[1] / 2
    return f'<line x1="{start[0]:g}" y1="{start[1] + half:g}" x2="{end[0]:g}" y2="{end[1] - half:g}"/>'


def _box(name: str, x: float, y: float) -> str:
    left, top = x - BOX[0] / 2, y - BOX[1] / 2
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{BOX[0]}" height="{BOX[1]}" rx="6"/>'
        f'<text x="{x:g}" y="{y + 5:g}">{name}</text>'
    )


if __name__ == "__main__":
    sys.exit(main())

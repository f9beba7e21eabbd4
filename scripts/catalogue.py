"""Write docs/catalogue.md from the docstrings, the YAML files and the tests: `python scripts/catalogue.py [--check]`.

An entry has what its class says of itself, its parameters with the values of its YAML file, their ranges and search space, the
comments of these files, which cite the sources of the values and of the space, and the tests that name it. The page depends on
the repository alone: the same code gives the same page on every machine.
"""

import argparse
import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from nnbench import datasets, optimizers, schedules
from nnbench.config.check import describe_field
from nnbench.core.declarations import fields_without_post_init

ROOT = Path(__file__).parents[1]
CONF, TESTS, PAGE = ROOT / "conf", ROOT / "tests", ROOT / "docs" / "catalogue.md"
GENERAL = {"test_conformance", "test_laws", "test_registry", "__init__"}  # test files about all entries
COMMAND = "python scripts/catalogue.py"
INTRODUCTION = f"""# Catalogue

Every optimizer, schedule, dataset and problem of the project. `{COMMAND}` makes this page, and CI fails if it is
out of date.

A value is that of the YAML file in `conf/`, or else the default of the class. *Values* and *Search space* say where the values
and the bounds are from; *chosen here* are those that the sources do not give. *Tests* are the files of `tests/` about the
entry; tests of conformance and the laws include every entry besides. PyTorch's optimizers (`optimizer=torch.AdamW`) have
their own documentation.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare it with the stored one.

    Returns:
        The exit status: 0, 1 if the stored page is out of date, 2 for a mistake in the command.
    """
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write docs/catalogue.md from docstrings, YAML and tests.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the stored page is out of date")
    check = parser.parse_args(arguments).check
    page = "\n".join(catalogue())
    if not check:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print(f"{PAGE.relative_to(ROOT).as_posix()}: is out of date; write it with {COMMAND}", file=sys.stderr)
        return 1
    return 0


def catalogue() -> Iterator[str]:
    """Yield the blocks of the page."""
    yield INTRODUCTION
    yield from _classes("Optimizers", "optimizer", optimizers.known(), optimizers.find)
    yield from _classes("Schedules", "schedule", schedules.known(), schedules.find)
    yield from _classes("Datasets", "dataset", datasets.known(), datasets.find)
    yield from _problems()


def _problems() -> Iterator[str]:
    """Yield a problem's YAML file, the tests of its dataset and of what it separates, and its section in docs/problems.md."""
    yield "## Problems\n"
    for path in sorted((CONF / "problem").rglob("*.yaml")):
        name = path.relative_to(CONF / "problem").with_suffix("").as_posix()
        problem = name.rpartition("/")[2]  # of which a held-out problem is a variant
        defaults = yaml.safe_load((CONF / "problem" / f"{problem}.yaml").read_text(encoding="utf-8"))["defaults"]
        dataset = next(one["override /dataset"] for one in defaults if "override /dataset" in one)
        yield f"### problem={name}\n"
        yield f"```yaml\n{path.read_text(encoding='utf-8').strip()}\n```\n"
        yield f"What it separates: [{problem}](problems.md#{problem}). {_list(_tests('dataset', dataset, problem))}\n"


def _classes(title: str, group: str, known: tuple[str, ...], find: Callable[[str], type[Any]]) -> Iterator[str]:
    yield f"## {title}\n"
    for name in known:
        kind = find(name)
        yield f"### {group}={name}\n"
        yield f"```text\n{inspect.getdoc(kind)}\n```\n"
        given, space = _yaml(group, name), _yaml("space", name) if group == "optimizer" else {}
        rows = [_row(kind, one, given, space) for one in fields(kind) if one.init]
        if rows:
            yield "| parameter | value | allowed | search space |\n|---|---|---|---|"
            yield "\n".join(rows) + "\n"
        for title, folder in (("Values", group), ("Search space", "space"))[: 2 if group == "optimizer" else 0]:
            if comment := _comment(folder, name):
                yield f"{title}: {comment}\n"
        if files := _tests(group, name):
            yield f"{_list(files)}\n"


def _row(kind: type[Any], field: Any, given: dict[str, Any], space: dict[str, Any]) -> str:
    """Return a row of the table of parameters."""
    default = field.default_factory() if callable(field.default_factory) else field.default
    value = given.get(field.name, default)
    allowed = describe_field(fields_without_post_init(kind), field.name)  # type: ignore[arg-type]  # a class is hashable
    axis = space.get(field.name, {})
    if axis.get("kind") == "choice":
        searched = ", ".join(map(_text, axis["values"]))
    else:
        searched = f"{_text(axis['low'])} to {_text(axis['high'])}, {axis['kind']}" if axis else ""
    return f"| `{field.name}` | {_text(value)} | {allowed} | {searched} |"


def _text(value: Any) -> str:
    if isinstance(value, str):
        try:
            return f"{float(value):g}"  # 1e-4, which YAML reads as text
        except ValueError:
            return value
    return f"{value:g}" if isinstance(value, float) else "null" if value is None else str(value).lower()


def _yaml(group: str, name: str) -> dict[str, Any]:
    path = CONF / group / f"{name}.yaml"
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return tree


def _comment(group: str, name: str) -> str:
    """Return the lines of comment at the top of a YAML file as one paragraph."""
    path = CONF / group / f"{name}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return " ".join(line.removeprefix("# ") for line in takewhile(lambda line: line.startswith("#"), lines))


def _list(files: list[str]) -> str:
    return f"Tests: {', '.join(f'`{file}`' for file in files)}."


def _tests(group: str, name: str, *texts: str) -> list[str]:
    """Return the test files of a group that import a class's module, or hold its name or a text, or are called so."""
    module = f"nnbench.{group}s.{name}"
    return [
        path.relative_to(ROOT).as_posix()
        for path in sorted((TESTS / f"{group}s").rglob("*.py"))
        if path.stem not in GENERAL and (path.stem == name or {name, module, *texts} & _names(path))
    ]


@cache
def _names(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, and its texts."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return frozenset(found)


if __name__ == "__main__":
    sys.exit(main())

"""Digests of the source that decides a run's numbers: a class with the user's own code that it imports, and nnbench's own.

Imports are followed in the text, those within functions too, so nothing depends on what has been imported before. Comments,
layout and docstrings are no part of a digest, nor is a top-level function or class that nothing refers to: of two optimizers
in one file, an edit of one leaves the other as it was. Of files of data that the text names, the content is part of it, see
`nnbench.config.data_files`.
"""

import ast
import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import decode_source, resolve_name
from pathlib import Path

from nnbench.config.data_files import data_files

ROOT = "nnbench.training.execute"  # with what it imports of nnbench, it decides the numbers of every run
# What that imports but can change no number.
EXCLUDED = frozenset(
    f"nnbench{name}"
    for name in (
        *("", ".config", ".config.schema", ".config.source", ".core", ".core.registry", ".core.errors", ".core.constraints"),
        *(".records", ".records.boundary"),
    )
)
ALL = "*"  # every name of a module
# Where these are named, a definition may be in use that nothing refers to by its name.
_LOOKUPS = frozenset({"globals", "locals", "vars", "getattr", "eval", "exec", "__subclasses__", "__init_subclass__"})
_IMPORTERS = frozenset({"import_module", "__import__"})
_IGNORED = frozenset({"ctx", "kind", "type_comment"})  # fields of a syntax tree that say nothing of what it does
_LENGTH = 16  # hexadecimal digits of a digest
_CODE = slice(8, _LENGTH)  # those of them that tell of the code alone


@dataclass(frozen=True)
class Source:
    """What decides the numbers of an optimizer, of a dataset, or of nnbench.

    Attributes:
        digest: equal for sources that do the same; the second half of it, see `code_digest`, whatever files of data hold.
        files: the text of each module by its path, such as `my/opts.py`.
    """

    digest: str
    files: Mapping[str, str] = field(compare=False)


@cache
def source_of(kind: type, named: str) -> Source:
    """The source of an optimizer or a dataset: its modules, and what these import of the user's own code.

    Code of the standard library and of installed packages is left out, unless the class itself is installed.

    Args:
        kind: the class.
        named: how the config calls it, such as `adam` or `my.opts:Lion`.

    Raises:
        OSError: the source of the class's own module cannot be found.
    """
    home = kind.__module__.partition(".")[0]
    if home == "__main__" or _locate(kind.__module__) is None:
        raise OSError(f"there is no source file of {kind.__module__}")
    names: dict[str, set[str]] = {}
    for cls in kind.__mro__:
        names.setdefault(cls.__module__, set()).add(cls.__qualname__.partition(".")[0])
    module, colon, attribute = named.partition(":")
    if colon:
        names.setdefault(module, set()).add(attribute)
    return _digest(_closure(names, home, frozenset(_core()) | EXCLUDED))


def code_digest(digest: str) -> str:
    """What of a digest tells of the code alone, without the files of data that it reads, which the code itself may change."""
    return digest[_CODE]


@cache
def nnbench_source() -> Source:
    """nnbench's own: the training loop, the network, the seeding, and what optimizers and datasets have in common."""
    return _digest(_core())


@dataclass(frozen=True)
class _Module:
    """A module of the user's own, or of nnbench.

    Attributes:
        content: of its file.
        tree: None where it is no Python source, such as an extension module.
        package: what its relative imports start from.
    """

    name: str
    path: Path
    content: bytes
    tree: ast.Module | None
    package: str


# A module with those of its statements that count.
_Closure = Mapping[str, tuple[_Module, Sequence[ast.stmt]]]


@cache
def _core() -> _Closure:
    return _closure({ROOT: {ALL}}, "nnbench", EXCLUDED, whole=True)


def _closure(start: Mapping[str, set[str]], home: str, aside: frozenset[str], *, whole: bool = False) -> _Closure:
    """The modules that some names of modules depend on.

    Args:
        start: names by module.
        home: the top-level package that counts wherever it is installed.
        aside: modules that do not count.
        whole: of a module, all counts.
    """
    found: dict[str, tuple[_Module, Sequence[ast.stmt]]] = {}
    wanted: dict[str, set[str]] = {}
    queue = list(start.items())
    while queue:
        name, names = queue.pop()
        if name in wanted and (whole or names <= wanted[name]):
            continue
        if parent := name.rpartition(".")[0]:
            queue.append((parent, set()))
        wanted.setdefault(name, set()).update({ALL} if whole else names)
        if name in aside or not _counts(name.partition(".")[0], home) or (module := _read(name)) is None:
            continue
        kept = _kept(module.tree, wanted[name]) if module.tree else []
        found[name] = module, kept
        queue += _imports(module, kept, wanted[name] | (set() if whole else _mentions(kept)))
    return found


def _kept(tree: ast.Module, wanted: set[str]) -> Sequence[ast.stmt]:
    """The statements of a module but for definitions that neither `wanted` nor another kept statement names."""
    if ALL in wanted or _mentions(tree.body) & _LOOKUPS:
        return tree.body
    kept = [node for node in tree.body if not _is_inert(node)]
    known: set[str] = set()
    while (named := wanted | _mentions(kept)) != known:
        known = named
        kept = [node for node in tree.body if not _is_inert(node) or getattr(node, "name", "") in named]
    return kept


def _is_inert(node: ast.stmt) -> bool:
    """Whether a statement does nothing but define what somebody may use."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.decorator_list and not node.name.startswith("__")
    if not isinstance(node, ast.ClassDef) or node.keywords:
        return False
    called = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
    return all("dataclass" in (getattr(mark, "id", ""), getattr(mark, "attr", "")) for mark in called)


def _mentions(nodes: Sequence[ast.stmt]) -> set[str]:
    """All names in some statements, also those of attributes and in strings, but for the list `__all__`."""
    found = set()
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            continue
        for inner in ast.walk(node):
            match inner:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                    found.add(name)
                case ast.FunctionDef(name="__init_subclass__" as name):
                    found.add(name)
    return found


def _imports(module: _Module, kept: Sequence[ast.stmt], used: set[str]) -> Iterator[tuple[str, set[str]]]:
    """What some statements of a module import: modules, each with the names of it that are used."""
    for node in (inner for outer in kept for inner in ast.walk(outer)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, {ALL}) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.package.split(".")
            within = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*within, *filter(None, [node.module])])
            for alias in node.names:
                needed = {ALL, alias.asname or alias.name} & used or alias.name == ALL
                yield base, {alias.name} if needed else set()
                yield f"{base}.{alias.name}", {ALL}  # where it is a module
    if used & _IMPORTERS:
        for text in used:
            if re.fullmatch(r"\.*\w+(\.\w+)*", text):
                with suppress(ImportError):  # more dots than the package has parents
                    yield resolve_name(text, module.package), {ALL}


@cache
def _counts(package: str, home: str) -> bool:
    """Whether a top-level package or module is of the user's own, or of nnbench, and not installed or Python's."""
    if package in (home, "nnbench"):
        return True
    found = _locate(package)
    if package in sys.stdlib_module_names or found is None:
        return False
    place = Path(found[0] or next(iter(found[1] or []), "/"))
    return not ({"site-packages", "dist-packages"} & set(place.parts) or place.is_relative_to(sysconfig.get_path("stdlib")))


def _locate(name: str) -> tuple[str | None, Sequence[str] | None] | None:
    """The file of a module, and the folders of a package, found without importing anything."""
    path: Sequence[str] | None = None
    file: str | None = None
    parts = name.split(".")
    if not all(parts):
        return None
    for depth in range(1, len(parts) + 1):
        spec = None
        for finder in sys.meta_path:
            if (spec := finder.find_spec(".".join(parts[:depth]), path)) is not None:
                break
        if spec is None or (depth < len(parts) and spec.submodule_search_locations is None):
            return None
        path = None if spec.submodule_search_locations is None else list(spec.submodule_search_locations)
        file = spec.origin if spec.has_location else None
    return file, path


def _read(name: str) -> _Module | None:
    """A module; None where there is none, or it has no file, as a package without `__init__.py`."""
    found = _locate(name)
    if found is None or found[0] is None:
        return None
    path, package = Path(found[0]), name if found[1] is not None else name.rpartition(".")[0]
    content = path.read_bytes()
    try:
        tree = ast.parse(content) if path.suffix == ".py" else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # where it is never imported, it does no harm
        tree = None
    return _Module(name, path, content, tree, package)


def _digest(closure: _Closure) -> Source:
    code, data, files = hashlib.sha256(), "", {}
    for name, (module, kept) in sorted(closure.items()):
        shape = "\n".join(_shape(kept)).encode(errors="surrogatepass") if module.tree else module.content
        code.update(f"{name} {hashlib.sha256(shape).hexdigest()}\n".encode())
        if name.partition(".")[0] != "nnbench":
            data += "".join(f"{name} {line}" for line in data_files(module.path.parent, kept))
        if module.path.suffix == ".py":
            place = f"{name.replace('.', '/')}{'/__init__' if module.path.stem == '__init__' else ''}.py"
            files[place] = _text(module.content)
    whole = code.copy()
    whole.update(data.encode(errors="surrogateescape"))
    return Source(whole.hexdigest()[: _CODE.start] + code.hexdigest()[_CODE], files)


def _shape(nodes: Sequence[object]) -> Iterator[str]:
    """What some statements say, without docstrings: each node before its parts, with their names or their number.

    It is in a form that no version of Python changes, unlike `ast.dump`'s, and does not recurse, however long a sum is.
    """
    stack: list[object] = [list(nodes)]
    while stack:
        value = stack.pop()
        if isinstance(value, ast.Constant):
            yield f"Constant {type(value.value).__name__} {value.value!r}"
        elif isinstance(value, ast.AST):
            parts = [(key, part) for key, part in ast.iter_fields(value) if key not in _IGNORED and part not in (None, [])]
            yield f"{type(value).__name__} {[key for key, _ in parts]}"
            stack += [part for _, part in reversed(parts)]
        elif isinstance(value, list):
            docstring = value and isinstance(value[0], ast.Expr) and isinstance(value[0].value, ast.Constant)
            yield f"{len(value) - bool(docstring)} items"
            stack += reversed(value[bool(docstring) :])
        else:
            yield repr(value)


def _text(content: bytes) -> str:
    try:
        return decode_source(content)
    except (SyntaxError, UnicodeDecodeError):
        return content.decode(errors="replace")

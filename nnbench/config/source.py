"""Digests of the source code that determines a run's results: a class with the user's modules that it imports, and nnbench.

Imports are found by parsing, also within functions, so that a digest does not depend on what has been imported before.
Comments, layout and docstrings do not change a digest, nor does a top-level function or class without references: of two
optimizers in one file, an edit of one does not change the other's digest. The content of data files that the source names is
included, see `nnbench.config.data_files`.
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
from typing import TYPE_CHECKING

from nnbench.config.data_files import data_files

if TYPE_CHECKING:
    from nnbench.config.schema import Config

ROOT = "nnbench.training.execute"  # this module and its imports determine the results of every run
# Imports of it that cannot change a result.
EXCLUDED = frozenset(
    f"nnbench{name}"
    for name in (
        *("", ".config", ".config.choice", ".config.schema", ".config.sections", ".config.source"),
        *(".core", ".core.registry", ".core.errors", ".core.constraints", ".core.fields", ".records", ".records.boundary"),
    )
)
ALL = "*"  # every name of a module
# A module with these names may use a definition without naming it.
_LOOKUPS = frozenset({"globals", "locals", "vars", "getattr", "eval", "exec", "__subclasses__", "__init_subclass__"})
_IMPORTERS = frozenset({"import_module", "__import__"})
_IGNORED = frozenset({"ctx", "kind", "type_comment"})  # fields of syntax nodes without effect
_LENGTH = 16  # hexadecimal digits of a digest
_CODE = slice(8, _LENGTH)  # the digits that depend only on the code


@dataclass(frozen=True)
class Source:
    """Source code of an optimizer, of a dataset, or of nnbench.

    Attributes:
        digest: equal for equivalent sources; its second half, see `code_digest`, does not depend on data files.
        files: content of each module by its path, such as `my/opts.py`.
    """

    digest: str
    files: Mapping[str, str] = field(compare=False)


@cache
def source_of(kind: type, named: str) -> Source:
    """Return the source of an optimizer or dataset: its modules, and the user's modules that they import.

    The standard library and installed packages are left out, except the package of the class itself; the versions of those
    that the class names in `VERSIONS` are included.

    Args:
        kind: the class.
        named: its name in the config, such as `adam` or `my.opts:Lion`.

    Raises:
        OSError: the source of the class's own module cannot be found.
    """
    home = kind.__module__.partition(".")[0]
    if home == "__main__" or _locate(kind.__module__) is None:
        raise OSError(f"{kind.__module__} has no source file")
    names: dict[str, set[str]] = {}
    for cls in kind.__mro__:
        names.setdefault(cls.__module__, set()).add(cls.__qualname__.partition(".")[0])
    module, colon, attribute = named.partition(":")
    if colon:
        names.setdefault(module, set()).add(attribute)
    return _digest(_closure(names, home, frozenset(_core()) | EXCLUDED), getattr(kind, "VERSIONS", ""))


def sources_of(config: "Config") -> dict[str, Source]:
    """Return the present source of the classes in a config, by section, and that of nnbench: the fields of `SourceConfig`."""
    found = {"nnbench": nnbench_source()}
    for name, choice in config.choices.items():
        found[name] = source_of(type(choice.instance), choice.class_name)  # type: ignore[arg-type]  # a class is hashable
    return found


def code_digest(digest: str) -> str:
    """Return the part of a digest that depends only on the code, not on data files, which the code may change."""
    return digest[_CODE]


@cache
def nnbench_source() -> Source:
    """Return the source of nnbench: training loop, network, random streams, and the base classes."""
    return _digest(_core())


@dataclass(frozen=True)
class _Module:
    """Module of the user or of nnbench.

    Attributes:
        content: of its file.
        tree: None if it is not Python source, such as an extension module.
        package: to which its relative imports refer.
    """

    name: str
    path: Path
    content: bytes
    tree: ast.Module | None
    package: str


# By name: a module with the statements that are included.
_Closure = Mapping[str, tuple[_Module, Sequence[ast.stmt]]]


@cache
def _core() -> _Closure:
    return _closure({ROOT: {ALL}}, "nnbench", EXCLUDED, whole=True)


def _closure(start: Mapping[str, set[str]], home: str, excluded: frozenset[str], *, whole: bool = False) -> _Closure:
    """Return the modules on which some names depend.

    Args:
        start: names by module.
        home: top-level package that is included even if it is installed.
        excluded: modules that are left out.
        whole: include all statements of each module.
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
        if name in excluded or not is_included(name.partition(".")[0], home) or (module := _read(name)) is None:
            continue
        kept = _kept(module.tree, wanted[name]) if module.tree else []
        found[name] = module, kept
        queue += _imports(module, kept, wanted[name] | (set() if whole else _referenced_names(kept)))
    return found


def _kept(tree: ast.Module, wanted: set[str]) -> Sequence[ast.stmt]:
    """Return the statements of a module, without definitions that neither `wanted` nor a kept statement names."""
    if ALL in wanted or _referenced_names(tree.body) & _LOOKUPS:
        return tree.body
    kept = [node for node in tree.body if not _is_definition(node)]
    known: set[str] = set()
    while (named := wanted | _referenced_names(kept)) != known:
        known = named
        kept = [node for node in tree.body if not _is_definition(node) or getattr(node, "name", "") in named]
    return kept


def _is_definition(node: ast.stmt) -> bool:
    """Return whether a statement only defines a function or class, without side effects."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.decorator_list and not node.name.startswith("__")
    if not isinstance(node, ast.ClassDef) or node.keywords:
        return False
    called = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
    return all("dataclass" in (getattr(mark, "id", ""), getattr(mark, "attr", "")) for mark in called)


def _referenced_names(nodes: Sequence[ast.stmt]) -> set[str]:
    """Return all names in some statements, including attributes and strings, except `__all__`."""
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
    """Yield the modules that some statements import, each with the names that are used."""
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
                yield f"{base}.{alias.name}", {ALL}  # if it is a module
    if used & _IMPORTERS:
        for text in used:
            if re.fullmatch(r"\.*\w+(\.\w+)*", text):
                with suppress(ImportError):  # more dots than the package has parents
                    yield resolve_name(text, module.package), {ALL}


@cache
def is_included(package: str, home: str) -> bool:
    """Return whether a top-level package or module is the user's or nnbench, neither installed nor of the standard library."""
    if package in (home, "nnbench"):
        return True
    found = _locate(package)
    if package in sys.stdlib_module_names or found is None:
        return False
    path = Path(found[0] or next(iter(found[1] or []), "/"))
    return not ({"site-packages", "dist-packages"} & set(path.parts) or path.is_relative_to(sysconfig.get_path("stdlib")))


def _locate(name: str) -> tuple[str | None, Sequence[str] | None] | None:
    """Return the file of a module and the folders of a package, without importing it."""
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
    """Return a module; None if there is none, or it has no file, like a namespace package."""
    found = _locate(name)
    if found is None or found[0] is None:
        return None
    path, package = Path(found[0]), name if found[1] is not None else name.rpartition(".")[0]
    content = path.read_bytes()
    try:
        tree = ast.parse(content) if path.suffix == ".py" else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # harmless if it is never imported
        tree = None
    return _Module(name, path, content, tree, package)


def _digest(closure: _Closure, versions: str = "") -> Source:
    code, data, files = hashlib.sha256(versions.encode()), "", {}
    for name, (module, kept) in sorted(closure.items()):
        form = "\n".join(_canonical_form(kept)).encode(errors="surrogatepass") if module.tree else module.content
        code.update(f"{name} {hashlib.sha256(form).hexdigest()}\n".encode())
        if name.partition(".")[0] != "nnbench":
            data += "".join(f"{name} {line}" for line in data_files(module.path.parent, kept))
        if module.path.suffix == ".py":
            path = f"{name.replace('.', '/')}{'/__init__' if module.path.stem == '__init__' else ''}.py"
            files[path] = _text(module.content)
    whole = code.copy()
    whole.update(data.encode(errors="surrogateescape"))
    return Source(whole.hexdigest()[: _CODE.start] + code.hexdigest()[_CODE], files)


def _canonical_form(nodes: Sequence[object]) -> Iterator[str]:
    """Yield a canonical form of some statements without docstrings: each node, then its children, in preorder.

    Unlike `ast.dump`, it is the same in all versions of Python, and it does not recurse, so that long sums are no problem.
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

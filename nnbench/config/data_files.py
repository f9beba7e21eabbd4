"""Digests of the data files that a module's source refers to, in the module's folder or below.

Each string constant of the source is tried as a file name, in the module's folder and in subfolders that other strings name;
so `HERE / "data" / "c.json"` is found, wherever HERE is defined. A part that is known only at run time is a wildcard:
`f"fold_{k}.csv"`. A file that the source writes is excluded, since each run would change its digest.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath

_WRITE_MODES = r"[rbt]*[wax][rwaxbt+]*|r.?\+.?"  # modes of `open` that may change the file
MAX_HASHED = 8 * 2**20  # bytes; for a larger file, size and modification time replace the hash
MAX_FOLDERS = 32  # folders that are searched
MAX_NAMES = 2000  # names that are tried, and files that one wildcard matches


def data_files(folder: Path, nodes: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield a line for each file: its path relative to the folder, and a digest of its content.

    Args:
        folder: of the module.
        nodes: the statements of the module that are searched.
    """
    inner = [one for node in nodes for one in ast.walk(node)]
    names = sorted({name for name in _names(inner) if _is_name(name)})[:MAX_NAMES]
    calls = [node for node in inner if isinstance(node, ast.Call)]
    written = {PurePath(name).name for call in calls for name in _written(call) if _is_name(name)}
    found = {
        path
        for within in _folders(folder, names)
        for name in names
        for path in _matches(within, name)
        if path.is_file() and not any(fnmatchcase(path.name, pattern) for pattern in written)
    }
    for path in sorted(found):
        with suppress(OSError):  # the file is not readable
            yield f"{path.relative_to(folder).as_posix()} {_content(path)}\n"


def _content(path: Path) -> str:
    state = path.stat()
    if state.st_size > MAX_HASHED:
        return f"{state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folders(folder: Path, names: Iterable[str]) -> Iterable[Path]:
    """Return the folder and the subfolders that the names match."""
    found = [folder]
    for within in found:
        for name in names:
            new = [path for path in _matches(within, name) if path not in found and path.is_dir()]
            found += new[: MAX_FOLDERS - len(found)]
    return found


def _matches(folder: Path, name: str) -> Sequence[Path]:
    """Return the paths in a folder that a name matches; none if it is not a valid path."""
    with suppress(OSError, ValueError):
        if "*" in name:
            return list(islice(folder.glob(name), MAX_NAMES))
        if (path := folder / name).exists():
            return [path]
    return []


def _is_name(text: str) -> bool:
    """Return whether a string may be a relative path, or a pattern that is not too general."""
    path = PurePath(text[:500])
    if path.is_absolute() or {"..", "**"} & set(path.parts) or not re.search(r"\w", text):
        return False
    return re.fullmatch(r"\S*([./]|\w{3})\S*" if "*" in text else r"[^\x00\n]+", text) is not None


def _names(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the strings in some nodes except docstrings, also with `*` for each placeholder."""
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
            yield re.sub(r"%[-+ #.\d]*[a-z]|\{[^{}]*\}", "*", node.value)


def _written(call: ast.Call) -> Iterator[str]:
    """Yield the strings in the path to which a call writes; none if it does not write."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    paths: list[ast.expr] = []
    if name == "open":
        modes = [*call.args[isinstance(call.func, ast.Name) :], *(keyword.value for keyword in call.keywords)]
        if any(isinstance(mode, ast.Constant) and re.fullmatch(_WRITE_MODES, str(mode.value)) for mode in modes):
            paths = [call.func, *call.args[:1]]
    elif re.fullmatch(r"write_\w+|touch|unlink", name):
        paths = [call.func]
    elif re.fullmatch(r"(save|to_)\w*", name):
        paths = call.args[:1]
    yield from _names([inner for path in paths for inner in ast.walk(path)])

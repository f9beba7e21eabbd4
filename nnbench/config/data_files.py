"""The files of data that a module's text names, beside the module or below its folder, and what is in them.

Each string of the text is tried as a name, in the module's folder and in the folders below it that other strings name; so
`HERE / "data" / "c.json"` is found, and with HERE given elsewhere, too. A part that is not known until the code runs stands
for anything: `f"fold_{k}.csv"`. A file that the text itself writes is none of its data: each run would change it.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath

_WRITES = r"[rbt]*[wax][rwaxbt+]*|r.?\+.?"  # the modes to open a file with that change it
LARGE = 8 * 2**20  # bytes; of a larger file, size and time of modification stand for the content
FOLDERS = 32  # the most folders that are searched
NAMES = 2000  # the most names, and the most files that one of them stands for


def data_files(folder: Path, nodes: Sequence[ast.stmt]) -> Iterator[str]:
    """A line for each file: its place in the folder, with a digest of its content.

    Args:
        folder: of the module.
        nodes: what of its text counts.
    """
    inner = [one for node in nodes for one in ast.walk(node)]
    names = sorted({name for name in _names(inner) if _is_name(name)})[:NAMES]
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
        with suppress(OSError):  # one that this user may not read
            yield f"{path.relative_to(folder).as_posix()} {_content(path)}\n"


def _content(path: Path) -> str:
    state = path.stat()
    if state.st_size > LARGE:
        return f"{state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folders(folder: Path, names: Iterable[str]) -> Iterable[Path]:
    """The folder, and those below it that the names lead to."""
    found = [folder]
    for within in found:
        for name in names:
            new = [path for path in _matches(within, name) if path not in found and path.is_dir()]
            found += new[: FOLDERS - len(found)]
    return found


def _matches(folder: Path, name: str) -> Sequence[Path]:
    """What a name stands for in a folder; nothing where the name is no path."""
    with suppress(OSError, ValueError):
        if "*" in name:
            return list(islice(folder.glob(name), NAMES))
        if (path := folder / name).exists():
            return [path]
    return []


def _is_name(text: str) -> bool:
    """Whether a string may name something below a folder."""
    path = PurePath(text[:500])
    if path.is_absolute() or {"..", "**"} & set(path.parts) or not re.search(r"\w", text):
        return False
    return re.fullmatch(r"\S*([./]|\w{3})\S*" if "*" in text else r"[^\x00\n]+", text) is not None


def _names(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """The strings among some nodes that are no docstrings, also with a `*` for each part that is filled in."""
    idle = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in idle:
            yield node.value
            yield re.sub(r"%[-+ #.\d]*[a-z]|\{[^{}]*\}", "*", node.value)


def _written(call: ast.Call) -> Iterator[str]:
    """The strings in what says where a call writes; none where it does not."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    places: list[ast.expr] = []
    if name == "open":
        modes = [*call.args[isinstance(call.func, ast.Name) :], *(keyword.value for keyword in call.keywords)]
        if any(isinstance(mode, ast.Constant) and re.fullmatch(_WRITES, str(mode.value)) for mode in modes):
            places = [call.func, *call.args[:1]]
    elif re.fullmatch(r"write_\w+|touch|unlink", name):
        places = [call.func]
    elif re.fullmatch(r"(save|to_)\w*", name):
        places = call.args[:1]
    yield from _names([inner for place in places for inner in ast.walk(place)])

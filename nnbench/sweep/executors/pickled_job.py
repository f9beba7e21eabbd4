"""Training of a pickled job on another machine, with the source files of the user's classes that came with it."""

import importlib
import io
import os
import pickle
import socket
import sys
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Failure
from nnbench.training.execute import Result, execute


def write_sources(folder: Path, files: Mapping[str, str]) -> None:
    """Write source files, text by path, into a folder; created if there is one to write."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text.encode()).readline)
        path.write_text(text, encoding=encoding)


def import_from(folder: str) -> None:
    """Have modules in a folder take precedence over others, if it exists."""
    if os.path.isdir(folder):
        if folder not in sys.path:
            sys.path.insert(0, folder)
        importlib.invalidate_caches()


@contextmanager
def modules_of(folder: Path) -> Iterator[None]:
    """Context in which the modules in a folder are imported instead of others of their names, which may be other versions."""
    names = {path.stem for path in folder.iterdir()} if folder.is_dir() else set()
    others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in names}
    for name in others:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            del sys.modules[name]
        sys.modules.update(others)


def work_pickled(config: bytes, folder: str) -> tuple[bytes, float]:
    """Train a job in this process, which the worker itself does not unpickle: that would import a user's code.

    Args:
        config: a pickled `Config`.
        folder: with the sources of the command's own classes, which take precedence over those of this machine.

    Returns:
        The pickled `Result` or `Failure`, and the seconds that it took.
    """
    started = perf_counter()
    import_from(folder)
    outcome = attempt(partial(_load_and_execute, config))
    if isinstance(outcome, Failure):
        outcome = Failure(reason=_local(outcome.reason, folder), traceback=_local(outcome.traceback, folder))
    return pickle.dumps(outcome), perf_counter() - started


def _local(text: str, folder: str) -> str:
    """Replace the paths of source files in a text by those that they have on the user's machine, in the working folder."""
    return text.replace(f"{folder}/", "").replace(f"{os.path.relpath(folder)}/", "")


def _load_and_execute(config: bytes) -> Result | Failure:
    try:
        loaded: Config = pickle.loads(config)
    except UserError as error:  # a class needs a library that is not here
        return Failure(reason=f"{error}; on the worker's machine, {socket.gethostname()}", traceback="")
    return execute(loaded)

"""A comparison of optimizer objects: each is written as an option of the group `optimizer`, and a sweep runs them."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Quote, QuotedString

from nnbench import optimizers as known_optimizers
from nnbench.api.run import run
from nnbench.api.study import RESULTS, Study, uri_in
from nnbench.core.errors import UserError
from nnbench.core.fields import field_values
from nnbench.core.paths import safe_subpath
from nnbench.optimizers.base import Optimizer

_PLAIN = (bool, int, float, str, type(None))


def compare(
    optimizers: Sequence[Optimizer | str],
    *arguments: str,
    seeds: int | Iterable[int] = 10,
    study: str = "comparison",
    folder: str | Path = "results",
    quiet: bool = False,
) -> Study:
    """Train optimizers on the same seeds, and return the study that compares them.

    Objects are written as YAML into ``<folder>/<study>/conf/optimizer``, so that the command stored with the study can be
    repeated from a shell.

    Parameters
    ----------
    optimizers : sequence of Optimizer or str
        Objects with their hyperparameters, whose classes can be imported as ``module:Class``; or options of the group
        ``optimizer``, such as ``"adam"``, with the hyperparameters of its YAML.
    *arguments : str
        Further arguments of the command line, such as ``"training.epochs=1001"``, or ``"--config-dir=conf"`` for options in
        a folder of your own.
    seeds : int or iterable of int, default: 10
        Number of seeds, counted from 0, or the seeds themselves.
    study : str, default: "comparison"
        The name of the study, an experiment in MLflow.
    folder : str or path, default: "results"
        Folder of the store ``mlflow.db``, the artifacts and the report, as for `load_study`.
    quiet : bool, default: False
        As for `run`.

    Returns
    -------
    Study
        As for `run`.

    Raises
    ------
    UserError
        A class cannot be imported by worker processes, such as one that a notebook cell or the script itself defines; a name
        is unknown; or as for `run`.

    Examples
    --------
    >>> import nnbench
    >>> from nnbench.optimizers.adam import Adam
    >>> study = nnbench.compare([Adam(learning_rate=0.05), "sgd"], "training.epochs=31", seeds=2, quiet=True)
    >>> sorted(set(study.runs["optimizer"]))
    ['adam', 'sgd']
    """
    if isinstance(optimizers, str | Optimizer) or not optimizers:
        raise UserError("optimizers: must be a list of at least one Optimizer object or name")
    trees = [one if isinstance(one, str) else tree_of(one) for one in optimizers]
    options = {_option(tree): tree for tree in trees if not isinstance(tree, str)}
    names = [tree if isinstance(tree, str) else _option(tree) for tree in trees]
    chosen = [f"optimizer={','.join(dict.fromkeys(names))}", f"seed={_seeds(seeds)}", f"study={_quoted(study)}"]
    if Path(folder) != Path(RESULTS):
        places = {"report.folder": folder, "tracking.uri": uri_in(folder), "tracking.artifacts": Path(folder) / "artifacts"}
        chosen += [f"{key}={_quoted(str(value))}" for key, value in places.items()]
    if options:
        chosen = [*_found_in(_write(options, safe_subpath(Path(folder), study, "conf")), arguments), *chosen]
    return run(*chosen, *arguments, quiet=quiet)


def tree_of(optimizer: Optimizer) -> dict[str, Any]:
    """Return the content of an optimizer's YAML file: its name, class and hyperparameters.

    Raises
    ------
    UserError
        Another process could not create the object.
    """
    kind = type(optimizer)
    if not (isinstance(optimizer, Optimizer) and is_dataclass(kind)):
        raise UserError(
            f"optimizers: {optimizer!r} must be an object of a dataclass derived from nnbench.Optimizer, or a name"
        )
    return {"name": _name(kind), "algorithm": algorithm_of(kind), **_hyperparameters(optimizer)}


def algorithm_of(kind: type[Optimizer]) -> str:
    """Return the value of `optimizer.algorithm` for a class."""
    short = kind.__module__.removeprefix(f"{known_optimizers.__name__}.")
    if short in known_optimizers.known():
        return short
    if kind.__module__ == "__main__":
        why = "is defined in a notebook cell or in the script itself, which worker processes cannot import"
        what = f"write the class into a file such as {kind.__name__.lower()}.py in this folder"
        raise UserError(f"{kind.__name__}: {why}; {what}, then from {kind.__name__.lower()} import {kind.__name__}")
    if "." in kind.__qualname__:
        raise UserError(
            f"{kind.__module__}.{kind.__qualname__}: is defined within a function or a class, where worker processes cannot "
            "import it; define it at the top level of its module"
        )
    return f"{kind.__module__}:{kind.__qualname__}"


def _name(kind: type[Optimizer]) -> str:
    """Convert the name of a class, such as `SignMomentum`, to `sign_momentum`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower().removeprefix("_")


def _hyperparameters(optimizer: Optimizer) -> dict[str, Any]:
    values = field_values(optimizer)
    for name, value in values.items():
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, _PLAIN) for item in items):
            raise UserError(f"{type(optimizer).__name__}.{name}={value!r}: must be a number, text, None or a list of these")
    return values


def _option(tree: dict[str, Any]) -> str:
    """Return the name of the YAML file, with a digest, so that a later call does not overwrite the file of an earlier one."""
    digest = hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()
    return f"{tree['name']}_{digest[:8]}"


def _quoted(text: str) -> str:
    """Quote a value for Hydra's grammar."""
    return text if re.fullmatch(r"[\w./-]+", text) else QuotedString(text=text, quote=Quote.single).with_quotes()


def _write(options: dict[str, dict[str, Any]], folder: Path) -> Path:
    """Write an option of the group `optimizer` for each name; returns the folder of the configuration."""
    (folder / "optimizer").mkdir(parents=True, exist_ok=True)
    for name, tree in options.items():
        (folder / "optimizer" / f"{name}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return folder


def _found_in(folder: Path, arguments: Sequence[str]) -> list[str]:
    """Return the arguments by which Hydra finds a folder of options, beside one that the user's `arguments` name."""
    named = [f"{argument}=".partition("=")[0] for argument in arguments]
    if "hydra.searchpath" not in named:
        return [f"hydra.searchpath=[{_quoted(f'file://{folder.absolute()}')}]"]
    if {"--config-dir", "-cd"} & {*named}:
        raise UserError("--config-dir: a comparison of objects can have this or hydra.searchpath, not both")
    return ["--config-dir", str(folder)]


def _seeds(seeds: int | Iterable[int]) -> str:
    if isinstance(seeds, int):
        if seeds < 1:
            raise UserError(f"seeds={seeds}: must be a number of seeds >= 1, or a list of seeds")
        return f"range({seeds})"
    given = [int(seed) for seed in seeds]
    if not given:
        raise UserError("seeds=[]: must be a number of seeds >= 1, or a list of seeds")
    return ",".join(map(str, given))

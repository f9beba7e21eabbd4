"""Registry of optimizers and datasets: each module of a package is a choice, known by its file name."""

import os
import pkgutil
import sys
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from nnbench.core.declarations import declaration_error
from nnbench.core.errors import UserError
from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location

Base = TypeVar("Base")
EXTRAS = {"torch": "torch"}  # module -> the extra of this project that installs it


@cache
def known(package: str, folder: str = "") -> tuple[str, ...]:
    """Return the sorted names of the choices in `package`, or in a folder within it, without importing them."""
    spec = find_spec(package)
    path = (spec.submodule_search_locations if spec is not None else None) or []
    modules = pkgutil.iter_modules([str(Path(place, folder)) for place in path])
    names = [module.name for module in modules if not module.ispkg]
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def find(
    base: type[Base], package: str, name: str, key: str, adapt: Callable[[type], type[Base] | None] | None = None
) -> type[Base]:
    """Import and return the subclass of `base` called `name`.

    Args:
        base: the required base class.
        package: the package whose modules are the known choices.
        name: a module there (`adam`), or the import path of a user's class (`package.module:Class`).
        key: the configuration key of `name`, for messages.
        adapt: makes a subclass of `base` of a class of another library; None where it cannot.

    Raises:
        UserError: the name is unknown, or the class cannot be imported or used.
    """
    if name in known(package):
        return _checked(_only_subclass(base, import_module(f"{package}.{name}")), base, f"{key}={name}")
    path, colon, attribute = name.partition(":")
    if not colon:
        raise UserError(f"{key}={name}: unknown; known are {', '.join(known(package))}, or package.module:Class")
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)  # `python -m` does this, a console script does not
    try:
        # An import may change NumPy's error handling and the warning filters, which are global.
        with np.errstate(), warnings.catch_warnings(), exits_raised():
            found = getattr(import_module(path), attribute)
            if isinstance(found, type) and not issubclass(found, base) and adapt is not None:
                found = adapt(found) or found
    except BaseException as error:  # a user's module may raise anything, SystemExit included
        if asks_to_end(error):
            raise
        if isinstance(error, UserError):
            raise UserError(f"{key}={name}: {error}") from error
        place = f" ({where})" if (where := user_code_location(error)) else ""
        raise UserError(f"{key}={name}: cannot be imported: {describe_error(error)}{_hint(error)}{place}") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise UserError(f"{key}={name}: is not a subclass of {base.__module__}.{base.__name__}")
    return _checked(found, base, f"{key}={name}")


def _hint(error: BaseException) -> str:
    """Return advice on a module or an attribute that does not exist; empty if there is none."""
    if isinstance(error, ModuleNotFoundError) and (extra := EXTRAS.get(str(error.name).partition(".")[0])):
        return f"; pip install 'nnbench[{extra}]'"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        near = get_close_matches(str(error.name), dir(error.obj), n=1)
        return f"; did you mean {near[0]}?" if near else ""
    return ""


def _checked(found: type[Base], base: type[Base], given: str) -> type[Base]:
    """Return the class, after checking that all its hyperparameters are fields.

    Raises:
        UserError: one is not a field, so it would not be recorded.
    """
    if (wrong := declaration_error(found, base)) is not None:  # type: ignore[arg-type]  # classes are hashable
        raise UserError(f"{given}: {wrong}")
    return found


def _only_subclass(base: type[Base], module: ModuleType) -> type[Base]:
    """Return the only subclass of `base` that `module` defines."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} must define one {base.__name__}, and defines {len(found)}")
    return found[0]

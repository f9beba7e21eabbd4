"""Checks of YAML files before Hydra reads them: an error names the file and the line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType
from omegaconf.errors import OmegaConfBaseException

from nnbench.core.errors import UserError

MAX_BYTES, MAX_VALUES = 1_000_000, 100_000  # of a file; values are counted with aliases expanded


@contextmanager
def checked_yaml() -> Iterator[None]:
    """Make Hydra raise `UserError` for an invalid YAML file."""
    load = ConfigRepository.load_config

    def load_checked(self: ConfigRepository, config_path: str) -> Any:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if source is None or source.scheme() != "file":
            return load(self, config_path)
        name = config_path if config_path.endswith((".yaml", ".yml")) else f"{config_path}.yaml"
        path = Path(source.path, name)
        try:
            check(path)
            return load(self, config_path)
        except yaml.YAMLError as error:
            raise UserError(f"{_shown(path)}: {_fault(error)}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{_shown(path)}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
        except RecursionError as error:
            raise UserError(f"{_shown(path)}: is nested too deeply") from error
        except (OmegaConfBaseException, ValueError) as error:
            raise UserError(f"{_shown(path)}: {str(error).partition(chr(10))[0]}") from error

    ConfigRepository.load_config = load_checked  # type: ignore[method-assign]
    try:
        yield
    finally:
        ConfigRepository.load_config = load  # type: ignore[method-assign]


def check(path: Path) -> None:
    """Refuse a file that is too large, or becomes so when its aliases are expanded (a "billion laughs" file).

    Raises:
        UserError: the file is too large, or not a regular file.
        YAMLError, UnicodeDecodeError, RecursionError: a file that may be too large is not valid YAML.
    """
    if path.exists() and not path.is_file():
        raise UserError(f"{_shown(path)}: is not a file")
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise UserError(f"{_shown(path)}: must have at most {MAX_BYTES:,} bytes")
    if b"*" not in text and len(text) <= MAX_VALUES:
        return  # without aliases a value takes a byte; the check takes a tenth of the start of a command
    root = yaml.compose(text.decode(), Loader=yaml.SafeLoader)
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        """Return the number of values in the node, with aliases expanded."""
        if id(node) in sizes:
            known = sizes[id(node)]
            if known is None:
                raise UserError(f"{_shown(path)}: line {node.start_mark.line + 1}: an alias refers to a node that contains it")
            return known
        sizes[id(node)] = None
        inner = [each for item in node.value for each in (item if isinstance(item, tuple) else [item])]
        total = 1 + (sum(map(size, inner)) if isinstance(node, yaml.CollectionNode) else 0)
        if total > MAX_VALUES:
            line = node.start_mark.line + 1
            raise UserError(f"{_shown(path)}: line {line}: with its aliases expanded it has more than {MAX_VALUES:,} values")
        sizes[id(node)] = total
        return total

    if root is not None:
        size(root)


def _fault(error: yaml.YAMLError) -> str:
    """Return line, column and reason of a parse error."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return str(error).partition(chr(10))[0]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

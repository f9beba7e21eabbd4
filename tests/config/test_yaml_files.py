"""An invalid or too large YAML file of a user: one message with the name and the line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CommandOutput

HEAD = "name: x\nalgorithm: sgd\n"
LISTS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
MAPS = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i} {{{', '.join(f'k{key}: *a{i - 1}' for key in range(9))}}}\n" for i in range(1, 12)
)
FAULTS: dict[str, tuple[str | bytes, str]] = {
    "broken": ("name: x\nalgorithm: [sgd\n", "line 3, column 1: expected ',' or ']'"),
    "tab": ("name: x\n\talgorithm: sgd\n", "line 2, column 1: found character '\\t'"),
    "twice": (HEAD + "name: y\n", "line 3, column 1: found duplicate key name"),
    "binary": (bytes(range(256)), "is not UTF-8 text"),
    "python": ("algorithm: !!python/object/apply:os.system [ls]\n", "line 1, column 12: could not determine a constructor"),
    "alias": (HEAD + "decay: *nowhere\n", "line 3, column 8: found undefined alias 'nowhere'"),
    "control": ("name: x\x00\n", "unacceptable character #x0000"),
    "two documents": (HEAD + "---\nname: y\n", "line 3, column 1: but found another document"),
    "interpolation": ("name: x\nalgorithm: ${nope\n", "no viable alternative at input"),
    "lists": (HEAD + LISTS, "with its aliases expanded it has more than 100,000 values"),
    "mappings": (HEAD + MAPS, "with its aliases expanded it has more than 100,000 values"),
    "itself": (HEAD + "a: &a [*a]\n", "line 3: an alias refers to a node that contains it"),
    "deep": (HEAD + "a: " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
    "large": (HEAD + "#" * 2_000_000, "must have at most 1,000,000 bytes"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", FAULTS)
def test_one_line_names_file_and_line(nnbench: Callable[..., CommandOutput], name: str) -> None:
    text, line = FAULTS[name]
    file = Path("conf", "optimizer", "mine.yaml")
    file.parent.mkdir(parents=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = nnbench("--config-dir", "conf", "optimizer=mine", "dry_run=true")
    assert said.status == 2
    assert said.err.startswith(f"nnbench: {file}: ")
    assert line in said.err
    assert len(said.err.splitlines()) == 1
    assert not said.out


def test_aliases_are_fine(nnbench: Callable[..., CommandOutput]) -> None:
    file = Path("conf", "optimizer", "mine.yaml")
    file.parent.mkdir(parents=True)
    file.write_text("name: &name x\nalgorithm: sgd\nlearning_rate: &rate 0.1\ndecay: *rate\n")
    said = nnbench("--config-dir", "conf", "optimizer=mine", "dry_run=true")
    assert said.out == "x lr=0.1 seed=0\n"

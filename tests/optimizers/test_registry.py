"""Names to optimizers."""

from pathlib import Path

import pytest

import nnbench.optimizers
from nnbench.core.errors import UserError
from nnbench.optimizers import find, known

HERE = Path(nnbench.optimizers.__file__).parent


def test_every_file_is_an_optimizer_of_that_name() -> None:
    files = {path.stem for path in HERE.glob("*.py")} - {"__init__", "_torch", "base"}
    assert known() == tuple(sorted(files))
    assert {"adagrad", "adam", "rmsprop", "sgd"} <= files
    for name in known():
        assert find(name).__name__.lower() == name.replace("_", "")


def test_any_class_is_found_by_its_import_path() -> None:
    assert find("nnbench.optimizers.adam:Adam") is find("adam")


@pytest.mark.parametrize(
    ("algorithm", "says"),
    [
        ("adm", f"optimizer.algorithm=adm: unknown; known are {', '.join(known())}, or package.module:Class"),
        ("base", "unknown"),
        ("", "unknown"),
        ("nowhere.at_all:Thing", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        (":Thing", "cannot be imported: ValueError"),
        ("nnbench.optimizers.adam:Adm", "cannot be imported: AttributeError"),
        ("nnbench.optimizers.adam:", "cannot be imported: AttributeError"),
        ("math:pi", "is not a subclass of nnbench.optimizers.base.Optimizer"),
        ("pathlib:Path", "is not a subclass of nnbench.optimizers.base.Optimizer"),
    ],
)
def test_mistakes_are_reported_in_one_line(algorithm: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        find(algorithm)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"optimizer.algorithm={algorithm}: ")
    assert "\n" not in str(caught.value)


def test_fields_need_the_decorator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "brought_along.py"
    module.write_text(
        "from dataclasses import dataclass\n"
        "from nnbench.optimizers.sgd import SGD\n"
        "class Undecorated(SGD):\n    learning_rate: float = 0.5\n"
        "class Inherits(SGD):\n    pass\n"
        "@dataclass(kw_only=True)\nclass Decorated(SGD):\n    learning_rate: float = 0.5\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="needs @dataclass"):
        find("brought_along:Undecorated")
    assert find("brought_along:Decorated")().learning_rate == 0.5  # type: ignore[attr-defined]
    assert find("brought_along:Inherits")().learning_rate == 1.0  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["raise RuntimeError('broken')", "def ("])
def test_a_module_that_fails_to_import_is_a_user_error(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"failing:Thing: cannot be imported: (RuntimeError|SyntaxError)"):
        find("failing:Thing")

"""The digest of a source: another for whatever can change the numbers, the same for whatever cannot."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnbench import optimizers, source

FILES = {
    "mine/__init__.py": '"""Mine."""\nRATE = 1\n',
    "mine/opts.py": '''"""Two optimizers in one file."""
from dataclasses import dataclass
import numpy as np
from nnbench.optimizers import Optimizer
from .base import Base
from mine import helper, constants
from mine.helper import scale as by
import beside

__all__ = ["Lion", "Tiger"]

def sign(x):
    """The sign."""
    return np.sign(x)

@dataclass(kw_only=True)
class Lion(Base):
    """A lion."""
    learning_rate: float = 0.1

    def update(self, parameters, gradients, iteration):
        from mine.late import late  # within
        parameters -= late() * by(self.learning_rate) * sign(gradients)

@dataclass(kw_only=True)
class Tiger(Base):
    def update(self, parameters, gradients, iteration):
        parameters -= gradients
''',
    "mine/base.py": "from nnbench.optimizers import Optimizer\nclass Base(Optimizer):\n    layerwise = False\n",
    "mine/helper.py": "def scale(x):\n    return x * deeper()\ndef deeper():\n    return 1\n",
    "mine/late.py": "def late():\n    return 1\n",
    "mine/constants.py": "TABLE = 'table.csv'\nNUMBER = 1\n",
    "mine/table.csv": "1,2,3\n",
    "mine/unused.py": "NUMBER = 1\n",
    "beside.py": "NUMBER = 1\n",
}
Digest = Callable[..., str]


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Digest]:
    """The digest of one of the classes, after an edit: a file, what is replaced in it, and by what."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("mine", "beside")]:
            del sys.modules[name]

    def make(file: str = "", old: str = "", new: str = "", named: str = "mine.opts:Lion") -> str:
        if file:
            text = (tmp_path / file).read_text()
            assert old in text
            (tmp_path / file).write_text(text.replace(old, new))
        importlib.invalidate_caches()
        forget()
        return source.source_of(optimizers.find(named), named).digest

    yield make
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("mine/opts.py", "-= late", "-= 2 * late"),
        ("mine/opts.py", "np.sign(x)", "-np.sign(x)"),
        ("mine/opts.py", "learning_rate: float = 0.1", "learning_rate: float = 0.10001"),
        ("mine/opts.py", "import beside\n", "import beside\nnp.seterr(all='raise')\n"),
        ("mine/__init__.py", "RATE = 1", "RATE = 1.0"),
        ("mine/base.py", "False", "True"),
        ("mine/helper.py", "x * deeper()", "deeper() * x"),
        ("mine/helper.py", "return 1", "return 2"),
        ("mine/late.py", "return 1", "return '1'"),
        ("mine/constants.py", "NUMBER = 1", "NUMBER = True"),
        ("mine/table.csv", "3", "4"),
        ("beside.py", "1", "2"),
    ],
)
def test_what_can_change_the_numbers_changes_the_digest(digest: Digest, file: str, old: str, new: str) -> None:
    assert digest() != digest(file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("mine/opts.py", "# within", "# elsewhere"),
        ("mine/opts.py", '"""A lion."""', '"""A\n    bigger lion."""'),
        ("mine/opts.py", "sign(gradients)", "sign( gradients )"),
        ("mine/opts.py", "parameters -= gradients", "parameters -= 2 * gradients"),  # the tiger's
        ("mine/unused.py", "1", "2"),
        ("mine/base.py", "layerwise = False", "layerwise = False\n\n\ndef nobody_calls_it():\n    pass"),
    ],
)
def test_what_cannot_change_the_numbers_does_not(digest: Digest, file: str, old: str, new: str) -> None:
    assert digest() == digest(file, old, new)


def test_of_two_in_a_file_the_edited_one_has_changed(digest: Digest) -> None:
    before = digest(named="mine.opts:Tiger")
    assert digest("mine/opts.py", "parameters -= gradients", "parameters -= 2 * gradients", named="mine.opts:Tiger") != before


def test_a_subclass_of_one_of_nnbenchs_own_rests_on_that_file(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "mine" / "sub.py").write_text("from nnbench.optimizers.adam import Adam\nclass Mine(Adam):\n    pass\n")
    digest(named="mine.sub:Mine")
    kind = optimizers.find("mine.sub:Mine")
    assert set(source.source_of(kind, "mine.sub:Mine").files) == {
        "mine/__init__.py",
        "mine/sub.py",
        "nnbench/optimizers/adam.py",
    }


def test_it_is_the_same_in_every_process_and_wherever_nnbench_lies(tmp_path: Path) -> None:
    """Hash seeds, the order of imports and the folder, as of a wheel, do not matter."""
    package = Path(source.__file__).parent
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "nnbench").symlink_to(package)
    code = (
        "import sys; from nnbench import source, optimizers\n"
        "for name in sys.argv[1:]: source.source_of(optimizers.find(name), name)\n"
        "print(source.own_source().digest, *[source.source_of(optimizers.find(n), n).digest for n in ('adam', 'sgd')])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, *names],
            env={"PYTHONPATH": str(path), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for names, path, seed in ((("sgd", "adam"), package.parent, "1"), (("rmsprop",), tmp_path / "site-packages", "2"))
    }
    assert len(said) == 1


def test_nnbenchs_own_is_what_a_run_needs_and_no_more() -> None:
    files = set(source.own_source().files)
    assert {
        f"nnbench/{name}.py" for name in ("training", "seeding", "run", "nn/loss", "optimizers/base", "datasets/base")
    } <= files
    assert not any(
        name.startswith(("nnbench/tracking", "nnbench/report", "nnbench/sweep", "nnbench/config")) for name in files
    )
    assert not {"nnbench/optimizers/adam.py", "nnbench/datasets/spiral.py"} & files


def test_a_class_without_a_file_has_no_source() -> None:
    made = type("Made", (optimizers.Optimizer,), {"__module__": "nowhere_at_all"})
    with pytest.raises(OSError, match="nowhere_at_all"):
        source.source_of(made, "nowhere_at_all:Made")

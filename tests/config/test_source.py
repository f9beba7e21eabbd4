"""The digest of a source: another for whatever can change the numbers, the same for whatever cannot."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnbench import optimizers
from nnbench.config import source

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
    """Return the digest of a class after an edit: a file, the text that is replaced, and its replacement."""
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
def test_relevant_edits_change_the_digest(digest: Digest, file: str, old: str, new: str) -> None:
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
def test_irrelevant_edits_keep_the_digest(digest: Digest, file: str, old: str, new: str) -> None:
    assert digest() == digest(file, old, new)


# What another optimizer reads -> the file of it that is edited.
READS = {
    'HERE / "data" / "c.json"': "mine/data/c.json",
    'os.path.join(os.path.dirname(__file__), "data", "c.json")': "mine/data/c.json",
    'DATA / "table"': "mine/data/table",
    'DATA / f"fold_{1 + 1}.csv"': "mine/data/fold_2.csv",
    'DATA / ("fold_%d.csv" % 2)': "mine/data/fold_2.csv",
    'next(DATA.glob("fold_*"), "no.csv")': "mine/data/fold_2.csv",
    'importlib.import_module(".late", __package__)': "mine/late.py",
    'importlib.import_module("mine.late")': "mine/late.py",
}
READER = """
import importlib, os
from dataclasses import dataclass
from pathlib import Path
from nnbench.optimizers import Optimizer

HERE = Path(__file__).parent
DATA = HERE / "data"

@dataclass(kw_only=True)
class Reads(Optimizer):
    {doc!r}

    def allocate(self, parameters):
        self.read = {reads}

    def update(self, parameters, gradients, iteration):
        parameters -= gradients
"""


def _reader(folder: Path, reads: str, doc: str = "") -> None:
    (folder / "mine" / "data").mkdir(exist_ok=True)
    for name in ("c.json", "table", "fold_2.csv"):
        (folder / "mine" / "data" / name).write_text("return 1")
    (folder / "mine" / "reads.py").write_text(READER.format(reads=reads, doc=doc))


@pytest.mark.parametrize("reads", READS)
def test_modules_imported_at_run_time_are_included(digest: Digest, tmp_path: Path, reads: str) -> None:
    _reader(tmp_path, reads)
    before = digest(named="mine.reads:Reads")
    after = digest(READS[reads], "return 1", "return 2", named="mine.reads:Reads")
    assert before != after
    assert (source.code_digest(before) == source.code_digest(after)) == (not READS[reads].endswith(".py"))


@pytest.mark.parametrize(
    "reads",
    [
        'open(HERE / "steps.csv", "a")',
        '(HERE / "steps.csv").open(mode="w")',
        '(HERE / "steps.csv").write_text("x")',
        'numpy.savetxt("steps.csv", parameters)',
        'open("mine/steps.csv")',  # in the working folder
        'open("/dev/null/steps.csv"), open("../steps.csv"), open("\\0.csv"), open("*"), open("")',
    ],
)
def test_files_that_the_code_does_not_read(
    digest: Digest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _reader(tmp_path, reads)
    before = digest(named="mine.reads:Reads")
    (tmp_path / "mine" / "steps.csv").write_text("1\n")
    (tmp_path / "steps.csv").write_text("1\n")
    assert digest(named="mine.reads:Reads") == before


def test_a_text_that_is_no_path_or_cannot_be_read_does_no_harm(digest: Digest, tmp_path: Path) -> None:
    _reader(tmp_path, f"{'長' * 150 + '.txt'!r}, {'x/' * 3000 + 'y.txt'!r}, 'closed.csv'", doc="As in data/c.json.")
    closed = tmp_path / "mine" / "closed.csv"
    closed.symlink_to("/proc/self/mem")  # not even root can read it
    before = digest(named="mine.reads:Reads")
    assert digest("mine/data/c.json", "1", "2", named="mine.reads:Reads") == before  # a docstring names it


def test_a_large_file_is_not_read(digest: Digest, tmp_path: Path) -> None:
    _reader(tmp_path, 'HERE / "large.bin"')
    large = tmp_path / "mine" / "large.bin"
    with large.open("wb") as file:
        file.truncate(2**40)  # a terabyte that takes no room
    before = digest(named="mine.reads:Reads")
    os.utime(large, (1, 1))
    assert digest(named="mine.reads:Reads") != before


def test_a_long_sum_has_a_digest(digest: Digest, tmp_path: Path) -> None:
    _reader(tmp_path, " + ".join(["1"] * 2000))
    before = digest(named="mine.reads:Reads")
    assert digest("mine/reads.py", "1 + 1", "1 - 1", named="mine.reads:Reads") != before


def test_only_the_edited_class_of_a_file_has_changed(digest: Digest) -> None:
    before = digest(named="mine.opts:Tiger")
    assert digest("mine/opts.py", "parameters -= gradients", "parameters -= 2 * gradients", named="mine.opts:Tiger") != before


def test_the_source_of_a_subclass_includes_its_base_class(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "mine" / "sub.py").write_text("from nnbench.optimizers.adam import Adam\nclass Mine(Adam):\n    pass\n")
    digest(named="mine.sub:Mine")
    kind = optimizers.find("mine.sub:Mine")
    assert set(source.source_of(kind, "mine.sub:Mine").files) == {
        "mine/__init__.py",
        "mine/sub.py",
        "nnbench/optimizers/adam.py",
    }


def test_the_digest_does_not_depend_on_process_or_location(tmp_path: Path) -> None:
    """Hash seeds, the order of imports and the folder, as of a wheel, do not matter."""
    package = Path(source.__file__).parents[1]
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "nnbench").symlink_to(package)
    code = (
        "import sys; from nnbench import optimizers; from nnbench.config import source\n"
        "for name in sys.argv[1:]: source.source_of(optimizers.find(name), name)\n"
        "print(source.nnbench_source().digest, *[source.source_of(optimizers.find(n), n).digest for n in ('adam', 'sgd')])"
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


def test_the_source_of_nnbench_is_what_a_run_imports() -> None:
    files = set(source.nnbench_source().files)
    assert {
        f"nnbench/{name}.py"
        for name in (
            *("training/loop", "training/execute", "core/random", "nn/losses/cross_entropy"),
            *("optimizers/base", "datasets/base/dataset", "records/history"),
        )
    } <= files
    assert not any(
        name.startswith(("nnbench/tracking", "nnbench/report", "nnbench/sweep", "nnbench/config")) for name in files
    )
    assert not {"nnbench/optimizers/adam.py", "nnbench/datasets/spiral.py"} & files


def test_a_class_without_a_file_has_no_source() -> None:
    made = type("Made", (optimizers.Optimizer,), {"__module__": "nowhere_at_all"})
    with pytest.raises(OSError, match="nowhere_at_all"):
        source.source_of(made, "nowhere_at_all:Made")

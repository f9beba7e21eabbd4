"""Optimizer objects in a comparison: the arguments of the sweep, and classes that are refused."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import nnbench
from nnbench.api import compare as module
from nnbench.optimizers.adam import Adam
from tests.sweep.conftest import trainer  # noqa: F401  # a fixture


@dataclass(kw_only=True)
class Rule(nnbench.Optimizer):
    """Has a hyperparameter of any kind."""

    power: object = 2

    def update(self, parameters: nnbench.FloatArray, gradients: nnbench.FloatArray, iteration: int) -> None:
        parameters -= gradients


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Receives the words that `compare` gives to `run`, which then runs nothing."""
    monkeypatch.chdir(tmp_path)
    given: list[str] = []
    monkeypatch.setattr(module, "run", lambda *words, quiet: given.extend(words))
    return given


def test_objects_are_written_as_options_in_the_studys_folder(words: list[str]) -> None:
    nnbench.compare([Adam(learning_rate=0.1), Adam(learning_rate=0.2), "sgd"], "training.epochs=5", seeds=[3, 5])
    assert words[0] == f"hydra.searchpath=['file://{Path.cwd()}/results/comparison/conf']"
    assert words[2:] == ["seed=3,5", "study=comparison", "training.epochs=5"]
    first, second, third = words[1].removeprefix("optimizer=").split(",")
    assert third == "sgd"
    trees = [yaml.safe_load(Path("results/comparison/conf/optimizer", f"{name}.yaml").read_text()) for name in (first, second)]
    assert [tree["learning_rate"] for tree in trees] == [0.1, 0.2]
    assert {(tree["name"], tree["algorithm"], tree["beta_1"]) for tree in trees} == {("adam", "adam", 0.9)}


def test_a_users_search_path_is_kept(words: list[str]) -> None:
    nnbench.compare([Adam(), "mine"], "hydra.searchpath=[file://conf]")
    assert words[:2] == ["--config-dir", "results/comparison/conf"]
    with pytest.raises(nnbench.UserError, match="--config-dir"):
        nnbench.compare([Adam(), "mine"], "hydra.searchpath=[file://conf]", "--config-dir=conf")


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize("place", [["--config-dir", "conf"], ["--config-dir=conf"], ["hydra.searchpath=[file://conf]"]])
def test_objects_are_compared_with_options_in_a_users_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: list[str]
) -> None:
    folder = tmp_path / "it's a, folder"
    (folder / "conf" / "optimizer").mkdir(parents=True)
    monkeypatch.chdir(folder)
    Path("conf/optimizer/mine.yaml").write_text("{name: mine, algorithm: sgd}")
    study = nnbench.compare(
        [Adam(learning_rate=0.1), "mine"], *place, "training.epochs=31", "report=none", seeds=1, quiet=True
    )
    assert set(study.runs["optimizer"]) == {"adam", "mine"}


def test_the_store_can_be_in_another_folder(words: list[str]) -> None:
    nnbench.compare(["adam"], seeds=2, study="two words", folder="my results")
    assert words == [
        "optimizer=adam",
        "seed=range(2)",
        "study='two words'",
        "report.folder='my results'",
        "tracking.uri='sqlite:///my results/mlflow.db'",
        "tracking.artifacts='my results/artifacts'",
    ]


def test_a_class_that_workers_cannot_import_is_refused(words: list[str]) -> None:
    @dataclass(kw_only=True)
    class Inner(Rule):
        """Defined in a function."""

    with pytest.raises(nnbench.UserError, match=r"Inner: is defined within a function.* top level"):
        nnbench.compare([Inner()])
    with pytest.raises(nnbench.UserError, match="Rule.power=.*must be a number"):  # noqa: RUF043
        nnbench.compare([Rule(power={1})])
    with pytest.raises(nnbench.UserError, match="optimizers: 3 must be"):
        nnbench.compare([3])  # type: ignore[list-item]
    with pytest.raises(nnbench.UserError, match="optimizers: must be a list"):
        nnbench.compare("adam")
    with pytest.raises(nnbench.UserError, match="seeds=0"):
        nnbench.compare(["adam"], seeds=0)
    assert not words


@pytest.mark.heavy
def test_a_class_of_a_notebook_cell_or_of_the_script_is_refused(tmp_path: Path, place: Path) -> None:
    script = (place / "face_own.py").read_text() + "import nnbench\nnnbench.compare([SignDescent(), 'adam'])\n"
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "SignDescent: is defined in a notebook cell or in the script itself" in last
    assert "signdescent.py" in last
    assert not (tmp_path / "results").exists()


@pytest.mark.heavy
def test_a_script_without_a_guard_compares_own_objects_in_a_thread(place: Path) -> None:
    (place / "script.py").write_text(
        "import threading\n"
        "import nnbench\n"
        "from face_own import SignDescent\n"
        "found = []\n"
        "words = 'training.epochs=31', 'report=none'\n"
        "def work():\n"
        "    optimizers = [SignDescent(learning_rate=0.002), 'adam']\n"
        "    found.append(nnbench.compare(optimizers, *words, seeds=2, study='own'))\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "thread.join()\n"
        "print(sorted(set(found[0].runs['setting'])), set(found[0].runs['outcome']))\n"
        "try:\n"
        "    nnbench.run('optimizer=adm', quiet=True)\n"
        "except nnbench.UserError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=place, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    settings, mistake = done.stdout.splitlines()
    assert settings == "['adam', 'sign_descent'] {'finished'}"
    assert mistake.startswith("optimizer=adm: no such option; did you mean adam?")

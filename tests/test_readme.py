"""The commands and examples of the README."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from nnbench.cli.main import COMMANDS as SUB_COMMANDS
from tests.conftest import CommandOutput

Run = Callable[..., CommandOutput]

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
CODE, CLOUDS, *_ = (text for kind, text in BLOCKS if kind == "python")
OPTIMIZER, SPACE, DATASET = (text for kind, text in BLOCKS if kind == "yaml")
COMMANDS = [
    shlex.split(line, comments=True)[3:]
    for kind, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    # Those of sub-commands ask for studies that are not there; they have tests of their own.
    if line.startswith("python -m nnbench ") and "--help" not in line and line.split()[3] not in SUB_COMMANDS
]


@pytest.fixture
def mine(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the README's dataset and optimizer, the latter under both of its names."""
    for name, module in (("signs", "signs_module"), ("lion", "my_package.lion")):
        path = home / f"{module.replace('.', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CODE.replace("class Signs", "class Lion") if name == "lion" else CODE)
        algorithm = f"{module}:{name.title()}"
        for folder, text in (("optimizer", OPTIMIZER), ("space", SPACE)):
            (home / "conf" / folder).mkdir(parents=True, exist_ok=True)
            text = re.sub("algorithm: .*", f"algorithm: {algorithm}", text).replace("name: signs", f"name: {name}")
            (home / "conf" / folder / f"{name}.yaml").write_text(text)
    (home / "my_package" / "clouds.py").write_text(CLOUDS)
    (home / "conf" / "dataset").mkdir()
    (home / "conf" / "dataset" / "clouds.yaml").write_text(DATASET)
    monkeypatch.syspath_prepend(str(home))
    yield home
    for module in ("signs_module", "my_package", "my_package.lion", "my_package.clouds"):
        sys.modules.pop(module, None)


@pytest.mark.heavy
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_of_the_readme_is_accepted(mine: Path, nnbench: Run, words: list[str]) -> None:
    own = ["--config-dir", "conf"] if "signs" in " ".join(words) else []
    brief = ["dry_run=true"] if "-m" in words else ["training.epochs=3"]
    said = nnbench(*own, *words, *brief)
    assert said.status == 0, said.err


def test_the_dataset_has_fifteen_lines_and_is_trained_on_from_its_yaml(mine: Path, nnbench: Run) -> None:
    assert len([line for line in CLOUDS.splitlines() if line and not line.startswith("@")]) <= 15
    said = nnbench("--config-dir", "conf", "dataset=clouds", "+dataset.samples=50", "training.epochs=101")
    assert said.status == 0, said.err
    missing = nnbench("--config-dir", "conf", "dataset=clouds", "dataset.samples=50")
    assert "dataset.samples: is not in its YAML file; add it with +dataset.samples=..." in missing.err
    accuracy = float(re.findall(r"test\s+accuracy\s+(\S+)", said.out + said.err)[-1].rstrip(",."))
    assert accuracy == pytest.approx(norm.cdf(0.5 * np.sqrt(2) / 0.5), abs=0.04)  # of the best classifier, x + y > 1


@pytest.mark.heavy
def test_the_example_runs_and_is_tuned_like_the_others(mine: Path, nnbench: Run) -> None:
    small = "training.epochs=40", "report=none", "--config-dir", "conf"
    said = nnbench("-m", "optimizer=signs,adam", "seed=0,1", *small)
    assert said.status == 0, said.err
    tuned = "tuning.searches=1", "tuning.configs=2", "tuning.seeds=[1000]", "seed=0"
    said = nnbench("-m", "experiment=tuned_quick", "optimizer=signs,adam", *tuned, *small)
    assert said.status == 0, said.err
    assert "signs (tuned)" in said.out + said.err

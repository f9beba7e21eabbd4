"""`nnbench animate`: a GIF beside the report and among the artifacts of the run; mistakes in one line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL.GifImagePlugin import GifImageFile

from nnbench.cli.animate import main
from tests.conftest import CommandOutput

pytestmark = pytest.mark.heavy
Command = Callable[..., CommandOutput]
TINY = "training.epochs=31", "report=none"


@pytest.fixture
def animate(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `nnbench animate WORDS` in this process."""

    def run(*words: str) -> CommandOutput:
        monkeypatch.chdir(home)
        monkeypatch.setattr(sys, "argv", ["nnbench animate", *words])
        capsys.readouterr()
        return CommandOutput(main(list(words)), *capsys.readouterr())

    return run


def test_a_run_is_animated_and_mistakes_are_told_in_one_line(home: Path, nnbench: Command, animate: Command) -> None:
    commands: list[tuple[str, ...]] = [(), ("training.checkpoints=[]", "seed=1"), ("dataset=digits", "network.hidden=[4]")]
    for command in commands:
        assert nnbench(*TINY, *command).status == 0

    made = animate("study=comparison", "run=adam lr=0.05 seed=0")
    assert made.status == 2, "the newest run of that name is of digits"
    assert "has no decision boundary; its data must be classes in the plane" in made.err

    folder = home / "results/artifacts/comparison"
    runs = {path.parent.name: path for path in folder.glob("*/artifacts") if (path / "boundary.npz").exists()}
    sizes = {run: (path / "weights.npz").stat().st_size for run, path in runs.items()}
    with_weights, without = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    made = animate("study=comparison", f"run={with_weights[:12]}")
    assert made.status == 0, made.err
    local, artifact = home / f"results/comparison/animations/{with_weights}.gif", runs[with_weights] / "boundary.gif"
    assert str(local.relative_to(home)) in made.out
    assert local.read_bytes() == artifact.read_bytes()
    with GifImageFile(artifact) as gif:
        assert 10 < gif.n_frames <= 25

    mistakes: list[tuple[tuple[str, ...], str]] = [
        ((f"run={without}",), "has no weights of several epochs (training.checkpoints=[]); must be auto or a list"),
        (("run=zzz",), "no run of that id or name in the study comparison; it has "),
        ((), "run: is missing; must be the id or the name of a run"),
        (("run=",), "run: is missing"),
        (("run=a", "study=nothing"), "study=nothing: no study of that name"),
        (("run=a", "colour=red"), "colour: no such key"),
    ]
    for words, message in mistakes:
        made = animate(*words)
        assert (made.status, made.out) == (2, ""), made
        assert message in made.err
        assert made.err.count("\n") == 1

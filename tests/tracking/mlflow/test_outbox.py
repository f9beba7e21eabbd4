import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Experiment, Metric
from mlflow.exceptions import MlflowException

from nnbench.tracking.mlflow import outbox as spool
from nnbench.tracking.mlflow.outbox import Courier, deliver, left_behind
from nnbench.tracking.mlflow.retry import Gone, Line

EXPERIMENT = Experiment("7", "trial", "mlflow-artifacts:/7", "active")


class Server:
    """What `ServerRuns` does, without a server.

    Attributes:
        told: of each run by its key, what it was told, in order.
        is_away: it does not answer.
        refuses: it refuses to close a run.
        gate: opened, it answers.
    """

    def __init__(self) -> None:
        self.line = Line("http://host", 0)
        self.told: dict[str, list[str]] = {}
        self.files: dict[str, list[str]] = {}
        self.ended: dict[str, tuple[str, int | None, Mapping[str, str]]] = {}
        self.is_away = self.refuses = False
        self.gate = threading.Event()
        self.gate.set()

    def _answer(self) -> None:
        self.gate.wait()
        if self.is_away:
            raise Gone("http://host")

    def open(self, experiment: Experiment, name: str, tags: Mapping[str, str], *_: object, **more: Any) -> str:
        self._answer()
        key = tags["nnbench.key"]
        if not (more.get("perhaps_known") and key in self.told):
            assert key not in self.told, "a run is made once"
            self.told[key] = ["open"]
        return f"id of {key}"

    def keep(self, run_id: str, folder: Path) -> None:
        self._answer()
        self.files[run_id] = sorted(path.name for path in folder.iterdir())

    def close(
        self, run_id: str, status: str, metrics: Sequence[Metric], tags: Mapping[str, str], *, ended: int | None = None
    ) -> None:
        self._answer()
        if self.refuses:
            raise MlflowException("INVALID_PARAMETER_VALUE: no")
        self.told[run_id.removeprefix("id of ")].append(f"{status} with {len(metrics)} points")
        self.ended[run_id] = status, ended, tags


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def courier(server: Server, tmp_path: Path) -> Courier:
    return Courier(server, EXPERIMENT, tmp_path / "host-1.runs")  # type: ignore[arg-type]


def run(courier: Courier, name: str = "a run") -> str:
    """A run from its start to its end; returns its handle."""
    handle = courier.open(name, {}, {"seed": "0"})
    with courier.files(handle) as folder:
        (folder / "history.npz").write_bytes(b"curves")
    courier.close(handle, "FINISHED", [Metric("train/loss", 0.5, 1000, 0)], {"note": "about {this run}"})
    return handle


def waiting(tmp_path: Path) -> list[str]:
    return [parcel.name for parcel, _ in left_behind(tmp_path / "host-1.runs")]


def test_a_run_is_told_of_and_leaves_nothing_behind(courier: Courier, server: Server, tmp_path: Path) -> None:
    handle = run(courier)
    assert courier.settle() == 0
    assert server.told == {handle: ["open", "FINISHED with 1 points"]}
    assert server.files == {f"id of {handle}": ["history.npz"]}
    assert courier.run_id(handle) == f"id of {handle}"
    assert server.ended[f"id of {handle}"][2] == {"note": f"about id of {handle}"}
    assert waiting(tmp_path) == []


def test_training_goes_on_while_the_server_is_slow(courier: Courier, server: Server, tmp_path: Path) -> None:
    server.gate.clear()
    for number in range(10):
        run(courier, f"run {number}")
    assert len(waiting(tmp_path)) == 10
    server.gate.set()
    assert courier.settle() == 0
    assert len(server.ended) == 10


def test_but_not_beyond_a_bound(courier: Courier, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "_room", threading.BoundedSemaphore(3))
    server.gate.clear()
    done = threading.Event()

    def train() -> None:
        for _ in range(5):
            run(courier)
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    assert not done.wait(0.3)
    server.gate.set()
    assert done.wait(10)
    thread.join()
    assert courier.settle() == 0


def test_what_a_server_that_has_gone_was_not_told_waits_and_is_told_when_it_is_back(
    courier: Courier, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(courier, "before")
    assert courier.settle() == 0
    server.is_away = True
    for name in ("one", "two"):
        run(courier, name)
    assert courier.settle() == 2
    assert sorted(waiting(tmp_path)) == ["one", "two"]
    assert caplog.text.count("has gone: the runs go on") == 1
    server.is_away = False
    run(courier, "three")
    assert courier.settle() == 0
    assert len(server.ended) == 4
    assert waiting(tmp_path) == []


def test_what_a_process_that_died_had_not_told_the_next_one_tells(courier: Courier, server: Server, tmp_path: Path) -> None:
    server.is_away = True
    handle = run(courier)
    assert courier.settle() == 1
    server.is_away = False
    server.told[handle] = ["open"]  # it had got through, and its answer was lost
    ((parcel, folder),) = left_behind(tmp_path / "host-1.runs")
    assert json.loads((folder / "run.json").read_text())["params"] == {"seed": "0"}
    deliver(server, EXPERIMENT, parcel, folder)  # type: ignore[arg-type]
    assert server.told == {handle: ["open", "FINISHED with 1 points"]}
    assert server.ended[f"id of {handle}"][1] == parcel.ended, "it ended when it ended"
    assert waiting(tmp_path) == []


def test_a_run_that_the_server_refuses_is_put_aside_and_holds_up_no_other(
    courier: Courier, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses = True
    handle = run(courier, "bad")
    assert courier.settle() == 0
    server.refuses = False
    run(courier, "good")
    assert courier.settle() == 0
    assert "the server refuses bad: INVALID_PARAMETER_VALUE: no" in caplog.text
    assert (tmp_path / "refused" / handle / "artifacts" / "history.npz").exists()
    assert waiting(tmp_path) == []


def test_somebody_in_a_hurry_leaves_the_rest_for_the_next_call(courier: Courier, server: Server, tmp_path: Path) -> None:
    server.gate.clear()
    for number in range(3):
        run(courier, f"run {number}")
    threading.Timer(0.3, server.gate.set).start()
    left = courier.settle(0.1)
    assert left == len(waiting(tmp_path)) > 0
    run(courier, "killed meanwhile")
    assert courier.settle(0.1) == left + 1


def test_a_run_whose_file_is_half_written_has_not_ended(tmp_path: Path) -> None:
    folder = tmp_path / "host-1.runs" / "key"
    folder.mkdir(parents=True)
    (folder / f"{spool.RUN}.new").write_text('{"key": ')
    assert left_behind(tmp_path / "host-1.runs") == []

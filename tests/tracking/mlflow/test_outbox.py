import gc
import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Experiment, Metric
from mlflow.exceptions import MlflowException

from nnbench.tracking.mlflow import outbox as module
from nnbench.tracking.mlflow.outbox import Outbox, QueuedRun, queued_runs, send
from nnbench.tracking.mlflow.retry import Retrier, ServerUnavailable

EXPERIMENT = Experiment("7", "trial", "mlflow-artifacts:/7", "active")


class Server:
    """Replacement of `RestRuns` without a server.

    Attributes:
        told: of each run by its key, what it was told, in order.
        unavailable: it does not answer.
        refuses: it refuses to close a run.
        gate: opened, it answers.
    """

    def __init__(self) -> None:
        self.retrier = Retrier("http://host", 0)
        self.told: dict[str, list[str]] = {}
        self.files: dict[str, list[str]] = {}
        self.ended: dict[str, tuple[str, int | None, Mapping[str, str]]] = {}
        self.unavailable = self.refuses = False
        self.gate = threading.Event()
        self.gate.set()

    def _answer(self) -> None:
        self.gate.wait()
        if self.unavailable:
            raise ServerUnavailable("http://host")

    def open(self, experiment: Experiment, name: str, tags: Mapping[str, str], *_: object, **more: Any) -> str:
        self._answer()
        key = tags["nnbench.key"]
        if not (more.get("may_exist") and key in self.told):
            assert key not in self.told, "a run is made once"
            self.told[key] = ["open"]
        return f"id of {key}"

    def log_artifacts(self, run_id: str, folder: Path) -> None:
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
def outbox(server: Server, tmp_path: Path) -> Outbox:
    return Outbox(server, EXPERIMENT, tmp_path / "host-1.runs")  # type: ignore[arg-type]


def record_run(outbox: Outbox, name: str = "a run") -> str:
    """A run from its start to its end; returns its handle."""
    handle = outbox.open(name, {}, {"seed": "0"})
    outbox.write_files(handle, lambda folder: (folder / "history.npz").write_bytes(b"curves"))
    outbox.close(handle, "FINISHED", [Metric("train/loss", 0.5, 1000, 0)], {"note": "about {this run}"})
    return handle


def queued_names(tmp_path: Path) -> list[str]:
    return [run.name for run, _ in queued_runs(tmp_path / "host-1.runs")]


def test_a_run_is_sent_and_its_folder_deleted(outbox: Outbox, server: Server, tmp_path: Path) -> None:
    handle = record_run(outbox)
    assert outbox.flush().queued == 0
    assert server.told == {handle: ["open", "FINISHED with 1 points"]}
    assert server.files == {f"id of {handle}": ["history.npz"]}
    assert outbox.run_id(handle) == f"id of {handle}"
    assert server.ended[f"id of {handle}"][2] == {"note": f"about id of {handle}"}
    assert queued_names(tmp_path) == []


def test_training_continues_with_a_slow_server(outbox: Outbox, server: Server, tmp_path: Path) -> None:
    server.gate.clear()
    for number in range(10):
        record_run(outbox, f"run {number}")
    assert len(queued_names(tmp_path)) == 10
    server.gate.set()
    assert outbox.flush().queued == 0
    assert len(server.ended) == 10


def test_training_waits_when_the_queue_is_full(outbox: Outbox, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_free_slots", threading.BoundedSemaphore(3))
    server.gate.clear()
    done = threading.Event()

    def train() -> None:
        for _ in range(5):
            record_run(outbox)
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    assert not done.wait(0.3)
    server.gate.set()
    assert done.wait(10)
    thread.join()
    assert outbox.flush().queued == 0


def test_runs_are_queued_while_the_server_is_unavailable_and_sent_when_it_is_back(
    outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record_run(outbox, "before")
    assert outbox.flush().queued == 0
    server.unavailable = True
    for name in ("one", "two"):
        record_run(outbox, name)
    assert outbox.flush().queued == 2
    assert sorted(queued_names(tmp_path)) == ["one", "two"]
    assert caplog.text.count("does not answer: runs are queued") == 1
    server.unavailable = False
    record_run(outbox, "three")
    assert outbox.flush().queued == 0
    assert len(server.ended) == 4
    assert queued_names(tmp_path) == []


def test_runs_that_wait_for_the_server_or_were_sent_are_not_kept_in_memory(outbox: Outbox, server: Server) -> None:
    def in_memory() -> int:
        gc.collect()
        return sum(type(one) is QueuedRun for one in gc.get_objects())  # `isinstance` would ask proxies of other packages

    before = in_memory()
    server.unavailable = True
    handles = [record_run(outbox) for _ in range(30)]
    assert outbox.flush().queued == 30
    record_run(outbox)  # forgets the futures of the others, which hold the starts of their runs
    assert outbox.flush().queued == 31
    assert in_memory() - before <= 2
    server.unavailable = False
    record_run(outbox)
    assert outbox.flush().queued == 0
    assert in_memory() - before <= 2
    assert [outbox.run_id(handle) for handle in handles] == [f"id of {handle}" for handle in handles]


def test_a_queued_run_that_was_deleted_does_not_delay_others(
    outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.unavailable = True
    handle = record_run(outbox)
    assert outbox.flush().queued == 1
    shutil.rmtree(tmp_path / "host-1.runs" / handle)
    server.unavailable = False
    record_run(outbox)
    assert outbox.flush() == (0, 1), "the deleted one is not reported as recorded"
    assert len(server.ended) == 1
    assert f"a queued run was deleted, and is not sent: {tmp_path / 'host-1.runs' / handle}" in caplog.text


def test_queued_runs_of_a_dead_process_are_sent_by_the_next(outbox: Outbox, server: Server, tmp_path: Path) -> None:
    server.unavailable = True
    handle = record_run(outbox)
    assert outbox.flush().queued == 1
    server.unavailable = False
    server.told[handle] = ["open"]  # it had got through, and its answer was lost
    ((queued, folder),) = queued_runs(tmp_path / "host-1.runs")
    assert json.loads((folder / "run.json").read_text())["params"] == {"seed": "0"}
    send(server, EXPERIMENT, queued, folder)  # type: ignore[arg-type]
    assert server.told == {handle: ["open", "FINISHED with 1 points"]}
    assert server.ended[f"id of {handle}"][1] == queued.ended, "it ended when it ended"
    assert queued_names(tmp_path) == []


@pytest.mark.parametrize("movable", [True, False])
def test_a_rejected_run_is_moved_aside_without_delaying_others(
    movable: bool, outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if not movable:
        (tmp_path / "refused").write_text("not a folder")
    server.refuses = True
    handle = record_run(outbox, "bad")
    assert outbox.flush() == (0, 1)
    server.refuses = False
    record_run(outbox, "good")
    assert outbox.flush() == (0, 1)
    assert len(server.ended) == 1
    kept = tmp_path / ("refused" if movable else "host-1.runs") / handle
    assert f"the server rejects bad: INVALID_PARAMETER_VALUE: no; the run is kept in {kept}" in caplog.text
    assert (kept / "artifacts" / "history.npz").exists()
    assert queued_names(tmp_path) == ([] if movable else ["bad"])


def test_flush_with_a_time_limit_keeps_the_rest_queued(outbox: Outbox, server: Server, tmp_path: Path) -> None:
    server.gate.clear()
    for number in range(3):
        record_run(outbox, f"run {number}")
    threading.Timer(0.3, server.gate.set).start()
    left = outbox.flush(0.1).queued
    assert left == len(queued_names(tmp_path)) > 0
    record_run(outbox, "killed meanwhile")
    assert outbox.flush(0.1).queued == left + 1


def test_a_run_whose_file_is_incomplete_has_not_ended(tmp_path: Path) -> None:
    folder = tmp_path / "host-1.runs" / "key"
    folder.mkdir(parents=True)
    (folder / f"{module.RUN}.new").write_text('{"key": ')
    assert queued_runs(tmp_path / "host-1.runs") == []


UNREADABLE = b"", b'{"key": ', b"\xff", b"[]", b'{"key": "k"}', b'{"unknown": 1}', b"[" * 10**5


@pytest.mark.parametrize("content", [*UNREADABLE, None])
def test_an_unreadable_run_is_moved_aside_without_delaying_others(
    content: bytes | None, outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.unavailable = True
    bad = record_run(outbox, "bad")
    assert outbox.flush() == (1, 0)
    damage(tmp_path / "host-1.runs" / bad / module.RUN, content)
    server.unavailable = False
    good = [record_run(outbox, f"good {number}") for number in range(3)]
    assert outbox.flush() == (0, 1)
    assert sorted(server.ended) == sorted(f"id of {handle}" for handle in good)
    assert f"{tmp_path / 'host-1.runs' / bad / module.RUN} is unreadable" in caplog.text
    assert (tmp_path / "refused" / bad / "artifacts" / "history.npz").exists()


@pytest.mark.parametrize("content", [*UNREADABLE, None])
def test_an_unreadable_run_of_a_dead_process_does_not_keep_back_the_others(
    content: bytes | None, outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.unavailable = True
    handles = [record_run(outbox, name) for name in ("one", "bad", "two")]
    outbox.flush()
    damage(tmp_path / "host-1.runs" / handles[1] / module.RUN, content)
    assert sorted(queued_names(tmp_path)) == ["one", "two"]
    assert f"{tmp_path / 'host-1.runs' / handles[1] / module.RUN} is unreadable" in caplog.text
    assert (tmp_path / "refused" / handles[1]).exists()


def damage(file: Path, content: bytes | None) -> None:
    """Replace a file's content; None puts a folder in its place."""
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


def test_files_that_cannot_be_read_do_not_delay_other_runs(
    outbox: Outbox, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(run_id: str, folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as files:
        files.setattr(server, "log_artifacts", denied)
        bad = record_run(outbox, "bad")
        assert outbox.flush() == (0, 1)
    record_run(outbox, "good")
    assert outbox.flush() == (0, 1)
    assert len(server.ended) == 1
    assert "bad cannot be sent: [Errno 13] Permission denied" in caplog.text
    assert (tmp_path / "refused" / bad).exists()

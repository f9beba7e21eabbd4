"""A server that a team shares: several sweeps at once, and a server that is away for a while, for good, or slow."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from tests.tracking.mlflow.server.conftest import Member, Team, wait_until
from tests.tracking.mlflow.server.slow import Slow

# Starts of servers and commands take half a minute each on a busy machine, and a test has several: their waits add up to more
# than the usual limit.
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

SHORT = "training.epochs=200", "report=none"


def test_two_sweeps_at_once_from_two_processes(team: Team, member: Member) -> None:
    words = "-m", "optimizer=sgd,adam", "training.epochs=200", "study=two", "report.pages=[cover,runs]"
    sweeps = [member.start(*words, f"seed=range({start},{start + 4})") for start in (0, 4)]
    said = [sweep.communicate(timeout=200)[1] for sweep in sweeps]
    assert [sweep.returncode for sweep in sweeps] == [0, 0], "\n".join(said)
    assert team.states("two") == {"FINISHED": 16}
    assert [status for status, _ in team.runs("two", "sweep")] == ["FINISHED"] * 2
    team.whole("two")
    assert (member.folder / "results" / "two" / "report.pdf").exists()
    assert team.ask("SELECT count(*) FROM tags WHERE key = 'nnbench.report'") == [(2,)]
    assert not member.spooled()


def test_four_processes_start_the_same_study_at_the_same_time(team: Team, tmp_path: Path) -> None:
    stores = [open_store(team.uri, None, spool=tmp_path / str(number)) for number in range(4)]
    for study in ("race 1", "race 2", "race 3"):
        start = threading.Barrier(len(stores))

        def begin(store: Store, study: str = study, start: threading.Barrier = start) -> str:
            start.wait()
            writer = StudyWriter(store, study, command="python -m nnbench")
            sweep_id = writer.start_sweep("sweep", params={})
            writer.end_sweep(sweep_id, "FINISHED")
            return sweep_id

        with ThreadPoolExecutor(len(stores)) as pool:
            assert len(set(pool.map(begin, stores))) == 4
        assert [status for status, _ in team.runs(study, "sweep")] == ["FINISHED"] * 4


def test_a_server_restarted_during_a_sweep(team: Team, member: Member) -> None:
    sweep = member.start(
        "-m", "optimizer=sgd,adam", "seed=range(10)", "study=killed", *SHORT, "training.epochs=1000", "dataset.samples=100"
    )
    for least in (3, 9):
        wait_until(lambda least=least: team.states("killed")["FINISHED"] >= least)  # type: ignore[misc]
        team.kill()
        time.sleep(3)
        team.start()
    said = sweep.communicate(timeout=200)[1]
    assert sweep.returncode == 0, said
    assert "does not answer: waiting, for up to 120 s" in said
    assert "answers again" in said
    assert "Traceback" not in said
    assert team.states("killed") == {"FINISHED": 20}
    assert [status for status, _ in team.runs("killed", "sweep")] == ["FINISHED"]
    team.whole("killed")
    assert not member.spooled()


def test_a_server_that_stays_unavailable(team: Team, member: Member) -> None:
    words = (
        "-m",
        "optimizer=sgd,adam",
        "seed=range(6)",
        "study=gone",
        *SHORT,
        "training.epochs=1000",
        "dataset.samples=100",
        "tracking.patience=2",
    )
    sweep = member.start(*words)
    wait_until(lambda: team.states("gone")["FINISHED"] >= 2)
    team.kill()
    said = sweep.communicate(timeout=200)[1]
    assert sweep.returncode == 1, said
    last = said.strip().splitlines()[-1]
    spooled = member.spooled()
    assert last.startswith(f"nnbench: tracking.uri={team.uri}: the server does not answer: {len(spooled)} runs are queued in ")
    assert "Traceback" not in said
    assert "does not answer: runs are queued" in said
    assert len(spooled) >= 8, "training went on"
    assert {run["status"] for run in spooled} == {"FINISHED"}
    team.start()
    again = member.run(*words)
    assert again.returncode == 0, again.stderr
    assert f"{len(spooled)} runs that were queued" in again.stderr
    assert "12 reused from before, 0 to do" in again.stderr
    assert team.states("gone") == {"FINISHED": 12}
    assert [status for status, _ in team.runs("gone", "sweep")] == ["KILLED"], "its own run, which nobody could close"
    team.whole("gone")
    assert not member.spooled()


def test_partial_uploads_are_deleted_by_the_only_server_of_a_folder(team: Team) -> None:
    half = team.artifacts / "1" / "run" / "artifacts" / ".artifact.uploading.enk4i05x"
    half.parent.mkdir(parents=True)
    half.touch()
    second = Team(team.database, team.artifacts)
    second.start()
    try:
        assert half.exists(), "it may be on its way to the first server"
    finally:
        assert second.stop() == 0
    team.kill()
    team.start()
    assert not half.exists()


def test_a_process_killed_while_it_sends_runs(team: Team, member: Member) -> None:
    words = "-m", "optimizer=sgd", "seed=range(12)", "study=died", *SHORT
    with Slow(team.port, delay=0.3) as slow:
        sweep = member.start(*words, uri=slow.uri)
        wait_until(lambda: len(member.spooled()) >= 5)
        sweep.kill()
        sweep.communicate()
        waiting = len(member.spooled())
        assert waiting >= 4
        slow.delay = 0
        again = member.run(*words, uri=slow.uri)
    assert again.returncode == 0, again.stderr
    assert "that were queued" in again.stderr
    finished = [identity for status, identity in team.runs("died") if status == "FINISHED"]
    assert len(finished) == len(set(finished)) == 12
    assert "RUNNING" not in team.states("died")
    team.whole("died")


def test_an_interrupt_with_a_slow_server_loses_no_run(team: Team, member: Member) -> None:
    words = "-m", "optimizer=sgd", "seed=range(20)", "study=interrupted", *SHORT
    with Slow(team.port, delay=0.3) as slow:
        sweep = member.start(*words, uri=slow.uri)
        wait_until(lambda: len(member.spooled()) >= 12)
        sweep.terminate()
        said = sweep.communicate(timeout=60)[1]
        assert sweep.returncode == 143, said
        assert "interrupted (SIGTERM)" in said
        assert "Traceback" not in said
        finished = sum(run["status"] == "FINISHED" for run in member.spooled()) + team.states("interrupted")["FINISHED"]
        slow.delay = 0
        again = member.run(*words, uri=slow.uri)
    assert again.returncode == 0, again.stderr
    assert "that were queued" in again.stderr
    assert finished >= 12
    assert finished == 20 or f"{finished} reused from before" in again.stderr
    assert team.states("interrupted")["FINISHED"] == 20
    assert "RUNNING" not in team.states("interrupted")
    team.whole("interrupted")


def test_without_a_server_nothing_is_trained(member: Member) -> None:
    said = member.run("-m", "seed=0,1", *SHORT, uri="http://me:hunter2@127.0.0.1:9")
    assert said.returncode == 2
    (line,) = said.stderr.splitlines()
    assert line.startswith("nnbench: tracking.uri=http://127.0.0.1:9: no MLflow server answers")
    assert "hunter2" not in said.stderr + said.stdout


def test_training_does_not_wait_for_a_slow_server(team: Team, member: Member) -> None:
    with Slow(team.port, delay=0.1) as slow:
        started = time.monotonic()
        sweep = member.start("-m", "optimizer=sgd", "seed=range(16)", "study=slow", *SHORT, uri=slow.uri)
        wait_until(lambda: len(member.spooled()) + team.states("slow")["FINISHED"] >= 16)
        trained = time.monotonic() - started
        said = sweep.communicate(timeout=200)[1]
        told = time.monotonic() - started
    assert sweep.returncode == 0, said
    assert told - trained > 0.5 * 16 * 8 * slow.delay, "most of the telling came after the training"
    assert team.states("slow") == {"FINISHED": 16}
    team.whole("slow")

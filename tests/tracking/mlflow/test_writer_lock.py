from pathlib import Path

from nnbench.tracking.mlflow.writer_lock import Presence, departed


def test_a_writer_at_work_is_not_departed(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    assert list(departed(tmp_path)) == []
    presence.leave()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_died_is_told_once(tmp_path: Path) -> None:
    gone, here = Presence(tmp_path), Presence(tmp_path)
    gone._lock.release()  # as the kernel does
    assert list(departed(tmp_path)) == [gone.token]
    assert list(departed(tmp_path)) == []
    here.leave()


def test_a_sign_stays_until_its_runs_are_dealt_with(tmp_path: Path) -> None:
    gone = Presence(tmp_path)
    gone._lock.release()
    try:
        for _ in departed(tmp_path):
            raise RuntimeError("interrupted")
    except RuntimeError:
        assert list(departed(tmp_path)) == [gone.token]


def test_a_folder_that_is_not_there_has_no_signs(tmp_path: Path) -> None:
    assert list(departed(tmp_path / "none")) == []

from pathlib import Path

from nnbench.tracking.mlflow.writer_lock import WriterLock, dead_writers


def test_a_live_writer_is_not_listed_as_dead(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path)
    assert list(dead_writers(tmp_path)) == []
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_dead_writer_is_listed_once(tmp_path: Path) -> None:
    gone, here = WriterLock(tmp_path), WriterLock(tmp_path)
    gone._lock.release()  # as the kernel does
    assert list(dead_writers(tmp_path)) == [gone.token]
    assert list(dead_writers(tmp_path)) == []
    here.release()


def test_a_lock_file_stays_if_its_runs_could_not_be_closed(tmp_path: Path) -> None:
    gone = WriterLock(tmp_path)
    gone._lock.release()
    try:
        for _ in dead_writers(tmp_path):
            raise RuntimeError("interrupted")
    except RuntimeError:
        assert list(dead_writers(tmp_path)) == [gone.token]


def test_a_missing_folder_has_no_dead_writers(tmp_path: Path) -> None:
    assert list(dead_writers(tmp_path / "none")) == []

"""Tests of the writing of artifacts into folders that are deleted meanwhile."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from nnbench.tracking.mlflow.file_writes import write_files


def test_files_are_written_again_if_their_folder_is_deleted_meanwhile(tmp_path: Path) -> None:
    folder, calls = tmp_path / "artifacts" / "study" / "run", []

    def write(folder: Path) -> None:
        calls.append(folder)
        (folder / "sources").mkdir(exist_ok=True)
        (folder / "first").write_text("1")
        if len(calls) < 3:
            shutil.rmtree(tmp_path / "artifacts" if len(calls) == 1 else folder / "sources")
        (folder / "sources" / "second").write_text("2")

    write_files(folder, write)
    assert len(calls) == 3
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["first", "second"]


def test_folders_that_another_thread_deletes_all_the_time(tmp_path: Path) -> None:
    stop = threading.Event()

    def delete() -> None:
        while not stop.wait(0.02):
            shutil.rmtree(tmp_path / "artifacts", ignore_errors=True)

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for number in range(50):
            write_files(tmp_path / "artifacts" / str(number), lambda folder: (folder / "file").write_text("text"))
    finally:
        stop.set()
        thread.join()


def test_another_missing_file_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("tried again"))
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        write_files(tmp_path / "run", lambda folder: (tmp_path / "elsewhere").read_text())


def test_a_folder_that_cannot_be_written_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("tried again"))
    (tmp_path / "file").write_text("a file")
    with pytest.raises(FileExistsError):
        write_files(tmp_path / "file", lambda folder: None)
    with pytest.raises(NotADirectoryError):
        write_files(tmp_path / "file" / "run", lambda folder: None)

"""Refusals before a server starts, and access on a machine with a proxy."""

import time
from pathlib import Path

import pytest

from nnbench.cli.server import main
from nnbench.tracking.mlflow.server import serving


@pytest.mark.parametrize(
    ("database", "artifacts", "says"),
    [
        ("postgresql://bob:SECRET@127.0.0.1:9/x", "folder", "the database does not answer"),
        ("sqlite:///FOLDER/none.db", "file", "--artifacts="),
        ("sqlite:///FOLDER/file", "folder", "the file is not an SQLite database"),
        ("sqlite:///FOLDER", "folder", "is a folder"),
    ],
)
def test_a_mistake_is_reported_immediately_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: str, artifacts: str, says: str
) -> None:
    (tmp_path / "file").write_text("Dear diary, ...\n" * 100)
    before = time.monotonic()
    words = ["--database", database.replace("FOLDER", str(tmp_path)), "--artifacts", str(tmp_path / artifacts), "--port", "0"]
    assert main(words) == 2
    assert time.monotonic() - before < 60
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert "SECRET" not in line


@pytest.mark.heavy
def test_a_proxy_is_not_used_for_this_machine(empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(f"sqlite:///{empty_database}", port=0) as server:
        assert server.process.poll() is None

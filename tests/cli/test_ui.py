"""`python -m nnbench ui`, which `make ui` calls: its address and its end."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.cli.server import main as server
from nnbench.cli.ui import main


def group(leader: int) -> set[int]:
    """Return the descendants of a process outside its group."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
    found = {leader}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {leader}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ui_finds_a_free_port_prints_its_address_and_ends_its_processes(home: Path, number: signal.Signals) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "nnbench", "ui", "--port", str(port)]
        process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    other = int(address.split(":")[2].split("/")[0])
    assert other != port
    with urllib.request.urlopen(f"http://127.0.0.1:{other}/") as page:
        assert b"mlflow.workflowType_v1" in page.read()
    listening = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in listening.splitlines() if f":{other:04X} " in line and " 0A " in line] == [
        f"0100007F:{other:04X}"
    ]
    started = group(process.pid)
    assert started
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    end = time.monotonic() + 10
    while alive(started) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(started)
    assert {path.name for path in home.iterdir()} == {"results"}


@pytest.mark.parametrize(
    ("store", "says"),
    [
        ("sqlite:///results/none.db", "no such file"),
        ("http://127.0.0.1:5000", "is a server, which has its own pages"),
        (
            "results/mlflow.db",
            "must be sqlite:///FILE.db or another database's URI; did you mean sqlite:///results/mlflow.db?",
        ),
        ("results", "must be sqlite:///FILE.db or another database's URI"),
        ("sqlite:///", "names no file"),
    ],
)
def test_a_store_that_cannot_be_shown_is_reported_in_one_line(
    store: str, says: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert main(["--store", store]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nnbench ui: --store={store}: {says}")


@pytest.mark.parametrize("words", [["--port", "80000"], ["--port", "-1"], ["--port", "http"], ["--foo"]])
@pytest.mark.parametrize("command", [main, server])
def test_unknown_arguments_are_reported_in_one_line(
    command: Callable[[list[str]], int], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words[0] in line
    assert "--help" in line


@pytest.mark.heavy
def test_a_file_that_is_not_a_store_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.db").write_text("not a database " * 1000)
    assert main(["--store", f"sqlite:///{tmp_path}/text.db", "--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nnbench ui: --store=sqlite:///")
    assert "is not an SQLite database" in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--database: is missing"),
        (["--database", "nonsense"], "--database: must be postgresql://USER@HOST/NAME or sqlite:///FILE.db"),
        (["--database", "postgresql://h/d", "--host", "0.0.0.0"], "needs --auth and --allowed-hosts"),
        (["--database", "postgresql://h/d", "--host", "0.0.0.0", "--auth"], "needs --auth and --allowed-hosts"),
        (["--database", "postgresql://h/d", "--auth"], "needs the first user's password"),
    ],
)
def test_an_unsafe_team_server_does_not_start(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NNBENCH_DATABASE", "MLFLOW_AUTH_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert server(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert os.listdir(tmp_path) in ([], ["results"])

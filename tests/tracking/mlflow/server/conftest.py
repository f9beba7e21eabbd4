"""A PostgreSQL database, an MLflow server and sweeps as real processes on this machine."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[4]
START = 120  # seconds that a server may take to come up on a busy machine


def free_port() -> int:
    """A free port."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URI of a temporary PostgreSQL server, without the name of a database."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    assert programs is not None, "needs Debian's package postgresql"
    folder = Path(tempfile.mkdtemp(prefix="nnbench-postgres-"))
    as_user: list[str] = []
    if os.getuid() == 0:  # which PostgreSQL refuses
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data, port = folder / "data", free_port()
    make = ["initdb", "--pgdata", str(data), "--username=nnbench", "--auth=trust", "--no-sync"]
    subprocess.run([*as_user, str(programs / make[0]), *make[1:]], check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen([*as_user, str(programs / "postgres"), *options], stderr=nothing, cwd="/")
    uri = f"postgresql://nnbench@127.0.0.1:{port}"
    wait_until(lambda: _answers(f"{uri}/postgres"))
    yield uri
    process.send_signal(signal.SIGINT)
    process.wait()
    shutil.rmtree(folder)


def _answers(uri: str) -> bool:
    with psycopg.connect(uri) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def wait_until(holds: Callable[[], bool], *, seconds: float = START) -> None:
    """Call `holds` until it is true."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError, psycopg.Error):
            if holds():
                return
        assert time.monotonic() < end, "it never did"
        time.sleep(0.05)


@dataclass
class Team:
    """A server that a team shares.

    Attributes:
        database: its runs.
        artifacts: its folder.
        port: where it listens.
        options: further words for `scripts/server.py`.
        env: further settings for it.
    """

    database: str
    artifacts: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Bring it up, on the same port each time."""
        command = [sys.executable, str(ROOT / "scripts" / "server.py"), "--port", str(self.port)]
        command += ["--artifacts", str(self.artifacts), *self.options]
        surroundings = {**os.environ, "NNBENCH_DATABASE": self.database, **self.env}
        self.process = subprocess.Popen(
            command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        assert said == f"tracking.uri={self.uri}", self.process.communicate()

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        """Kill all processes of the server."""
        assert self.process is not None
        for pid in descendants(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()

    def runs(self, study: str, kind: str = "training") -> list[tuple[str, str]]:
        """Status and identity of each run of a kind in a study."""
        return self.ask(
            "SELECT r.status, coalesce(i.value, '') FROM runs r "
            f"JOIN experiments e ON e.experiment_id = r.experiment_id AND e.name = '{study}' "
            f"JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'nnbench.kind' AND k.value = '{kind}' "
            "LEFT JOIN tags i ON i.run_uuid = r.run_uuid AND i.key = 'nnbench.identity'"
        )

    def states(self, study: str) -> Counter[str]:
        """How many training runs there are of each status."""
        return Counter(status for status, _ in self.runs(study))

    def whole(self, study: str) -> None:
        """No run of the study is there twice or has lost anything: points, parameters, artifacts."""
        identities = Counter(identity for status, identity in self.runs(study) if status == "FINISHED")
        assert set(identities.values()) == {1}
        counts = self.ask(
            "SELECT r.run_uuid, (SELECT count(*) FROM metrics m WHERE m.run_uuid = r.run_uuid AND m.key = 'train/loss'), "
            "(SELECT count(*) FROM params p WHERE p.run_uuid = r.run_uuid), split_part(r.name, ' ', 1) FROM runs r "
            f"JOIN experiments e ON e.experiment_id = r.experiment_id AND e.name = '{study}' "
            "JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'nnbench.kind' AND k.value = 'training' "
            "WHERE r.status = 'FINISHED'"
        )
        optimizers = {optimizer for _, _, _, optimizer in counts}
        assert len({(points, params, optimizer) for _, points, params, optimizer in counts}) == len(optimizers)
        for run_id, points, _, _ in counts:
            assert points > 50
            (folder,) = self.artifacts.glob(f"*/{run_id}/artifacts")
            assert {path.name for path in folder.iterdir()} - {"sources"} == {
                *("history.npz", "weights.npz", "boundary.npz", "boundary.png", "config.json", "note.md"),
            }

    def get(self, path: str, *, user: str = "", password: str = "", headers: Mapping[str, str] | None = None) -> int:
        """The status of a request, as curl would make it."""
        request = urllib.request.Request(self.uri + path, headers=dict(headers or {}))
        if user:
            request.add_header("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refused:
            return refused.code


def descendants(pid: int) -> list[int]:
    """A process and all that it has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


@pytest.fixture(scope="session")
def database(postgres: str) -> str:
    """A database for servers; the first server creates MLflow's tables."""
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE team")
    return f"{postgres}/team"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of artifacts, shared by successive servers."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def team(database: str, kept: Path) -> Iterator[Team]:
    """A server that is up; a test that ends it starts it again."""
    made = Team(database, kept)
    made.start()
    yield made
    assert made.stop() == 0


@dataclass
class Member:
    """A user of the server with a separate working folder.

    Attributes:
        folder: where `results/` will be.
        team: whose server they use.
        processes: those they started; ended with the test.
    """

    folder: Path
    team: Team
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, *words: str, uri: str = "", env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """`python -m nnbench tracking=server tracking.uri=... WORDS`."""
        command = [sys.executable, "-m", "nnbench", *words, "tracking=server", f"tracking.uri={uri or self.team.uri}"]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        process = subprocess.Popen(
            command, cwd=self.folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        return process

    def run(self, *words: str, uri: str = "", env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """The same, to its end."""
        process = self.start(*words, uri=uri, env=env)
        out, err = process.communicate(timeout=200)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def spooled(self) -> list[dict[str, Any]]:
        """Return the queued runs."""
        found = self.folder.glob("results/spool/*/*.runs/*/run.json")
        return [json.loads(path.read_text()) for path in found]


@pytest.fixture
def member(tmp_path: Path, team: Team) -> Iterator[Member]:
    """Somebody of the team, whose server is up."""
    assert team.process is not None
    if team.process.poll() is not None:
        team.start()
    made = Member(tmp_path, team)
    yield made
    for process in made.processes:
        process.kill()
        process.communicate()

"""A server with passwords: access without one is refused, and none is stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracking.mlflow.server.conftest import Member, Team, descendants

pytestmark = pytest.mark.heavy

PASSWORD = "correct horse/battery@staple"
ENCODED = "correct%20horse%2Fbattery%40staple"
SHORT = "optimizer=sgd", "training.epochs=200", "report=none"


@pytest.fixture(scope="module")
def team(database: str, kept: Path) -> Iterator[Team]:
    """A server that wants passwords, and that knows by which name it is called."""
    env = {"MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD}
    made = Team(database, kept, options=("--auth", "--allowed-hosts", "127.0.0.1:*"), env=env)
    made.start()
    yield made
    assert made.stop() == 0


def test_without_a_password_nothing_can_be_read(team: Team, member: Member) -> None:
    said = member.run("seed=0", "study=secret", *SHORT, uri=f"http://admin:{ENCODED}@127.0.0.1:{team.port}")
    assert said.returncode == 0, said.stderr
    ((run_id, experiment),) = team.ask(
        "SELECT r.run_uuid, r.experiment_id FROM runs r "
        "JOIN experiments e ON e.experiment_id = r.experiment_id AND e.name = 'secret'"
    )
    api = "/api/2.0/mlflow"
    doors = [
        f"{api}/experiments/search?max_results=1",
        f"{api}/experiments/get-by-name?experiment_name=secret",
        f"{api}/runs/get?run_id={run_id}",
        f"{api}/metrics/get-history?run_id={run_id}&metric_key=train/loss",
        f"{api}/artifacts/list?run_id={run_id}",
        f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/history.npz",
        f"/get-artifact?path=history.npz&run_uuid={run_id}",
        "/ajax-api/2.0/mlflow/experiments/search?max_results=1",
        "/",
    ]
    for door in doors:
        assert team.get(door, user="admin", password=PASSWORD) == 200, door
        assert team.get(door) == 401, door
        assert team.get(door, user="admin", password="wrong") == 401, door
        assert team.get(door, user="nobody", password=PASSWORD) == 401, door


def test_a_wrong_password_is_reported_in_one_line(team: Team, member: Member) -> None:
    uri = f"http://admin:wrong{ENCODED}@127.0.0.1:{team.port}"
    said = member.run("-m", "seed=0,1", "study=secret", *SHORT, uri=uri)
    assert said.returncode == 2
    (line,) = said.stderr.splitlines()
    assert line.startswith(f"nnbench: tracking.uri=http://***@127.0.0.1:{team.port}: the server refuses access")
    assert "wrong" not in line


def test_no_password_is_shown_or_stored(team: Team, member: Member) -> None:
    uri = f"http://admin:{ENCODED}@127.0.0.1:{team.port}"
    said = member.run("-m", "seed=0,1", "study=unsaid", *SHORT, uri=uri)
    assert said.returncode == 0, said.stderr
    failed = member.run(
        *("-m", "seed=2", "study=unsaid", *SHORT[1:], "optimizer=custom", "+optimizer.learning_rate=0.1"),
        *("optimizer.algorithm=tests.broken_optimizers:Raises",),
        uri=uri,
    )
    assert failed.returncode == 1
    assert f"tracking.uri=http://***@127.0.0.1:{team.port}" in "".join(
        command for (command,) in team.ask("SELECT DISTINCT value FROM tags WHERE key = 'nnbench.command'")
    )
    parts = [PASSWORD, ENCODED, "battery"]
    shown = "".join((said.stdout, said.stderr, failed.stdout, failed.stderr))
    dumped = " ".join(
        str(row)
        for table in ("runs", "params", "tags", "experiments", "experiment_tags", "metrics")
        for row in team.ask(f"SELECT * FROM {table}")
    )
    files = [path for folder in (member.folder, team.artifacts) for path in folder.rglob("*") if path.is_file()]
    for part in parts:
        assert part not in shown
        assert part not in dumped
        assert [path for path in files if part.encode() in path.read_bytes()] == []


def test_credentials_may_be_in_the_environment(team: Team, member: Member) -> None:
    env = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": PASSWORD}
    assert member.run("seed=0", "study=environment", *SHORT, env=env).returncode == 0


def test_the_server_listens_on_localhost_and_hides_the_password(team: Team) -> None:
    assert team.process is not None
    listening = _listening()
    assert listening[team.port] == {"127.0.0.1"}
    for pid in descendants(team.process.pid):
        assert "battery" not in Path(f"/proc/{pid}/cmdline").read_text()
    assert team.database not in Path(f"/proc/{team.process.pid}/cmdline").read_text()


def test_a_wrong_name_is_refused(team: Team) -> None:
    # A page elsewhere whose name leads here would carry that name along.
    door = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert team.get(door, user="admin", password=PASSWORD, headers={"Host": "evil.example.org"}) == 403
    assert team.get(door, user="admin", password=PASSWORD) == 200


def _listening() -> dict[int, set[str]]:
    """Return the addresses of listening sockets by port."""
    found: dict[int, set[str]] = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, port = local.split(":")
        if state == "0A":
            octets = [str(int(address[at : at + 2], 16)) for at in (6, 4, 2, 0)]
            found.setdefault(int(port, 16), set()).add(".".join(octets))
    return found

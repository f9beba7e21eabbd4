import logging
from collections.abc import Callable

import pytest
import requests
from mlflow.exceptions import MlflowException

from nnbench.tracking.mlflow.retry import Retrier, ServerUnavailable, is_access_denied, is_unavailable

REFUSED = requests.ConnectionError("Connection refused")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Clock that advances only by `sleep`."""
    now = [0.0]
    monkeypatch.setattr("nnbench.tracking.mlflow.retry.time.monotonic", lambda: now[0])
    monkeypatch.setattr("nnbench.tracking.mlflow.retry.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def failing(times: int, error: Exception = REFUSED) -> Callable[[], str]:
    """Fails so often, then answers."""
    left = [times]

    def call() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise MlflowException("API request failed") from error
        return "answer"

    return call


def raising(error: Exception) -> Callable[[], str]:
    """Fails always."""

    def call() -> str:
        raise error

    return call


def test_a_successful_request_is_sent_once(caplog: pytest.LogCaptureFixture) -> None:
    assert Retrier("x", 10).call(failing(0)) == "answer"
    assert caplog.text == ""


def test_a_recovering_server_is_retried_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Retrier("http://host", 10).call(failing(5)) == "answer"
    assert [record.message for record in caplog.records] == [
        "http://host does not answer: waiting, for up to 10 s",
        "http://host answers again",
    ]


def test_a_server_is_given_up_after_the_time_limit_then_tried_once_per_call(clock: list[float]) -> None:
    retrier = Retrier("x", 10)
    with pytest.raises(ServerUnavailable):
        retrier.call(failing(1000))
    assert 10 <= clock[0] <= 12
    assert retrier.given_up
    before = clock[0]
    with pytest.raises(ServerUnavailable):
        retrier.call(failing(1))
    assert clock[0] == before
    assert retrier.call(failing(0)) == "answer"
    assert not retrier.given_up
    assert retrier.call(failing(3)) == "answer", "it is patient again"


def test_a_request_with_a_lost_answer_is_not_repeated() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("run")
        raise MlflowException("no answer") from requests.ReadTimeout()

    assert Retrier("x", 10).call(make, lambda: made[0] if made else None) == "run"
    assert made == ["run"]


def test_a_rejected_request_is_not_retried(clock: list[float]) -> None:
    with pytest.raises(MlflowException, match="invalid"):
        Retrier("x", 10).call(raising(MlflowException("invalid parameter")))
    assert clock[0] == 0


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (REFUSED, True),
        (requests.ReadTimeout(), True),
        (requests.exceptions.RetryError("too many 503"), True),
        (requests.exceptions.ChunkedEncodingError(), True),
        (MlflowException("bad"), False),
        (ValueError("no"), False),
    ],
)
def test_an_unavailable_server(error: Exception, unavailable: bool) -> None:
    assert is_unavailable(error) is unavailable
    wrapped = MlflowException("API request failed")  # which names no cause, but was raised while the other was handled
    wrapped.__context__ = error
    assert is_unavailable(wrapped) is unavailable


@pytest.mark.parametrize(
    ("text", "is_denied"),
    [
        ("API request to endpoint /api/2.0/mlflow/runs/search failed with error code 401 != 200. Response body: ''", True),
        ("403 Client Error: FORBIDDEN for url: http://host/api/2.0/mlflow-artifacts/artifacts/1", True),
        ("RESOURCE_DOES_NOT_EXIST: Run '401' not found", False),
        ("API request failed with error code 500", False),
    ],
)
def test_refused_credentials(text: str, is_denied: bool) -> None:
    assert is_access_denied(MlflowException(text)) is is_denied
    if is_denied:
        with pytest.raises(ServerUnavailable):
            Retrier("x", 10).call(raising(MlflowException(text)))

"""Signals that ask for the end, at the moments at which Python would lose the exception that they raise."""

import signal
import threading
import weakref
from collections.abc import Callable

import pytest

from nnbench.core.signals import Interrupted, checkpoint, interruptible, uninterrupted


class _Finalized:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


class _Referred:
    pass


def _in_a_finalizer() -> None:
    _Finalized()


def _in_a_callback() -> None:
    referred = _Referred()
    reference = weakref.ref(referred, lambda reference: signal.raise_signal(signal.SIGINT))
    del referred
    assert reference() is None


def _in_a_comparison() -> None:
    class Key:
        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            signal.raise_signal(signal.SIGINT)
            return False

    with pytest.raises(Interrupted):
        assert {Key(): 1, Key(): 2}


def _caught() -> None:
    with pytest.raises(BaseException, match="SIGINT"):
        signal.raise_signal(signal.SIGINT)


def _turned_into_another() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException as error:
        raise RuntimeError("the font cannot be read") from error


LOSE = [_in_a_finalizer, _in_a_callback, _in_a_comparison, _caught, _turned_into_another]


@pytest.mark.parametrize("lose", LOSE)
def test_an_interrupt_that_is_lost_is_raised_again(lose: Callable[[], None]) -> None:
    with pytest.raises(Interrupted) as caught, interruptible():
        lose()
    assert caught.value.status == 130


def test_checkpoint_raises_only_a_lost_interrupt() -> None:
    steps = []

    def work() -> None:
        checkpoint()
        steps.append("before")
        _in_a_finalizer()
        with uninterrupted():
            checkpoint()
            steps.append("held")
        checkpoint()
        steps.append("after")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert steps == ["before", "held"]


def test_one_interrupt_does_not_reach_the_next_block() -> None:
    for _ in range(2):
        with pytest.raises(Interrupted), interruptible():
            signal.raise_signal(signal.SIGTERM)
        with interruptible():
            checkpoint()


def test_a_closed_terminal_interrupts_unless_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the suite itself may run under `nohup`
    try:
        with pytest.raises(Interrupted) as caught, interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert caught.value.status == 129
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_changed() -> None:
    seen = []

    def work() -> None:
        with interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_signals_are_not_deferred_outside_the_main_thread() -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with uninterrupted():
            held.set()
            go_on.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        with pytest.raises(Interrupted), interruptible():
            _caught()  # at once, and not only at the end of the block
    finally:
        go_on.set()
        thread.join()

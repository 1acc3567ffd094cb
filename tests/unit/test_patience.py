"""A call is waited for no longer than it may take, and its thread serves the next one."""

import threading

import pytest

from export_watch.patience import OutOfTimeError, Patience


def test_what_a_call_returns_comes_back():
    assert Patience[int]().call(lambda: 7, 5) == 7


def test_calls_one_after_another_are_made_in_the_same_thread():
    patience = Patience[int]()
    assert patience.call(threading.get_ident, 5) == patience.call(threading.get_ident, 5)


def test_a_late_call_is_given_up_and_its_result_is_for_nobody():
    patience, late = Patience[str](), threading.Event()
    with pytest.raises(OutOfTimeError):
        patience.call(lambda: str(late.wait(5)), 0.01)
    late.set()
    assert patience.call(lambda: "next", 5) == "next"


def test_the_thread_of_a_late_call_ends_with_it():
    patience, late = Patience[int](), threading.Event()
    threads: list[threading.Thread] = []

    def call() -> int:
        threads.append(threading.current_thread())
        late.wait(5)
        return 0

    with pytest.raises(OutOfTimeError):
        patience.call(call, 0.05)
    late.set()
    threads[0].join(5)
    assert not threads[0].is_alive()


def test_two_calls_at_once_do_not_wait_for_each_other():
    patience, both = Patience[int](), threading.Barrier(2)
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(patience.call(lambda: both.wait(5), 5)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(results) == [0, 1]

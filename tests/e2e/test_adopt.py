"""A worker that does not accept: others do it in its place."""
import os
import re
import signal
import time

import pytest

from gateway import Watch, free_port, freeze, wait_until
from test_listeners import PONG, Churn, ask_once, text
from wire import get

# A stale heartbeat counts as one after 500 ms, a slot that is down after 50.
# The slack is for a busy machine: nobody would answer for 10 s otherwise.
STUCK_S, SLACK_S = 0.9, 4
GIVEN_BACK = 'does not accept for worker 0 any more'


@pytest.mark.parametrize('workers', [2, 4])
def test_stopped_worker(gateway, workers):
    g = gateway(PONG, workers=workers)
    pid = g.worker_pids[0]
    freeze(pid)
    try:
        start = Watch()
        for _ in range(40):
            assert ask_once(g.port) == 'served'
        assert start.within(0, STUCK_S + SLACK_S)
        g.wait_log('accepts for worker 0, which is stuck')
        # From now on nobody waits at all.
        with Churn([g.port], threads=4) as churn:
            time.sleep(1.2)
        assert not churn.wrong() and churn.slowest < 3, churn.seen
    finally:
        os.kill(pid, signal.SIGCONT)
    g.wait_log(GIVEN_BACK)
    assert pid in g.worker_pids
    for _ in range(20):
        assert get(g.port).status == 200


def test_adopter_is_stopped_too(gateway):
    g = gateway(PONG, workers=3)
    pids = g.worker_pids
    freeze(pids[0])
    g.wait_log('accepts for worker 0, which is stuck')
    adopter = 1 if 'worker 1 accepts for worker 0' in g.log_text() else 2
    freeze(pids[adopter])
    try:
        g.wait_log('accepts for worker 0, which is stuck', count=2)
        start = Watch()
        for _ in range(40):
            assert ask_once(g.port) == 'served'
        assert start.within(0, STUCK_S + SLACK_S)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_new_listener_while_adopted(gateway):
    g = gateway(PONG, start=False, workers=2)
    g.write(PONG, text([g.port]))
    g.start()
    freeze(g.worker_pids[1])
    try:
        g.wait_log('accepts for worker 1, which is stuck')
        other = free_port()
        g.reload(PONG, text([g.port, other]))
        start = Watch()
        for _ in range(30):
            assert ask_once(other) == 'served'
        assert start.within(0, SLACK_S)
        g.reload(PONG, text([g.port]))
        wait_until(lambda: ask_once(other) == 'refused', 5, 'its end')
    finally:
        os.kill(g.worker_pids[1], signal.SIGCONT)


def on_its_own(g):
    """Worker 0 is ready, and nobody accepts for it any more."""
    if g.ctl_json('workers')['workers'][0]['state'] != 'ready':
        return False
    log = g.log_text()
    return log.count('accepts for worker 0, which') == log.count(GIVEN_BACK)


def pause_ms(g):
    """Before the last start of a worker that had died too soon."""
    said = re.findall(r'worker 0 died .* start is in (\d+) ms', g.log_text())
    return int(said[-1]) if said else 0


def die_again(g):
    victims = g.titled('worker 0')
    g.kill(victims)
    wait_until(lambda: set(g.titled('worker 0')) - set(victims), 5,
               'a successor')
    return pause_ms(g)


def test_worker_that_dies_again_and_again(gateway):
    """The pause before the next start grows; nobody waits for it."""
    g = gateway(PONG, workers=2, allow=['killed by signal 9 '])

    def paused():
        # Who has lived for a second does not die too soon.
        end = time.monotonic() + 1.2
        wait_until(lambda: time.monotonic() > end, 5, 'a long life')
        wait_until(lambda: die_again(g) == 640, 60, 'a long pause')
        wait_until(lambda: on_its_own(g), 5, 'a quiet start')
        times = g.log_text().count(GIVEN_BACK)
        with Churn([g.port], threads=4) as churn:
            start = time.monotonic()
            g.kill(g.titled('worker 0'))
            g.wait_log(GIVEN_BACK, count=times + 1)
            down = time.monotonic() - start
        # Cut are only those that the dead one had accepted.
        assert sum(churn.wrong().values()) <= 4, churn.seen
        if pause_ms(g) != 1280:  # it has lived for a second after all
            return False
        assert down > 1.2
        # Again, if it was not the gateway that kept somebody waiting.
        return churn.slowest < 0.85 * down
    wait_until(paused, 60, 'the longest pause, for which nobody waits')


def test_stuck_worker_is_ended(gateway):
    g = gateway(PONG, workers=2, allow=['killed by signal', 'last words'])
    pid = g.worker_pids[0]
    freeze(pid)
    g.wait_log('has not moved for 10 s', seconds=15)
    wait_until(lambda: pid not in g.family(), 5, 'its end')
    wait_until(lambda: len(g.worker_pids) == 2, 5, 'a successor')
    g.wait_log(GIVEN_BACK)

"""Few long connections: an overloaded worker hands some of them to others."""
import math
import os
import signal
import socket
import threading
import time

import pytest

from conf import proxy
from gateway import freeze, wait_until
from origin import field
from test_limits import begun
from test_listeners import PONG
from wire import Wire

WORKERS = 4
ASK = b'GET / HTTP/1.1\r\nHost: t\r\n\r\n'


def spread(g):
    """How many connections each worker has, by slot."""
    return [w['connections'] for w in g.ctl_json('workers')['workers']
            if w['role'] == 'worker']


def settled(g, n):
    """The spread, once n connections are there."""
    wait_until(lambda: sum(spread(g)) == n, 5, f'{n} connections')
    return spread(g)


def handed(g):
    return g.metric('connections_handed_over_total')


def one_by_one(g, n):
    return [Wire(g.port) for _ in range(n)]


def burst(g, n):
    """All wait in the kernel's queues before any worker looks."""
    pids = g.worker_pids
    for pid in pids:
        freeze(pid)
    try:
        return one_by_one(g, n)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def close(connections):
    for c in connections:
        c.close()


def watched(g, how, n):
    """Connections that are made, how many each worker has, and whether that
    was so fast that none of them can have seemed to be stuck meanwhile: such a
    one is given nothing (shm/slots.c)."""
    began = time.monotonic()
    held = how(g, n)
    per_worker = settled(g, n)
    return held, per_worker, time.monotonic() - began < 0.3


@pytest.mark.parametrize('n', [8, 40, 200])
@pytest.mark.parametrize('how', [one_by_one, burst])
def test_spread(gateway, how, n):
    g = gateway(PONG, workers=WORKERS)
    accepted = 0

    def even():
        nonlocal accepted
        held, per_worker, fast = watched(g, how, n)
        accepted += n
        is_even = max(per_worker) <= math.ceil(1.25 * n / WORKERS)
        assert is_even or not fast, per_worker
        assert g.metric('connections_accepted_total') == accepted
        close(held)
        settled(g, 0)
        return is_even
    wait_until(even, 30, 'an even spread')


def test_new_workers_get_their_share(gateway):
    """Whatever the kernel says, the one that has most gets no more."""
    g = gateway(PONG, workers=WORKERS, allow=['killed by signal 9 '])
    held = one_by_one(g, 40)
    settled(g, 40)
    for slot in range(1, WORKERS):
        [victim] = g.titled(f'worker {slot}')
        os.kill(victim, signal.SIGKILL)
        g.wait_successor(f'worker {slot}', victim)
    wait_until(lambda: all(w['state'] == 'ready' for w in
                           g.ctl_json('workers')['workers']), 5, 'successors')

    def given_to_others():
        before = spread(g)
        began = time.monotonic()
        held.extend(one_by_one(g, 20))
        after = settled(g, sum(before) + 20)
        assert after[0] == before[0] or time.monotonic() - began >= 0.3
        return after[0] == before[0]
    wait_until(given_to_others, 30, 'a first one that gets no more')
    close(held)


class From(Wire):
    """A connection from an address of its own."""

    def __init__(self, port, source):  # pylint: disable=super-init-not-called
        self.sock = socket.create_connection(('127.0.0.1', port), 60,
                                             (source, 0))
        self.data = b''


def test_requests_after_it(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(origin.port), workers=WORKERS)
    held = {f'127.0.0.{2 + i}': None for i in range(100)}
    for source in held:
        held[source] = From(g.port, source)
    per_worker = settled(g, len(held))
    assert handed(g) > 0
    for _ in range(2):
        for source, w in held.items():
            assert w.ask('/').status == 200
            assert field(origin.last, 'X-Forwarded-For') == [source]
    assert settled(g, len(held)) == per_worker
    close(held.values())


def test_every_place_is_used(gateway):
    """One that is full leaves nobody waiting while another has places."""
    g = gateway(PONG, workers=2, top='worker_connections = 16;')
    held = [begun(g.port) for _ in range(32)]
    assert settled(g, 32) == [16, 16]
    for w in held:
        w.send('\r\n')
        assert w.response().status == 200
    close(held)


def stop_with_queue(g, slot):
    """Stops the slot's worker; then connections wait in what it was handed.

    A stopped one is fit for a fraction of a second only: again, if the machine
    was too slow for that.
    """
    [pid] = g.titled(f'worker {slot}')
    held = []
    for _ in range(30):
        before = handed(g)
        freeze(pid)
        for w in one_by_one(g, 30):
            w.send(ASK)
            held.append(w)
        try:
            wait_until(lambda: handed(g) > before, 0.4)
            return pid, held
        except AssertionError:
            os.kill(pid, signal.SIGCONT)
    raise AssertionError('nothing was handed to a stopped worker')


def test_successor_serves_the_queue(gateway):
    g = gateway(PONG, workers=2, allow=['killed by signal 9 '])
    pid, held = stop_with_queue(g, 1)
    os.kill(pid, signal.SIGKILL)
    for w in held:
        assert w.response().status == 200
    close(held)


def test_adopter_serves_the_queue(gateway):
    g = gateway(PONG, workers=2)
    pid, held = stop_with_queue(g, 1)
    try:
        for w in held:
            assert w.response().status == 200
        g.wait_log('worker 0 accepts for worker 1')
    finally:
        os.kill(pid, signal.SIGCONT)
    g.wait_log('does not accept for worker 1 any more')
    close(held)


class Openers:
    """Threads that open connections, ask on each, and keep them."""

    def __init__(self, port, threads=6):
        self.port, self.held, self.wrong = port, [], []
        self.threads = [threading.Thread(target=self.go)
                        for _ in range(threads)]

    def go(self):
        while True:
            try:
                w = Wire(self.port)
            except ConnectionRefusedError:
                return
            try:
                assert w.ask().body == b'pong'
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(repr(error))
                return
            self.held.append(w)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        for t in self.threads:
            t.join()
        close(self.held)


@pytest.mark.parametrize('workers', [2, WORKERS])
def test_stop_in_the_midst(gateway, workers):
    for _ in range(2):
        g = gateway(PONG, workers=workers)
        with Openers(g.port) as openers:
            wait_until(lambda: len(openers.held) > 100 and handed(g) > 0, 10,
                       'load')
            g.send(signal.SIGTERM)
            assert g.proc.wait(60) == 0
            g.proc = None
        assert not openers.wrong


def test_stop_waits_for_those_that_may_give(gateway):
    """One that has not seen the stop may be about to hand something over."""
    g = gateway(PONG, workers=2)
    [stopped], [other] = g.titled('worker 0'), g.titled('worker 1')
    freeze(stopped)
    try:
        g.send(signal.SIGTERM)
        time.sleep(0.7)  # several times what it waits when all have seen it
        assert other in g.worker_pids
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert g.proc.wait(60) == 0
    g.proc = None


def test_short_ones_stay(gateway):
    g = gateway(PONG, workers=WORKERS)

    def stay():
        before = handed(g)
        for _ in range(300):
            with Wire(g.port) as w:
                assert w.ask().status == 200
        return handed(g) - before <= 15  # after pauses of the machine
    wait_until(stay, 20, '300 that nearly all stay')

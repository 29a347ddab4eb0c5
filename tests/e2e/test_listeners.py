"""Listeners come and go under load: no connection is reset, none unanswered."""
import collections
import os
import random
import signal
import socket
import threading
import time

import pytest

from gateway import free_port, freeze, wait_until
from wire import get

PONG = 'routes = ( { path = "/*rest"; respond = { body = "pong"; }; } );'
ASK = b'GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n'
PORTS = 20


def text(ports):
    rows = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    return f'listeners = ( {rows} );'


def ask_once(port):
    """served, refused, or what must not be."""
    with socket.socket() as s:
        s.settimeout(10)
        try:
            s.connect(('127.0.0.1', port))
        except ConnectionRefusedError:
            return 'refused'
        except OSError as error:
            return f'connect: {error!r}'
        try:
            s.sendall(ASK)
            data = b''
            while more := s.recv(4096):
                data += more
        except OSError as error:
            return f'{error!r} after {len(data)} bytes'
        return 'served' if data.endswith(b'pong') else f'cut: {data!r}'


class Churn:
    """Threads that connect to random ones of some ports, again and again."""

    def __init__(self, ports, threads=8, pause=0):
        self.ports, self.pause = ports, pause
        self.seen, self.slowest = collections.Counter(), 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.go)
                        for _ in range(threads)]

    def go(self):
        while not self.over.is_set():
            start = time.monotonic()
            self.seen[ask_once(random.choice(self.ports))] += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            time.sleep(self.pause)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()

    def wrong(self):
        return {k: n for k, n in self.seen.items()
                if k not in ('served', 'refused')}


@pytest.mark.parametrize('workers', [1, 3])
def test_hundred_come_and_go(gateway, workers):
    g = gateway(PONG, start=False, workers=workers)
    ports = [free_port() for _ in range(PORTS)]
    few, all_ = text([g.port]), text([g.port, *ports])
    g.write(PONG, few)
    g.start()
    with Churn([g.port, *ports]) as churn:
        for i in range(5):
            g.reload(PONG, all_)
            time.sleep(0.05)
            g.reload(PONG, few)
            # Back while they leave, or after they have left.
            if i % 2:
                wait_until(lambda: all(ask_once(p) == 'refused'
                                       for p in ports), 5, 'their end')
            else:
                time.sleep(0.04 * i)
    assert not churn.wrong(), churn.seen
    assert churn.seen['served'] > 100 and churn.seen['refused'] > 10


def test_removed_is_refused_in_the_end(gateway):
    g = gateway(PONG, start=False)
    port = free_port()
    g.write(PONG, text([g.port, port]))
    g.start()
    assert get(port).status == 200
    g.reload(PONG, text([g.port]))
    wait_until(lambda: ask_once(port) == 'refused', 3, 'its end')
    with socket.socket() as s:
        s.bind(('127.0.0.1', port))  # nobody holds it any more


def test_stop_serves_what_has_connected(gateway):
    """TERM under connection load: served or refused, nothing else."""
    for _ in range(2):
        g = gateway(PONG, workers=2)
        with Churn([g.port]) as churn:
            wait_until(lambda: churn.seen['served'] > 100, 10, 'load')
            g.send(signal.SIGTERM)
            assert g.proc.wait(60) == 0
            g.proc = None
        assert not churn.wrong(), churn.seen


def test_worker_killed_while_listeners_leave(gateway):
    """What the dead one had accepted is lost, what is queued is not."""
    g = gateway(PONG, start=False, workers=2,
                allow=['killed by signal 9 '])
    port = free_port()
    g.write(PONG, text([g.port, port]))
    g.start()
    victim = g.worker_pids[0]
    freeze(victim)
    waiting = []
    for _ in range(8):
        waiting.append(socket.create_connection(('127.0.0.1', port), 5))
        waiting[-1].sendall(ASK)
    g.reload(PONG, text([g.port]))
    os.kill(victim, signal.SIGKILL)
    for s in waiting:
        with s:
            assert b'pong' in s.recv(4096)

"""Few descriptors, few places: accept pauses, nothing spins."""
import os
import resource
import subprocess
import time

import pytest

from gateway import BINARY, Watch, wait_until
from test_listeners import PONG, ask_once
from wire import Wire, get


def cpu_s(pid):
    fields = open(f'/proc/{pid}/stat', encoding='ascii').read()
    user, system = fields.rsplit(')', 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def begun(port):
    """A connection with half a head on it: nobody may close it."""
    w = Wire(port)
    w.send('GET / HTTP/1.1\r\nHost: t\r\n')
    return w


def active(g, n):
    wait_until(lambda: g.metric('connections') == n, 5, f'{n} connections')


def test_full_of_busy_connections(gateway):
    g = gateway(PONG, top='worker_connections = 16;')
    [pid] = g.worker_pids
    held = [begun(g.port) for _ in range(16)]
    active(g, 16)
    waiting = [Wire(g.port) for _ in range(8)]
    for w in waiting:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
    before = cpu_s(pid)
    time.sleep(1)
    assert cpu_s(pid) - before < 0.1
    assert g.metric('connections') == 16
    for w in held:
        w.close()
    for w in waiting:
        assert w.response().status == 200
        w.close()


def test_idle_connections_make_room(gateway):
    g = gateway(PONG, top='worker_connections = 16;')
    idle = [Wire(g.port) for _ in range(16)]
    for w in idle:
        assert w.ask().status == 200
    active(g, 16)
    start = Watch()
    for _ in range(40):
        assert get(g.port).status == 200
    assert start.within(0, 2)
    assert sum(w.closed() for w in idle[:8]) == 8


def test_idle_connections_stay_where_nobody_waits(gateway):
    """Also those that were there when the last place was taken."""
    g = gateway(PONG, top='worker_connections = 16;')
    idle = [Wire(g.port) for _ in range(15)]
    for w in idle:
        assert w.ask().status == 200
    idle.append(Wire(g.port))
    time.sleep(0.5)
    for w in idle:
        assert w.ask().status == 200


def test_idle_connections_make_room_for_many(gateway):
    g = gateway(PONG, top='worker_connections = 16;')
    busy = [begun(g.port) for _ in range(8)]
    idle = [Wire(g.port) for _ in range(8)]
    for w in idle:
        assert w.ask().status == 200
    fresh = [Wire(g.port) for _ in range(8)]
    for w in fresh:
        assert w.ask().status == 200
    for w in busy:  # untouched
        w.send('\r\n')
        assert w.response().status == 200


def set_files(n):
    def now():
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
    return now


@pytest.mark.parametrize('files', [600, 640])
def test_low_file_limit_is_fitted(gateway, files):
    g = gateway(PONG, start=False)
    with open(g.log, 'ab') as log:
        g.proc = subprocess.Popen(
            [BINARY, '-c', g.conf], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, preexec_fn=set_files(files))
    g.wait_ready()
    assert 'worker_connections is lowered' in g.log_text()
    for _ in range(50):
        assert ask_once(g.port) == 'served'


def test_no_descriptors(gateway):
    """The limit falls under what is open: accept fails, and is asked again."""
    g = gateway(PONG)
    [pid] = g.worker_pids
    held = [begun(g.port) for _ in range(10)]
    active(g, 10)
    files = len(os.listdir(f'/proc/{pid}/fd'))
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, old[1]))
    waiting = [Wire(g.port) for _ in range(4)]
    for w in waiting:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
    before = cpu_s(pid)
    time.sleep(1)
    assert cpu_s(pid) - before < 0.1
    assert g.log_text().count('accept: ') == 1  # one line, not ten a second
    resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    for w in waiting:
        assert w.response().status == 200
        w.close()
    for w in held:
        w.close()


def test_no_descriptors_and_idle_connections(gateway):
    g = gateway(PONG)
    [pid] = g.worker_pids
    idle = [Wire(g.port) for _ in range(10)]
    for w in idle:
        assert w.ask().status == 200
    files = len(os.listdir(f'/proc/{pid}/fd'))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
    start = Watch()
    for _ in range(20):
        assert get(g.port).status == 200
    assert start.within(0, 2)

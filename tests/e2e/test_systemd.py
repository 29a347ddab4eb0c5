"""What a service manager is told, and the sockets that it passes in."""
import fcntl
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from gateway import BINARY, free_port, wait_until
from test_listeners import PONG, Churn, ask_once, text
from wire import get


class Manager:
    """The service manager's end of $NOTIFY_SOCKET."""

    def __init__(self, name):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(name)
        self.sock.settimeout(60)

    def next(self, skip=r'WATCHDOG'):
        while True:
            said = self.sock.recv(4096).decode()
            if not re.match(skip, said):
                return said.split('\n')

    def pending(self):
        self.sock.setblocking(False)
        said = []
        try:
            while True:
                said.append(self.sock.recv(4096).decode())
        except BlockingIOError:
            self.sock.settimeout(60)
            return said


@pytest.fixture
def manager(request):
    m = Manager('\0penstock-e2e-' + str(os.getpid()))
    m.environ = {'NOTIFY_SOCKET': '@penstock-e2e-' + str(os.getpid())}
    yield m
    m.sock.close()


def test_life_is_told(gateway, manager):
    g = gateway(PONG, workers=2, environ=manager.environ)
    assert manager.next() == ['READY=1', f'MAINPID={g.keeper}',
                              'STATUS=Serving: 2 workers, 1 listeners']
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    g.reload(PONG.replace('pong', 'other'))
    said = manager.next()
    assert said[0] == 'RELOADING=1'
    name, value = said[1].split('=')
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert name == 'MONOTONIC_USEC' and before < int(value) < now
    assert manager.next()[0] == 'READY=1'
    g.write('routes = ( { pth = 1; } );')
    g.send(signal.SIGHUP)
    assert manager.next()[0] == 'RELOADING=1'
    assert manager.next()[2].endswith('; the last reload failed')
    g.stop()
    said = manager.next()
    assert said[0] == 'STOPPING=1' and said[1].startswith('STATUS=Stopping')
    assert not manager.pending()


def test_watchdog(gateway, manager):
    """Fed every half period, and never more often."""
    gateway(PONG, environ={**manager.environ, 'WATCHDOG_USEC': '600000'})
    manager.next()

    def fed_in_time():
        """It may miss some while a busy machine lets it not go on."""
        first = time.monotonic()
        manager.pending()
        began = time.monotonic()
        time.sleep(1.6)
        end = time.monotonic()
        fed = manager.pending().count('WATCHDOG=1')
        assert fed <= (time.monotonic() - first) / 0.3 + 1, fed
        return fed >= (end - began) / 0.3 - 2.5
    wait_until(fed_in_time, 20, 'the food of the watchdog')


def start_with(g, sockets, names='web'):
    """Starts g with listening sockets as its descriptors from 3 on."""
    fds = [fcntl.fcntl(s, fcntl.F_DUPFD, 40) for s in sockets]
    moves = ' '.join(f'{3 + i}<&{fd} {fd}<&-' for i, fd in enumerate(fds))
    script = f'export LISTEN_PID=$$; exec "$@" {moves}'
    environ = {**g.environ, 'LISTEN_FDS': str(len(fds)),
               'LISTEN_FDNAMES': names}
    with open(g.log, 'ab') as log:
        g.proc = subprocess.Popen(
            ['bash', '-c', script, 'bash', BINARY, '-c', g.conf],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ,
            cwd=g.dir, pass_fds=fds)
    for fd in fds:
        os.close(fd)
    g.wait_ready()


def listening(port, reuseport):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuseport)
    s.bind(('127.0.0.1', port))
    s.listen(64)
    return s


@pytest.mark.parametrize('reuseport', [0, 1])
def test_socket_activation(gateway, reuseport):
    g = gateway(PONG, start=False, workers=2)
    with listening(g.port, reuseport) as s:
        early = socket.create_connection(('127.0.0.1', g.port), 60)
        early.sendall(b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        start_with(g, [s])
        if not reuseport:  # it sits in the queue that was passed
            assert b'pong' in early.recv(4096)
        with Churn([g.port], threads=4) as churn:
            wait_until(lambda: churn.seen['served'] > 20, what='load')
            pid = g.worker_pids[0]
        assert not churn.wrong()
        early.close()
        assert pid in g.worker_pids
        g.stop()
        # The manager's socket lives: who connects now waits for a next start.
        late = socket.create_connection(('127.0.0.1', g.port), 60)
        late.sendall(b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        start_with(g, [s])
        assert b'pong' in late.recv(4096)
        late.close()


def test_passed_socket_that_nobody_wants(gateway):
    g = gateway(PONG, start=False)
    other = free_port()
    g.write(PONG, text([g.port]))
    with listening(other, 0) as s:
        start_with(g, [s], 'spare')
        g.wait_log(rf'127.0.0.1:{other} \(spare\)')
        assert get(g.port).status == 200
        # A reload may ask for it, and leave it again.
        g.reload(PONG, text([g.port, other]))
        wait_until(lambda: ask_once(other) == 'served', 5, 'its service')
        g.reload(PONG, text([g.port]))
        time.sleep(0.8)
        g.reload(PONG, text([g.port, other]))
        assert ask_once(other) == 'served'

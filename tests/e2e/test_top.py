"""penstockctl top: once for scripts, and live on a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading

import pytest

from conf import proxy
from gateway import CTL, freeze, wait_end, wait_until
from wire import get

TOP = 'rate_limits = { calm = { key = "address"; rate = "1/hour"; }; };\n'
BODY = ''' services = { be = { endpoints = ( { address = "127.0.0.1:%d"; } ); }; };
routes = ( { path = "/be/*rest"; service = "be"; },
  { path = "/calm"; respond = { }; rate_limits = "calm"; } );'''


class Traffic(threading.Thread):
    """Requests without an end, one after the other."""

    def __init__(self, port):
        super().__init__()
        self.port, self.over = port, threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            for path in ('/be/x', '/calm', '/none'):
                try:
                    get(self.port, path)
                except OSError:
                    return

    def end(self):
        self.over.set()
        self.join()


@pytest.fixture(scope='module')
def served(shared_house):
    origin = shared_house.origin()
    g = shared_house.gateway(BODY % origin.port, top=TOP, workers=2)
    traffic = Traffic(g.port)
    yield g
    traffic.end()


def top(g, *args, every='200ms'):
    done = subprocess.run([CTL, '-s', g.socket, *args, f'--interval={every}'],
                          text=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_json(served):
    def enough():
        """So many that a share of them is what it is of all."""
        doc = json.loads(top(served, '-j', 'top', every='1s'))
        assert doc['interval'] >= 1 and doc['generation'] == 1
        return doc if doc['rate'] * doc['interval'] >= 30 else None
    doc = wait_until(enough, 60, 'a busy interval')
    assert doc['rate'] > 0 and doc['bytes_out'] > 0
    assert 0.5 < doc['refused'] < 0.8 and doc['failed'] == 0
    assert 0 < doc['p50_ms'] <= doc['p95_ms'] <= doc['p99_ms']
    services = {row['service']: row for row in doc['services']}
    assert services['be']['endpoints'] == services['be']['usable'] == 1
    assert 0 < services['be']['rate'] < services['']['rate'] < doc['rate']
    assert [row['usable'] for row in doc['endpoints']] == [True]
    assert doc['endpoints'][0]['rate'] > 0
    assert {row['why'] for row in doc['reasons']} >= \
        {'no_route', 'rate_limited'}
    assert [row['limit'] for row in doc['limits']] == ['calm']
    assert {row['state'] for row in doc['workers']} == {'ready'}
    assert {row['pid'] for row in doc['workers']} == set(served.worker_pids)
    assert sum(row['rate'] for row in doc['workers']) > 0


def test_once(served):
    def whole():
        """Of an interval with a request of each kind."""
        text = top(served, 'top', '--once')
        assert '\033' not in text and 'PAUSED' not in text
        return all(word in text for word in (
            'requests', 'SERVICE', 'ENDPOINT', 'REASON', 'LIMIT', 'WORKER',
            'no_route', 'calm'))
    wait_until(whole, 10, 'all that it shows')
    # Neither is there a screen to draw on.
    assert 'SERVICE' in top(served, 'top')


@pytest.mark.parametrize('args', [('--interval=5',), ('--interval=1us',),
                                  ('--interval=2h',), ('word',), ('--for=1',)])
def test_wrong_usage(served, args):
    done = subprocess.run([CTL, '-s', served.socket, 'top', *args],
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_nobody_there(tmp_path):
    done = subprocess.run([CTL, '-s', tmp_path / 'none', 'top'], text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 1 and 'none' in done.stderr


class Terminal:
    """top, on a terminal of its own."""

    def __init__(self, g, rows=40, columns=100):
        self.here, there = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(there)
        self.there = there
        self.seen = ''
        self.proc = subprocess.Popen(
            [CTL, '-s', g.socket, 'top', '--interval=100ms'], stdin=there,
            stdout=there, stderr=there, process_group=0)

    def size(self, rows, columns):
        fcntl.ioctl(self.here, termios.TIOCSWINSZ,
                    struct.pack('HHHH', rows, columns, 0, 0))

    def key(self, keys):
        os.write(self.here, keys.encode())

    def read(self):
        while select.select([self.here], [], [], 0)[0]:
            try:
                self.seen += os.read(self.here, 65536).decode()
            except OSError:
                break
        return self.seen

    def screen(self):
        """The last screen that was drawn as a whole."""
        screens = self.read().split('\033[H')
        whole = [s.split('\033[J')[0] for s in screens if '\033[J' in s]
        return re.sub(r'\033\[[0-9;?]*[a-zA-Z]', '', whole[-1]) if whole else ''

    def wait(self, pattern, seconds=10):
        return wait_until(lambda: re.search(pattern, self.screen()), seconds,
                          f'{pattern!r}')

    def ended(self):
        """Its exit code; the terminal is as it was before."""
        wait_end(self.proc.pid, 10)
        code = self.proc.wait(0)
        assert self.read().endswith('\033[?7h\033[?25h\033[?1049l')
        assert termios.tcgetattr(self.there) == self.before
        return code

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        os.close(self.here)
        os.close(self.there)


@pytest.fixture
def terminal(served):
    made = []

    def make(g=served, **kw):
        made.append(Terminal(g, **kw))
        return made[-1]
    yield make
    for t in made:
        t.close()


def test_keys(terminal):
    t = terminal()
    t.wait(r'requests +[0-9]')
    t.wait(r'no_route')
    assert 'ENDPOINT ' not in t.screen()
    t.key('2')
    t.wait(r'ENDPOINT +STATE')
    t.key('o')
    t.wait(r'by p99')
    t.key('\033[A')  # an arrow: nothing
    t.key('4')
    t.wait(r'WORKER +PID')
    t.key(' ')
    t.wait(r'PAUSED')
    still = t.screen()
    other = terminal()
    wait_until(lambda: other.read().count('\033[H') > 4, 10, 'several screens')
    assert t.screen() == still
    t.key(' ')
    wait_until(lambda: 'PAUSED' not in t.screen())
    t.key('q')
    assert t.ended() == 0


def test_the_size_of_the_screen(terminal):
    t = terminal(rows=10, columns=40)
    t.wait(r'requests +[0-9]')

    def fits(rows, columns):
        lines = t.screen().replace('\r', '').split('\n')
        return len(lines) <= rows and max(map(len, lines)) <= columns
    assert fits(10, 40)
    t.size(30, 100)
    wait_until(lambda: not fits(10, 40))
    assert fits(30, 100)


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP, signal.SIGQUIT])
def test_ends_by_signal(terminal, signum):
    t = terminal()
    t.wait(r'requests')
    t.proc.send_signal(signum)
    assert t.ended() == 0


def test_dies_with_a_good_terminal(terminal):
    t = terminal()
    t.wait(r'requests')
    t.proc.send_signal(signal.SIGABRT)
    assert t.ended() == -signal.SIGABRT


def test_is_stopped_and_goes_on(terminal):
    t = terminal()
    t.wait(r'requests')
    t.proc.send_signal(signal.SIGTSTP)
    wait_until(lambda: os.waitid(os.P_PID, t.proc.pid,
                                 os.WSTOPPED | os.WNOHANG) is not None)
    assert t.read().endswith('\033[?1049l')
    assert termios.tcgetattr(t.there) == t.before
    t.seen = ''
    t.proc.send_signal(signal.SIGCONT)
    t.wait(r'requests')
    t.key('q')
    assert t.ended() == 0


def test_the_gateway_hangs(terminal, gateway):
    g = gateway(proxy(1))
    t = terminal(g)
    t.key('4')
    t.wait(r'ready')
    pids = [g.worker_pids[0], g.master_pid]
    for pid in pids:
        freeze(pid)
    try:
        t.wait(r'hangs [0-9]+s')
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: 'hangs' not in t.screen())
    # What is left of it can be looked at.
    g.stop()
    t.wait(r'down')
    t.key('q')
    assert t.ended() == 0

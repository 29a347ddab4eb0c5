"""The gateway under test: a process with a folder of its own."""
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get('PENSTOCK_BUILD', 'build')).resolve()
BINARY = BUILD / 'penstock'
CTL = BUILD / 'penstockctl'
SANITIZED = BINARY.exists() and b'__asan_init' in BINARY.read_bytes()
START_S = 10
STOP_S = 15
# In the log: a program that failed, as opposed to a world that did.
ALARM = re.compile(r'AddressSanitizer|LeakSanitizer|runtime error:|last words'
                   r'|MUST|Assertion|core dumped|was killed by signal')


class Ports:
    """A block of ports below the ephemeral ones of clients that no other run
    on this machine draws from: what is free now stays so until it is used."""
    FIRST, BLOCK, BLOCKS = 20000, 250, 48

    def __init__(self):
        for n in random.sample(range(self.BLOCKS), self.BLOCKS):
            self.claim = socket.socket(socket.AF_UNIX)
            try:
                self.claim.bind(f'\0penstock-e2e-ports-{n}')
            except OSError:
                self.claim.close()
                continue
            first = self.FIRST + n * self.BLOCK
            self.turn = itertools.cycle(range(first, first + self.BLOCK))
            return
        raise RuntimeError('no free block of ports')

    def next(self):
        for port in itertools.islice(self.turn, self.BLOCK):
            with socket.socket() as s:
                try:
                    s.bind(('127.0.0.1', port))
                except OSError:
                    continue
                return port
        raise RuntimeError('no free port')


PORTS = Ports()


def free_port():
    """A TCP port that nobody has, nor gets."""
    return PORTS.next()


class OwnTime(threading.Thread):
    """Time that passes as slowly as a machine that others use, too, lets us go
    on: that of what is not to take longer than so many seconds."""
    EVERY_S = 0.1

    def __init__(self):
        super().__init__(daemon=True)
        self.passed = 0.0
        self.start()

    def run(self):
        before = time.monotonic()
        while True:
            time.sleep(self.EVERY_S)
            now = time.monotonic()
            self.passed += (now - before) * self.share()
            before = now

    @staticmethod
    def share():
        """Of a processor, for each that wants to run."""
        try:
            text = pathlib.Path('/proc/loadavg').read_text()
        except OSError:  # no descriptor is left
            return 1
        runnable = int(text.split()[3].split('/')[0])
        return min(1, len(os.sched_getaffinity(0)) / max(1, runnable))


OWN_TIME = OwnTime()


class Watch:
    """How long it takes from here on."""

    def __init__(self):
        self.began, self.own = time.monotonic(), OWN_TIME.passed

    def within(self, least, most):
        """At least so many seconds, and less than so many of our own time."""
        took, own = time.monotonic() - self.began, OWN_TIME.passed - self.own
        assert took >= least, f'{took} s, not {least}'
        assert own < most, f'{took} s, {own} of our own, not {most}'
        return True


def wait_until(condition, seconds=10, what='condition'):
    """Polls until condition() is true and returns what it gave; fails after so
    many seconds of our own time."""
    end = OWN_TIME.passed + seconds
    while True:
        value = condition()
        if value:
            return value
        if OWN_TIME.passed > end:
            raise AssertionError(f'timed out after {seconds} s: {what}')
        time.sleep(0.01)


def processes():
    """{pid: (parent pid, title)} of all processes."""
    found = {}
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path('/proc', entry, 'stat').read_text()
            title = pathlib.Path('/proc', entry, 'cmdline').read_bytes()
        except OSError:
            continue
        fields = stat.rsplit(')', 1)[1].split()
        if fields[0] != 'Z':
            found[int(entry)] = (int(fields[1]),
                                 title.replace(b'\0', b' ').decode().strip())
    return found


def tcp_ports(pid):
    """(local, remote) ports of the TCP sockets over IPv4 of a process."""
    held = set()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        with contextlib.suppress(OSError):
            held.add(os.readlink(f'/proc/{pid}/fd/{fd}'))
    with open('/proc/net/tcp', encoding='ascii') as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [tuple(int(a.split(':')[1], 16) for a in row[1:3])
            for row in rows if f'socket:[{row[9]}]' in held]


def freeze(pid):
    """SIGSTOP, and until it has stopped: what is sent from now on waits."""
    stat = pathlib.Path(f'/proc/{pid}/stat')
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: stat.read_text().rsplit(')', 1)[1].split()[0] == 'T',
               5, f'the stop of {pid}')


def wait_end(pid, seconds):
    """Until a child has ended, at once: Popen.wait() looks now and then."""
    fd = os.pidfd_open(pid)
    try:
        end = select.poll()
        end.register(fd, select.POLLIN)
        until = OWN_TIME.passed + seconds
        while not end.poll(200) and OWN_TIME.passed < until:
            pass
    finally:
        os.close(fd)


def remaining(pids, seconds):
    """Those that are still there when so long was waited for their end."""
    def there():
        return sorted(set(pids) & processes().keys())
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not there(), seconds)
    return there()


def rss_kb(pid):
    """Without files: how many gateways share those changes by itself."""
    text = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
    return sum(map(int, re.findall(r'^Pss_(?:Anon|Shmem):\s+(\d+)', text,
                                   re.M)))


class Gateway:
    def __init__(self, folder, body, top='', workers=1, environ=None, args=(),
                 user=None, allow=(), admin=''):
        self.dir = pathlib.Path(folder)
        self.port = free_port()
        self.socket = self.dir / 'admin.sock'
        self.pid_file = self.dir / 'penstock.pid'
        self.conf = self.dir / 'penstock.conf'
        self.log = self.dir / 'gateway.log'
        self.workers = workers
        self.user = user or ('root' if os.getuid() == 0 else None)
        self.top = top
        self.environ = dict(os.environ, **(environ or {}))
        self.args = list(args)
        self.admin_more = admin  # options of the group
        self.pass_fds = ()
        self.allow = list(allow)  # alarms that the test means to raise
        self.proc = None
        self.write(body)

    def text(self, body, top=None):
        top = self.top if top is None else top
        user = f'user = "{self.user}";\n' if self.user else ''
        log = '' if 'log =' in top else \
            'log = { level = "debug"; target = "stderr"; };\n'
        listeners = '' if 'listeners =' in body + top else \
            f'listeners = ( {{ address = "127.0.0.1:{self.port}"; }} );\n'
        return (f'{user}workers = {self.workers};\n'
                f'pid_file = "{self.pid_file}";\n{log}'
                f'admin = {{ socket = "{self.socket}"; {self.admin_more} }};\n'
                f'{listeners}{top}\n{body}\n')

    def write(self, body, top=None):
        self.conf.write_text(self.text(body, top))

    # --- life

    def start(self, ready=True):
        with open(self.log, 'ab') as log:
            self.proc = subprocess.Popen(
                [BINARY, '-c', self.conf, *self.args], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.environ, cwd=self.dir,
                pass_fds=self.pass_fds)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.proc is not None and self.proc.poll() is not None:
                raise AssertionError('the gateway ended:\n' + self.log_text())
            # It is content with one worker; tests want to see them all.
            states = {row['state'] for row in self.asked_workers()}
            return states == {'ready'} and self.admin_status('/readyz') == 200
        try:
            wait_until(ready, START_S, 'readiness')
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.log_text()}') from None

    def send(self, signum):
        os.kill(self.keeper, signum)

    def stop(self):
        """TERM, and expects a clean end."""
        if self.proc is None:
            return
        family = self.family()
        if self.proc.poll() is None:
            self.proc.terminate()
            wait_end(self.proc.pid, STOP_S)
        try:
            code = self.proc.wait(0)
        except subprocess.TimeoutExpired:
            self.kill(family)
            raise AssertionError('no end after TERM:\n' + self.log_text())
        self.proc = None
        # A loader whose master was killed ends in time that nobody else wants.
        left = remaining(family, STOP_S)
        self.kill(left)
        assert code == 0, f'exit code {code}\n{self.log_text()}'
        assert not left, f'left behind: {left}\n{self.log_text()}'

    @staticmethod
    def kill(pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def finish(self):
        """What the fixture does at the end, whatever the test did."""
        try:
            self.stop()
        finally:
            if self.proc is not None:
                self.kill([self.proc.pid])
                self.proc.wait()
                self.proc = None
        alarms = [line for line in self.log_text().splitlines()
                  if ALARM.search(line)
                  and not any(re.search(a, line) for a in self.allow)]
        assert not alarms, '\n'.join(alarms) + '\n' + self.log_text()

    def log_text(self):
        return self.log.read_text(errors='replace') if self.log.exists() else ''

    def wait_log(self, pattern, count=1, seconds=10):
        wait_until(lambda: len(re.findall(pattern, self.log_text())) >= count,
                   seconds, f'{count} times {pattern!r} in\n{self.log_text()}')

    # --- who is there

    @property
    def keeper(self):
        return int(self.pid_file.read_text())

    def family(self):
        """The keeper and all that descend from it, as {pid: title}."""
        everyone = processes()
        roots = [self.proc.pid] if self.proc is not None else []
        with contextlib.suppress(FileNotFoundError):  # it has just stopped
            roots.append(self.keeper)
        found = {p: everyone[p][1] for p in roots if p in everyone}
        grown = True
        while grown:
            grown = False
            for pid, (parent, title) in everyone.items():
                if parent in found and pid not in found:
                    found[pid] = title
                    grown = True
        return found

    def titled(self, title):
        return sorted(p for p, t in self.family().items()
                      if t.startswith('penstock: ' + title))

    @property
    def worker_pids(self):
        """By their numbers: pids come round, and successors have later ones."""
        found = [(int(m[1]), p) for p, t in self.family().items()
                 if (m := re.fullmatch(r'penstock: worker (\d+)', t))]
        return [p for _, p in sorted(found)]

    def each_worker_has(self, wires):
        """At least one of these; connections of others, closed or not, are
        none."""
        ours = {w.sock.getsockname()[1] for w in wires}
        return all(any(local == self.port and remote in ours
                       for local, remote in tcp_ports(pid))
                   for pid in self.worker_pids)

    def asked_workers(self):
        """Of the workers and the master; of none, when nobody answers."""
        try:
            return json.loads(self.admin('/v1/workers')[2])['workers']
        except (OSError, IndexError, ValueError):
            return []

    def asked_master_pid(self):
        return next((w['pid'] for w in self.asked_workers()
                     if w['role'] == 'master'), None)

    @property
    def master_pid(self):
        """
        Of the one that answers, or of the next that will. Titles would not do:
        a loader that was forked just now bears the master's.
        """
        return wait_until(self.asked_master_pid, START_S, 'a master')

    def wait_successor(self, title, pid):
        """Until another process than pid is what the title says."""
        def succeeded():
            if title == 'master':
                return self.asked_master_pid() not in (None, pid)
            pids = self.titled(title)
            return pids and pid not in pids
        wait_until(succeeded, START_S, f'a successor of {title} {pid}')

    # --- the admin API

    def admin(self, path, method='GET', timeout=20):
        """(status, headers, body) from the unix socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(str(self.socket))
            s.sendall(f'{method} {path} HTTP/1.1\r\nHost: admin\r\n'
                      'Connection: close\r\n\r\n'.encode())
            data = b''
            while True:
                more = s.recv(65536)
                if not more:
                    break
                data += more
        head, _, body = data.partition(b'\r\n\r\n')
        lines = head.decode().split('\r\n')
        headers = dict(line.split(': ', 1) for line in lines[1:])
        headers = {k.lower(): v for k, v in headers.items()}
        if headers.get('transfer-encoding') == 'chunked':
            body = unchunk(body)
        return int(lines[0].split()[1]), headers, body

    def admin_status(self, path):
        try:
            return self.admin(path)[0]
        except (OSError, IndexError, ValueError):
            return None

    def metrics(self):
        """{(name, frozenset of labels): value}"""
        found = {}
        for line in self.admin('/metrics')[2].decode().splitlines():
            m = re.match(r'([\w:]+)(?:\{(.*)\})? (\S+)$', line)
            if m and not line.startswith('#'):
                labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"',
                                              m.group(2) or ''))
                found[m.group(1), labels] = float(m.group(3))
        return found

    def metric(self, name, **labels):
        """The sum of the series of that name with (at least) these labels."""
        want = set(labels.items())
        return sum(value for (n, has), value in self.metrics().items()
                   if n == 'penstock_' + name and want <= has)

    def run(self, *args, **kw):
        """Runs the penstock binary with -c; the completed process."""
        return subprocess.run([BINARY, '-c', self.conf, *args], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=self.environ, timeout=60, **kw)

    def ctl(self, *args, check=True):
        done = subprocess.run([CTL, '-s', self.socket, *args], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60)
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    def ctl_json(self, *args):
        return json.loads(self.ctl('-j', *args).stdout)

    @property
    def generation(self):
        return int(self.metric('config_generation'))

    def reload(self, body=None, top=None):
        """Changes the file, sends HUP, waits until it is in force."""
        before = self.generation
        if body is not None:
            self.write(body, top)
        self.send(signal.SIGHUP)
        wait_until(lambda: self.generation > before, 10,
                   'a new generation\n' + self.log_text())


def unchunk(data):
    out = b''
    while data:
        size, _, data = data.partition(b'\r\n')
        n = int(size.split(b';')[0], 16)
        if n == 0:
            return out
        out, data = out + data[:n], data[n + 2:]
    raise ValueError('cut within chunks')

"""What the benchmark stands on: processes that end with it, whatever happens,
their CPU time and memory, a network of its own, and a folder in memory."""
import ctypes
import fcntl
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get('BUILD', 'build')).resolve()
PROGRAMS = BUILD / 'tests/bench'
CPUS = sorted(os.sched_getaffinity(0))
ROOT = os.geteuid() == 0
NAME = 'penstock-bench.'  # and the number of the process
IN_NAMESPACE = 'PENSTOCK_BENCH_NETWORK'
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
SIGNALS = signal.SIGTERM, signal.SIGHUP, signal.SIGINT


class Wrong(Exception):
    """A measurement that is none: said, and shown in the tables."""


def say(*words):
    print(*words, flush=True)


def times(mine, theirs):
    """What one costs as a multiple of another; None: one of them is no figure.
    In each round, as far as they took turns: a machine that is slow for some
    seconds is that for both."""
    if 'cpu' not in mine or not theirs.get('cpu'):
        return None
    pairs = list(zip(mine.get('turns', ()), theirs.get('turns', ())))
    if not pairs or len(mine['turns']) != len(theirs['turns']):
        return mine['cpu'] / theirs['cpu']
    return statistics.median(a / b for a, b in pairs)


def own_network(argv):
    """Root gets a network namespace: no port is taken, no other traffic."""
    if not ROOT or os.environ.get(IN_NAMESPACE) or not shutil.which('unshare'):
        return
    if subprocess.run(['unshare', '-n', 'true'],
                      capture_output=True).returncode == 0:
        os.execvpe('unshare', ['unshare', '-n', *argv],
                   os.environ | {IN_NAMESPACE: '1'})


def network_setup():
    """The same on every machine, where it is ours."""
    if not os.environ.get(IN_NAMESPACE):
        return
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = fcntl.ioctl(s, SIOCGIFFLAGS,
                              struct.pack('16sH14x', b'lo', 0))
        flags = struct.unpack('16sH14x', request)[1]
        fcntl.ioctl(s, SIOCSIFFLAGS,
                    struct.pack('16sH14x', b'lo', flags | IFF_UP))
    for name, value in (('tcp_congestion_control', 'reno'),
                        ('ip_local_port_range', '20000 65000')):
        try:
            pathlib.Path(f'/proc/sys/net/ipv4/{name}').write_text(value)
        except OSError as error:
            say(f'{name} stays as it is: {error}')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def memory_folder():
    """Logs must cost what writing costs, not what a disk costs."""
    place = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
    for folder in left_behind(place or tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=f'{NAME}{os.getpid()}.',
                                         dir=place))


def left_behind(at):
    """Folders of a run that was killed."""
    for folder in pathlib.Path(at).glob(NAME + '*'):
        pid = folder.name[len(NAME):].split('.')[0]
        if pid.isdigit() and not pathlib.Path(f'/proc/{pid}').exists():
            yield folder


def _descendants(pid):
    found = [pid]
    for p in found:
        try:
            for task in pathlib.Path(f'/proc/{p}/task').iterdir():
                found += map(int, (task / 'children').read_text().split())
        except OSError:
            pass
    return found


def _sudo():
    if ROOT:
        return []
    if shutil.which('sudo') and subprocess.run(
            ['sudo', '-n', 'true'], capture_output=True).returncode == 0:
        return ['sudo', '-n']
    return None


class Accounts:
    """How CPU time is counted here: by control groups of version 2 or 1, or,
    where there are none for us, by /proc."""

    def __init__(self):
        self.sudo, self.root, self.word = _sudo(), None, '/proc'
        if self.sudo is None:
            return
        for kind, file, word in (('cgroup2', 'cpu.stat', 'cgroup v2'),
                                 ('cgroup', 'cpuacct.usage', 'cgroup v1')):
            for line in pathlib.Path('/proc/mounts').read_text().splitlines():
                _, at, fs, options = line.split()[:4]
                if fs != kind or (kind == 'cgroup' and
                                  'cpuacct' not in options.split(',')):
                    continue
                if self._works(pathlib.Path(at), file):
                    self.root, self.file, self.word = (pathlib.Path(at), file,
                                                       word)
                    return

    def _works(self, at, file):
        for folder in left_behind(at):
            self.remove(folder)
        folder = self.make(at, 'try')
        if folder is None:
            return False
        try:
            return (folder / file).exists() and subprocess.run(
                self.enter(folder) + ['true'],
                capture_output=True).returncode == 0
        finally:
            self.remove(folder)

    def make(self, at, name):
        folder = at / f'{NAME}{os.getpid()}.{name}'
        done = subprocess.run([*self.sudo, 'mkdir', folder],
                              capture_output=True)
        return folder if done.returncode == 0 else None

    def remove(self, folder):
        for _ in range(50):
            if subprocess.run([*self.sudo, 'rmdir', folder],
                              capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        say(f'{folder} could not be removed')

    def enter(self, folder):
        return ['/bin/sh', '-c', f'echo $$ | {" ".join(self.sudo)} tee '
                f'{folder}/cgroup.procs >/dev/null && exec "$@"', 'sh']


def _spent_us(pid):
    """By its threads that run, and by children of it that have ended."""
    at = pathlib.Path(f'/proc/{pid}')
    try:
        fields = (at / 'stat').read_text().rsplit(')', 1)[1].split()
        tick_us = 1e6 / os.sysconf('SC_CLK_TCK')
        ended = sum(int(f) for f in fields[13:15]) * tick_us
        if not (at / 'schedstat').exists():
            return ended + sum(int(f) for f in fields[11:13]) * tick_us
        return ended + sum(
            int((task / 'schedstat').read_text().split()[0]) / 1e3
            for task in (at / 'task').iterdir())
    except OSError:
        return 0


class Processes:
    """A program with all that it starts."""

    def __init__(self, bench, name, argv, cpus, folder=None, counted=True,
                 stdout=subprocess.DEVNULL):
        self.bench, self.name, self.group = bench, name, None
        accounts = bench.accounts
        if counted and accounts.root:
            self.group = accounts.make(accounts.root, f'{len(bench.names)}')
            bench.names.append(name)
            if self.group is None:
                raise Wrong(f'{name}: no control group')
            argv = accounts.enter(self.group) + [str(a) for a in argv]
        self.errors = bench.folder / f'{name.replace(":", "_")}.errors'
        with open(self.errors, 'ab') as errors:
            self.process = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL,
                stdout=stdout, stderr=errors, cwd=folder or bench.folder,
                start_new_session=True, preexec_fn=child_setup(cpus))
        bench.running.append(self)

    def pids(self):
        if self.group:
            return [int(p) for p in
                    (self.group / 'cgroup.procs').read_text().split()]
        return _descendants(self.process.pid)

    def cpu_us(self):
        if not self.group:
            return sum(_spent_us(p) for p in self.pids())
        text = (self.group / self.bench.accounts.file).read_text()
        usage = re.search(r'^usage_usec (\d+)', text)
        return int(usage.group(1)) if usage else int(text) / 1e3

    def pss_kb(self):
        total = 0
        for pid in self.pids():
            try:
                text = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
            except PermissionError:
                raise Wrong('memory of another user: only root may see it') \
                    from None
            except OSError:
                continue
            found = re.search(r'^Pss:\s+(\d+)', text, re.M)
            total += int(found.group(1)) if found else 0
        return total

    def wait_for(self, port, seconds):
        end = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(('127.0.0.1', port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise Wrong(f'{self.name} ended: {self.last_words()}')
                if time.monotonic() > end:
                    raise Wrong(f'{self.name}: nothing listens after '
                                f'{seconds} s: {self.last_words()}')
                time.sleep(0.02)

    def last_words(self):
        return self.errors.read_text(errors='replace').strip()[-400:] or '-'

    def stop(self):
        """Now, all of them, and those that are being started."""
        if self not in self.bench.running:
            return
        self.bench.running.remove(self)
        for _ in range(100):
            try:
                pids = set(self.pids())
            except OSError:
                pids = set()
            if self.process.poll() is None:
                pids.add(self.process.pid)
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except PermissionError:
                    subprocess.run([*(self.bench.accounts.sudo or ['true']),
                                    'kill', '-9', str(pid)])
                except ProcessLookupError:
                    pass
            self.process.poll()
            time.sleep(0.02)
        self.process.wait()
        if self.group:
            self.bench.accounts.remove(self.group)


def child_setup(cpus):
    def setup():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cpus)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return setup


class Bench:
    """A run: its folder, its processes, its origin."""

    def __init__(self, args):
        self.args, self.quick = args, args.quick
        self.cpus = {args.cpu if args.cpu is not None else CPUS[-1]}
        self.folder = memory_folder()
        self.names, self.running, self.loads = [], [], []
        self.accounts = Accounts()
        if not ROOT:
            os.chmod(self.folder, 0o755)

    def start_origin(self):
        self.small, self.large = free_port(), free_port()
        origin = Processes(
            self, 'origin', [PROGRAMS / 'origin', f'{self.small}=512',
                             f'{self.large}={1 << 20}'],
            self.cpus, counted=False)
        origin.wait_for(self.large, 10)

    def close(self):
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for load in self.loads:
            load.stop()
        for processes in list(reversed(self.running)):
            processes.stop()
        if self.args.keep:
            say(f'kept: {self.folder}')
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class Program:
    """A program of the load; what it printed, when it has ended."""

    def __init__(self, bench, argv, seconds=120, cpus=None):
        self.name, self.seconds = pathlib.Path(argv[0]).name, seconds
        self.child = subprocess.Popen(
            [str(a) for a in argv], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, preexec_fn=child_setup(cpus or bench.cpus))
        bench.loads.append(self)

    def line(self):
        return self.child.stdout.readline()

    def output(self, told=None):
        try:
            out, errors = self.child.communicate(told, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise Wrong(f'{self.name} did not end in {self.seconds} s') \
                from None
        if self.child.returncode != 0:
            raise Wrong(f'{self.name}: '
                        f'{(errors.strip() or out.strip())[-300:]}')
        return out

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()


def program(bench, argv, seconds=120):
    started = Program(bench, argv, seconds)
    try:
        return started.output()
    finally:
        started.stop()
        bench.loads.remove(started)

"""A gateway whose worker is counted: by callgrind, what it executes, or by
strace, what it asks of the kernel. gate.c holds its worker."""
import collections
import contextlib
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from gateway import BINARY, BUILD, Gateway, free_port, wait_until  # noqa

TOOLS = BUILD / 'tests/bench'
PATIENCE_S = 60
MARK = re.compile(r'^read\(1000, "([sgd])(\w*)"')
CALL = re.compile(r'^(\w+)\(([^,)]*)')


class Gate:
    """The driver's end of gate.c."""

    def __init__(self, path):
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(str(path))
        self.listening.listen()
        self.listening.settimeout(PATIENCE_S)
        self.sock = None

    def hold(self, wake):
        """Once the worker serves; wake() gives it a reason for a turn."""
        self.sock, _ = self.listening.accept()
        self.sock.settimeout(PATIENCE_S)
        self.sock.send(b'h')
        wake()
        self.sock.recv(1)

    def turn(self):
        """Lets the worker wait for events, and returns when it would again."""
        self.sock.send(b'g')
        self.sock.recv(1)

    def order(self, text):
        self.sock.send(text.encode())

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.listening.close()


class Counted(Gateway):
    """Started by start(), held by hold(); what counts() gives is by name."""
    before = ()

    def __init__(self, folder, body, top):
        folder.mkdir()
        self.gate = Gate(folder / 'gate')
        libs = ' '.join(str(TOOLS / f) for f in ('unconfined.so', 'gate.so'))
        super().__init__(folder, body, top=top, environ={
            'LD_PRELOAD': libs, 'PENSTOCK_GATE': str(folder / 'gate')})

    def start(self, ready=True):
        with open(self.log, 'ab') as log:
            self.proc = subprocess.Popen(
                [*self.before, BINARY, '-c', self.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environ, cwd=self.dir)

        def ready_now():
            if self.proc.poll() is not None:
                raise AssertionError('the gateway ended:\n' + self.log_text())
            return [w['state'] for w in self.asked_workers()
                    if w['role'] == 'worker'] == ['ready'] and \
                self.admin_status('/readyz') == 200
        wait_until(ready_now, PATIENCE_S, 'readiness')
        self.gate.hold(lambda: socket.create_connection(
            ('127.0.0.1', self.port)).close())
        return self

    def began(self):
        self.gate.order('s')

    def counted(self, name):
        """What has been since the last call, or began(), is of name."""
        self.gate.order('d' + name)

    def finish(self):
        self.gate.close()
        super().finish()


class Instructions(Counted):
    """counts() -> {name: Counter of (object, function)}"""

    def __init__(self, folder, body, top):
        super().__init__(folder, body, top)
        self.before = (
            'valgrind', '-q', '--tool=callgrind', '--instr-atstart=no',
            '--dump-line=no', '--compress-strings=no', '--compress-pos=no',
            f'--log-file={folder}/valgrind.%p',
            f'--callgrind-out-file={folder}/callgrind.%p')

    def counts(self):
        found = {}
        for path in self.dir.glob('callgrind.*.*'):
            text = path.read_text(errors='replace')
            name = re.search(r'^desc: Trigger: Client Request: (\w+)', text,
                             re.M)
            if name:
                found[name.group(1)] = self_costs(text)
        return found


def self_costs(text):
    """By (object, function); the line behind calls= is the callee's cost."""
    found, place, function, skip = collections.Counter(), '', '', False
    for line in text.splitlines():
        if line.startswith('ob='):
            place = pathlib.PurePath(line[3:]).name
        elif line.startswith('fn='):
            function = line[3:].split("'")[0]  # a recursion
        elif line.startswith('calls='):
            skip = True
        elif line[:1].isdigit():
            if not skip:
                found[place, function] += int(line.split()[-1])
            skip = False
    return found


class Calls(Counted):
    """counts() -> {name: Counter of system calls}"""

    def start(self, ready=True):
        super().start(ready)
        worker, = self.worker_pids
        self.trace = self.dir / 'strace'
        self.tracer = subprocess.Popen(
            ['strace', '-p', str(worker), '-o', self.trace, '-s', '16',
             '-e', 'signal=none'], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.tracer.stderr.readline()
        if 'attached' not in line:
            raise AssertionError('strace: ' + line)
        return self

    def finish(self):
        super().finish()
        with contextlib.suppress(AttributeError):
            self.tracer.communicate(timeout=PATIENCE_S)

    def counts(self):
        found, now = {}, collections.Counter()
        for line in self.trace.read_text(errors='replace').splitlines():
            mark, call = MARK.match(line), CALL.match(line)
            if mark and mark.group(1) == 'd':
                found[mark.group(2)], now = now, collections.Counter()
            elif call and call.group(2) != '1000':
                now[call.group(1)] += 1
        return found

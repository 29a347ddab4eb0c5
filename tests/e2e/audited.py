"""An audit log as its readers see it: each event once, the chain whole.

    log = AuditLog(g.dir / 'audit.log')
    log.take('banned', address='10.0.0.1')    # the one new line of that event
    log.check()                               # penstocklog --verify
"""
import collections
import hashlib
import json
import subprocess

from gateway import BUILD, wait_until

LOG = BUILD / 'penstocklog'


def audit_log(path, more=''):
    return f'audit_log = ( {{ path = "{path}"; {more} }} );\n'


def lines_of(path):
    """Whole ones alone: the last may be on its way."""
    text = path.read_bytes() if path.exists() else b''
    return text[:text.rfind(b'\n') + 1].splitlines()


def chain(lines, prev=b'0' * 64):
    """As the manual says; returns the last hash."""
    for line in lines:
        body, _, tail = line.partition(b',"hash":"')
        assert tail[64:] == b'"}', line
        assert hashlib.sha256(prev + body).hexdigest().encode() == tail[:64]
        prev = tail[:64]
    return prev


def verify(*paths, args=()):
    return subprocess.run([LOG, '--verify', *args, *map(str, paths)],
                          capture_output=True, text=True, timeout=60)


class AuditLog:
    def __init__(self, path):
        self.path = path
        self.seen = 0

    def all(self):
        found = [json.loads(line) for line in lines_of(self.path)]
        return [e for e in found if e['event'] != 'chain']

    def new(self):
        return self.all()[self.seen:]

    def take(self, event, **members):
        """The one new line of this event, with these members; no other new
        one of that event may be there."""
        def found():
            return [e for e in self.new() if e['event'] == event]
        got = wait_until(found, 5, f'{event} in {self.new()}')
        assert len(got) == 1, got
        for name, value in members.items():
            assert got[0].get(name) == value, (name, got[0])
        self.seen = len(self.all())
        return got[0]

    def skip(self):
        self.seen = len(self.all())

    def check(self, *before, count=None):
        """Verified by ours and by the manual's own words; ids without gaps."""
        paths = [*before, self.path]
        done = verify(*paths)
        assert done.returncode == 0, done.stdout + done.stderr
        prev, numbers = b'0' * 64, collections.Counter()
        for path in paths:
            lines = lines_of(path)
            prev = chain(lines, prev)
            for e in map(json.loads, lines):
                if e['event'] == 'chain':
                    continue
                run, ring, number = e['id'].split('.')
                numbers[run, ring] += 1
                assert numbers[run, ring] == int(number), e
        return sum(numbers.values())


def log_pids(g):
    """Of the gateway's own penstocklog."""
    return [p for p, t in g.family().items() if 'penstocklog' in t]

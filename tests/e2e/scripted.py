"""An upstream that does as it is told, and counts what it is asked at once and
in all; services in front of it with breakers; crowds of clients."""
import collections
import contextlib
import threading
import time

from gateway import wait_until
from wire import Cut, Wire, get

ONCE = 'retry = { attempts = 1; };'
SCOPES = ['"endpoint"', '"service"', '"endpoint", "service"']


def guarded(ports, keys='', extra=ONCE, routes=None):
    """A service over these ports whose `breaker` has these keys."""
    endpoints = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    routes = routes or '{ path = "/*rest"; service = "s"; }'
    return (f'services = {{ s = {{ endpoints = ( {endpoints} ); '
            f'breaker = {{ {keys} }}; {extra} }}; }};\n'
            f'routes = ( {routes} );\n')


class Script:
    """What the upstream says: `status` at once, or, while it holds, what
    release() says, in the order of arrival."""

    def __init__(self):
        self.status = 200
        self.delay = 0
        self.lock = threading.Condition()
        self.holding = False
        self.answers = collections.deque()
        self.total = self.now = self.most = 0

    def hold(self):
        with self.lock:
            self.holding = True
            self.total = self.most = 0

    def release(self, *statuses):
        """Answers so many of those that wait, with these."""
        with self.lock:
            self.answers.extend(statuses)
            self.lock.notify_all()

    def go_on(self, status=200):
        """Holds nobody any more."""
        with self.lock:
            self.holding = False
            self.status = status
            self.lock.notify_all()

    @contextlib.contextmanager
    def counted(self):
        with self.lock:
            self.total += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self.lock:
                self.now -= 1

    def say(self):
        """The status that is next."""
        with self.lock:
            if not self.holding:
                return self.status
            self.lock.wait_for(lambda: self.answers or not self.holding, 30)
            return self.answers.popleft() if self.answers else self.status

    def h1(self, conn, _):
        with self.counted():
            time.sleep(self.delay)
            status = self.say()
        conn.reply(status, b'upstream')

    def h2(self, x):
        with self.counted():
            time.sleep(self.delay)
            status = self.say()
        x.reply(status, b'upstream')


class Crowd:
    """Clients that ask all at once, each on a connection of its own."""

    def __init__(self, port, count, path='/'):
        self.answers = []
        self.wires = [Wire(port, 30) for _ in range(count)]
        self.threads = [threading.Thread(target=self.ask, args=(w, path),
                                         daemon=True) for w in self.wires]
        for t in self.threads:
            t.start()

    def ask(self, wire, path):
        try:
            self.answers.append(wire.ask(path))
        except (Cut, OSError):
            self.answers.append(None)

    def end(self):
        """Their answers, once all have one; None: a connection that broke."""
        for t in self.threads:
            t.join(30)
        for w in self.wires:
            w.close()
        return self.answers

    def wait_answers(self, count):
        wait_until(lambda: len(self.answers) == count, 10,
                   f'{count} answers, not {len(self.answers)}')


def was_refused(r):
    """The answer is the breaker's."""
    return r.status == 503 and b'"breaker_open"' in r.body


def counts(answers):
    """{status, 'open' or None: how often}"""
    return collections.Counter(
        None if r is None else 'open' if was_refused(r) else r.status
        for r in answers)


def seconds(r):
    return int(r.get('Retry-After'))


def fail(g, script, count, status=503, lasts=1):
    """So many requests that fail, one after the other: the last opens it. The
    answer of one that is refused. `lasts`: it is open for so many seconds, or
    longer. On a machine that stood still for them it was due again, and failed:
    then it is open anew."""
    script.go_on(status)
    before = script.total
    for n in range(count):
        began = time.monotonic()
        r = get(g.port)
        assert (r.status, r.body) == (status, b'upstream'), r
        assert script.total == before + n + 1
    while not was_refused(r := get(g.port)):
        assert time.monotonic() - began >= lasts, r
        began = time.monotonic()
    return r


def still_refused(g, began, lasts=1):
    """One more is, unless so many seconds are over."""
    return was_refused(get(g.port)) or time.monotonic() - began >= lasts


def wait_due(g, script):
    """Until something is let through again, which the upstream then holds."""
    script.hold()

    def through():
        crowd = Crowd(g.port, 1)
        wait_until(lambda: crowd.answers or script.total, 10)
        if script.total:
            return crowd
        assert was_refused(crowd.end()[0])
        return None
    return wait_until(through, 10, 'the end of its time')

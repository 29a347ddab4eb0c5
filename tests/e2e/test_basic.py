"""The basic authenticator: users, helpers that check their passwords, and what
becomes of both under pressure."""
import base64
import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import threading

import pytest

from conf import service
from gateway import SANITIZED, Watch, freeze, wait_until
from origin import field
from wire import Wire, get

LIBCRYPT = ctypes.CDLL('libcrypt.so.1')
LIBCRYPT.crypt.restype = ctypes.c_char_p
CHEAP = '$6$rounds=1000$salt'
BCRYPT = '$2y${:02}$abcdefghijklmnopqrstuu'.format
PER_CLIENT = 8  # checks under way at once


def hashed(password, setting=CHEAP):
    return LIBCRYPT.crypt(password.encode(), setting.encode()).decode()


def users(**passwords):
    return {u: hashed(p) for u, p in passwords.items()}


def lines(hashes):
    return ''.join(f'{u}:{h}\n' for u, h in hashes.items())


def basic(user, password):
    text = base64.b64encode(f'{user}:{password}'.encode()).decode()
    return [('Authorization', f'Basic {text}')]


@contextlib.contextmanager
def wire(g, address='127.0.0.1', **kw):
    """From an address of one's own."""
    w = Wire.__new__(Wire)
    w.sock = socket.create_connection(('127.0.0.1', g.port),
                                      source_address=(address, 0), **kw)
    w.sock.settimeout(120)
    w.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    w.data = b''
    with w:
        yield w


def ask(g, user, password, path='/', address='127.0.0.1', **kw):
    with wire(g, address) as w:
        return w.ask(path, headers=basic(user, password), **kw)


def error_of(response):
    return json.loads(response.body)['error']


def jobs(g):
    return g.metric('helper_jobs_total')


class Later:
    """A request in a thread."""

    def __init__(self, *args, **kw):
        self.args, self.kw, self.response = args, kw, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        self.response = ask(*self.args, **self.kw)

    @property
    def status(self):
        self.thread.join(120)
        return self.response.status if self.response else None


@pytest.fixture
def basics(house):
    """A gateway that knows these users; "/" needs one, "/ping" does not."""
    def make(hashes, auth='', routes='', **kw):
        g = house.gateway('', start=False, **kw)
        g.users = g.dir / 'users'
        g.users.write_text(lines(hashes))
        g.body = (
            'authenticators = { ops = { type = "basic"; htpasswd = "users"; '
            f'realm = "ops"; {auth} }}; }};\n'
            'routes = ( { path = "/ping"; respond = { body = "pong"; }; }, '
            f'{routes} {{ path = "/*rest"; authenticate = "ops"; '
            'respond = { body = "in"; }; } );')
        g.write(g.body)
        return g.start()
    return make


def wait_waiting(g, n):
    wait_until(lambda: g.metric('auth_waiting') == n, 10,
               f'{n} that wait')


# --- who is let in

@pytest.mark.parametrize('setting', [
    BCRYPT(4), '$2b$04$abcdefghijklmnopqrstuu', '$5$rounds=1000$salt', CHEAP,
    '$y$j75$salt..........'])
def test_right_and_wrong(basics, setting):
    g = basics({'alice': hashed('secret', setting)})
    assert ask(g, 'alice', 'secret').body == b'in'
    for password in ('', 'secre', 'secret ', 'Secret', 'secret' * 80):
        r = ask(g, 'alice', password)
        assert (r.status, error_of(r)) == (401, 'password_wrong')
        assert r.get('WWW-Authenticate') == 'Basic realm="ops", charset="UTF-8"'
    assert error_of(ask(g, 'alic', 'secret')) == 'password_wrong'
    assert error_of(get(g.port, '/')) == 'no_credentials'
    assert get(g.port, '/ping').status == 200


@pytest.mark.parametrize('value', [
    'Basic', 'Basic YWxpY2U=', 'Basic OnNlY3JldA==', 'Basic YWxpY2U6c2VjcmV0=',
    'Basic YWxpY2U6AHNlY3JldA==', 'Basic YWxpY2U6/w==',
    'Basic YWxpY2U6c2VjcmV0 x', 'Basic ' + 'YWFh' * 1365])
def test_malformed(basics, value):
    g = basics(users(alice='secret'))
    r = get(g.port, '/', headers=[('Authorization', value)])
    assert (r.status, error_of(r)) == (401, 'credentials_malformed')
    assert jobs(g) == 0


def test_what_the_endpoint_is_told(house, upstream):
    origin = upstream()
    g = house.gateway('', start=False)
    (g.dir / 'users').write_text(
        lines(users(alice='a', bob='b', zoë='c')))
    g.write(
        'roles = { admin = [ "users:*" ]; };\n'
        'authenticators = { ops = { type = "basic"; htpasswd = "users"; '
        'holders = ( { name = "alice"; roles = [ "admin" ]; }, '
        '{ name = "bob"; user = "robert"; tenant = "t1"; } ); '
        'strip = true; }; };\n' + service(origin.port) +
        'routes = ( { path = "/*rest"; service = "s"; '
        'authenticate = "ops"; } );')
    g.start()

    def told(user, password, name):
        assert ask(g, user, password).status == 200
        assert field(origin.last, 'Authorization') == []
        return field(origin.last, name)
    assert told('alice', 'a', 'X-User-ID') == ['alice']
    assert told('alice', 'a', 'X-User-Roles') == ['admin']
    assert told('bob', 'b', 'X-User-ID') == ['robert']
    assert told('bob', 'b', 'X-Tenant-ID') == ['t1']
    assert told('bob', 'b', 'X-User-Roles') == []
    assert told('zoë', 'c', 'X-User-ID') == ['zoë'.encode().decode('latin-1')]


def test_holders_alone(basics):
    g = basics(users(alice='a', bob='b'),
               auth='open = false; holders = ( { name = "alice"; } );')
    assert ask(g, 'alice', 'a').status == 200
    assert error_of(ask(g, 'bob', 'b')) == 'password_wrong'


def test_a_body_waits_with_its_request(house, upstream):
    origin = upstream()
    g = house.gateway('', start=False)
    (g.dir / 'users').write_text(lines({'alice': hashed('a', BCRYPT(10))}))
    g.write('authenticators = { ops = { type = "basic"; '
            'htpasswd = "users"; }; };\n' + service(origin.port) +
            'routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "ops"; } );')
    g.start()
    body = bytes(range(256)) * 2000
    r = ask(g, 'alice', 'a', method='POST', body=body)
    assert json.loads(r.body)['body'].encode('latin-1') == body


# --- what is remembered

def test_a_password_is_checked_once(basics):
    g = basics(users(alice='a'), workers=2)
    for _ in range(40):  # of both workers
        assert ask(g, 'alice', 'a').status == 200
    assert jobs(g) == 1
    assert ask(g, 'alice', 'b').status == 401
    assert ask(g, 'alice', 'b').status == 401
    assert jobs(g) == 3
    assert g.metric('helper_job_seconds_total') > 0
    assert g.metric('helper_jobs_failed_total') == 0


def test_for_a_while(basics):
    g = basics(users(alice='a'), auth='ttl = "1s";')
    wait_until(lambda: ask(g, 'alice', 'a').status == 200 and jobs(g) >= 3,
               10, 'checks anew')


def test_not_at_all(basics):
    g = basics(users(alice='a'), auth='ttl = "0";')
    for _ in range(3):
        assert ask(g, 'alice', 'a').status == 200
    assert jobs(g) == 3


def test_the_same_at_once_is_one_check(basics):
    g = basics(users(alice='a'))
    helper, = g.titled('helper')
    freeze(helper)
    many = [Later(g, 'alice', 'a') for _ in range(16)]
    wait_waiting(g, 16)
    # Enough wait for that one.
    many.append(Later(g, 'alice', 'a'))
    wait_waiting(g, 17)
    os.kill(helper, signal.SIGCONT)
    assert {m.status for m in many} == {200}
    assert jobs(g) == 2
    wait_waiting(g, 0)


def test_a_new_file_counts_at_once(basics):
    g = basics(users(alice='old', bob='b'), workers=2)
    for _ in range(10):
        assert ask(g, 'alice', 'old').status == 200
        assert ask(g, 'bob', 'b').status == 200
    g.users.write_text(lines(users(alice='new', carol='c')))
    g.reload()
    for _ in range(10):
        assert ask(g, 'alice', 'new').status == 200
        assert ask(g, 'carol', 'c').status == 200
    assert ask(g, 'alice', 'old').status == 401
    assert ask(g, 'bob', 'b').status == 401


def test_a_bad_file_changes_nothing(basics):
    g = basics(users(alice='a'))
    g.users.write_text('alice:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n')
    done = g.run('-t')
    assert done.returncode == 1 and 'users:1: ' in done.stderr
    g.send(signal.SIGHUP)
    g.wait_log('SHA-1')
    assert ask(g, 'alice', 'a').status == 200


# --- when processes die

def test_a_helper_dies_at_work(basics):
    g = basics({'alice': hashed('a', BCRYPT(13))},
               allow=['helper 0 .* was killed by signal 9'])
    helper, = g.titled('helper')
    stat = f'/proc/{helper}/stat'

    def ticks():
        with open(stat, encoding='ascii') as f:
            return int(f.read().rsplit(')', 1)[1].split()[11])
    before = ticks()
    later = Later(g, 'alice', 'a')
    wait_until(lambda: ticks() > before, 5, 'work')
    os.kill(helper, signal.SIGKILL)
    assert later.status == 200
    assert jobs(g) == 1
    wait_until(lambda: g.metric('helper_restarts_total') == 1, 5, 'the count')


def test_a_helper_dies_idle(basics):
    g = basics(users(alice='a'), allow=['helper 0 .* was killed by signal 9'])
    helper, = g.titled('helper')
    freeze(helper)
    later = Later(g, 'alice', 'a')
    wait_waiting(g, 1)
    os.kill(helper, signal.SIGKILL)
    assert later.status == 200


def test_helpers_die_and_die(basics):
    g = basics({'alice': hashed('a', BCRYPT(8))}, auth='ttl = "0";',
               top='helpers = 2;', workers=2,
               allow=['helper . .* was killed by signal 9'])
    stop, seen = threading.Event(), {'a': set(), 'b': set()}

    def client(n):
        for turn in range(1000):
            if stop.is_set():
                return
            # No address may be wrong more than 20 times.
            password = 'ab'[turn % 2 if turn < 30 else 0]
            r = ask(g, 'alice', password, address=f'127.0.3.{n}')
            seen[password].add(r.status)
    threads = [threading.Thread(target=client, args=(n,), daemon=True)
               for n in range(1, 5)]
    for t in threads:
        t.start()
    for n in range(6):
        done = jobs(g)
        wait_until(lambda d=done: jobs(g) > d, 10, 'work')
        pids = wait_until(lambda: g.titled('helper'), 10, 'a helper')
        pid = pids[n % len(pids)]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda p=pid: p not in g.titled('helper'), 10, 'its end')
    wait_until(lambda: g.metric('helper_restarts_total') == 6, 20, 'helpers')
    stop.set()
    for t in threads:
        t.join(120)
        assert not t.is_alive()
    assert 200 in seen['a'] and seen['a'] <= {200, 503}
    assert seen['b'] <= {401, 503}
    wait_waiting(g, 0)


def test_a_stop_lets_checks_end(basics):
    g = basics({'alice': hashed('a', BCRYPT(12))})
    helper, = g.titled('helper')
    freeze(helper)
    later = Later(g, 'alice', 'a')
    wait_waiting(g, 1)
    os.kill(helper, signal.SIGCONT)
    g.stop()
    assert later.status == 200


def test_a_worker_dies_waiting(basics):
    g = basics(users(alice='a'), allow=['worker 0 .* was killed by signal 9'])
    helper, = g.titled('helper')
    for turn in range(3):
        freeze(helper)
        with contextlib.ExitStack() as stack:
            worker, = g.worker_pids
            for n in range(PER_CLIENT):
                w = stack.enter_context(wire(g, f'127.0.4.{turn}'))
                w.send('GET / HTTP/1.1\r\nHost: t\r\nAuthorization: '
                       f'{basic("alice", n)[0][1]}\r\n\r\n')
            wait_waiting(g, PER_CLIENT)
            os.kill(worker, signal.SIGKILL)
            g.wait_successor('worker', worker)
        os.kill(helper, signal.SIGCONT)
        assert ask(g, 'alice', 'a').status == 200
    wait_waiting(g, 0)


def test_a_client_leaves_waiting(basics):
    g = basics(users(alice='a'))
    helper, = g.titled('helper')
    freeze(helper)
    for n in range(PER_CLIENT + 1):
        with wire(g) as w:
            w.send('GET / HTTP/1.1\r\nHost: t\r\nAuthorization: '
                   f'{basic("alice", n)[0][1]}\r\n\r\n')
            wait_waiting(g, 1)
            w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack('ii', 1, 0))
        wait_waiting(g, 0)
    os.kill(helper, signal.SIGCONT)
    assert ask(g, 'alice', 'a').status == 200


# --- when there is too much of it

def test_a_client_has_a_few_at_once(basics):
    g = basics(users(alice='a'))
    helper, = g.titled('helper')
    freeze(helper)
    many = [Later(g, 'alice', f'wrong {n}') for n in range(PER_CLIENT)]
    wait_waiting(g, PER_CLIENT)
    r = ask(g, 'alice', 'a')
    assert (r.status, error_of(r)) == (503, 'auth_unavailable')
    assert r.get('Retry-After') == '1'
    other = Later(g, 'alice', 'a', address='127.0.0.2')
    wait_waiting(g, PER_CLIENT + 1)
    os.kill(helper, signal.SIGCONT)
    assert other.status == 200
    assert {m.status for m in many} == {401}


def test_a_client_is_wrong_so_often(basics):
    g = basics(users(alice='a'))
    seen = [ask(g, 'alice', f'wrong {n}') for n in range(60)]
    assert {r.status for r in seen} == {401, 429}
    last = next(r for r in seen if r.status == 429)
    assert error_of(last) == 'rate_limited'
    assert last.get('Retry-After') is not None
    assert sum(r.status == 401 for r in seen) >= 20
    assert jobs(g) == sum(r.status == 401 for r in seen)
    assert ask(g, 'alice', 'a', address='127.0.0.2').status == 200
    assert ask(g, 'alice', 'a').status == 200  # it is remembered


def flood(g, stop, address):
    n = 0
    while not stop.is_set():
        n += 1
        try:
            ask(g, 'alice', f'{address} {n}', address=address)
        except OSError:
            pass


def test_a_flood_holds_nobody_up(basics):
    g = basics({'alice': hashed('a', BCRYPT(10)), 'bob': hashed('b')})
    assert ask(g, 'bob', 'b').status == 200
    stop = threading.Event()
    threads = [threading.Thread(target=flood, daemon=True,
                                args=(g, stop, f'127.0.1.{n}'))
               for n in range(1, 9)]
    for t in threads:
        t.start()
    try:
        wait_until(lambda: jobs(g) >= 3, 10, 'the flood')
        took = Watch()
        for _ in range(100):
            assert get(g.port, '/ping').status == 200
            assert ask(g, 'bob', 'b').status == 200
        assert took.within(0, 60 if SANITIZED else 15)
        # Who is not remembered waits for those before it, and no more.
        assert ask(g, 'alice', 'a', address='127.0.2.1').status == 200
    finally:
        stop.set()
        for t in threads:
            t.join(20)


def test_nobody_helps(basics):
    g = basics(users(alice='a'))
    g.write(g.body, 'helpers = 0;')
    done = g.run('-t')
    assert done.returncode == 1
    assert 'htpasswd: nobody can check passwords' in done.stderr

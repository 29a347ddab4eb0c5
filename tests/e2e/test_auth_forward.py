"""A service that is asked about each request (forward): what it hears, what
its answers do, and that nobody passes without one."""
import contextlib
import os
import signal
import threading

import pytest

from asked import (configuration, error_of, patient, send, service_text, told,
                   wait_waiting)
from gateway import free_port, wait_until
from h2wire import Client
from origin import field
from tokens import Issuer as Signer
from tokens import bearer
from wire import get

USER = [('X-Auth-User', 'alice')]


class Door:
    """Answers as the credentials say: "200 user", "403", or nothing."""

    def __init__(self, house):
        self.gate = threading.Event()
        self.gate.set()
        self.answers = None
        self.fields = USER
        self.origin = house.origin(self.answer)

    def answer(self, conn, request):
        self.gate.wait(120)
        if self.answers is not None:
            self.answers(conn, request)
            return
        value = (field(request, 'Authorization') or ['none'])[0]
        status = {'Bearer good': 200, 'Bearer forbidden': 403}.get(value, 401)
        conn.reply(status, '' if status == 200 else 'no',
                   self.fields if status == 200 else ())

    @property
    def asked(self):
        return len(self.origin.requests)


@pytest.fixture
def door(house):
    return Door(house)


@pytest.fixture
def guarded(house, upstream, door):
    def make(auth='', ports=None, authenticate='"door"', others=(), more='',
             start=True, **kw):
        origin = upstream()
        ports = ports or [door.origin.port]

        def body(auth=auth):
            return configuration(
                [service_text('s', origin.port), service_text('door', *ports)],
                ['door = { type = "forward"; service = "door"; '
                 f'path = "/auth?x=1"; {patient(auth)} }};', *others],
                authenticate, more=more)
        g = house.gateway(body(), start=start, **kw)
        g.origin, g.body = origin, body
        return g
    return make


def ask(g, token, path='/', headers=(), **kw):
    return get(g.port, path, headers=bearer(token, *headers), **kw)


def refused(g, token, why):
    r = ask(g, token)
    status = {'auth_unavailable': 503, 'auth_forbidden': 403}.get(why, 401)
    return (r.status, error_of(r)) == (status, why)


# --- what it hears

def test_what_it_hears(guarded, door):
    g = guarded()
    r = get(g.port, '/a//b/../c%7e?q=%2e.', 'POST', body=b'0123', headers=[
        ('Authorization', 'Bearer good'), ('Cookie', 'a=1'),
        ('Cookie', 'b=2'), ('X-Other', 'o'), ('X-Forwarded-Uri', '/public'),
        ('X-Forwarded-For', '192.0.2.1'), ('X-Forwarded-Method', 'GET'),
        ('X-Forwarded-Proto', 'https'), ('X-User-ID', 'root')],
        host='api.test')
    assert r.status == 200
    heard = door.origin.last
    assert (heard.method, heard.target) == ('GET', '/auth?x=1')
    assert heard.body == b''
    assert sorted((n, v) for n, v in heard.headers
                  if n != 'X-Request-ID') == sorted([
        ('Host', f'127.0.0.1:{door.origin.port}'),
        ('Authorization', 'Bearer good'), ('Cookie', 'a=1'),
        ('Cookie', 'b=2'), ('X-Forwarded-Method', 'POST'),
        # The path that was matched and goes on, not as it was spelt.
        ('X-Forwarded-Uri', '/a/c~?q=%2e.'),
        ('X-Forwarded-Host', 'api.test'), ('X-Forwarded-Proto', 'http'),
        ('X-Forwarded-For', '127.0.0.1')])
    assert field(heard, 'X-Request-ID') == \
        field(g.origin.last, 'X-Request-ID')
    assert g.origin.last.body == b'0123'
    assert g.origin.last.target == '/a/c~?q=%2e.'


def test_a_trusted_peer(guarded, door):
    g = guarded(top='trusted_proxies = [ "127.0.0.1" ];')
    assert ask(g, 'good', headers=[
        ('X-Forwarded-For', '192.0.2.1'), ('X-Forwarded-Host', 'api.test'),
        ('X-Forwarded-Proto', 'https')]).status == 200
    assert field(door.origin.last, 'X-Forwarded-For') == ['192.0.2.1']
    assert field(door.origin.last, 'X-Forwarded-Host') == ['api.test']
    assert field(door.origin.last, 'X-Forwarded-Proto') == ['https']


def test_other_fields(guarded, door):
    g = guarded('forward_headers = [ "X-Key", "X-Other" ];')
    door.answers = lambda conn, _: conn.reply(204, '', USER)
    assert get(g.port, '/', headers=[('x-key', 'k'), ('X-Key', 'l'),
                                     ('Cookie', 'c')]).status == 200
    assert field(door.origin.last, 'X-Key') == ['k', 'l']
    assert field(door.origin.last, 'Cookie') == []
    r = ask(g, 'good')
    assert (r.status, error_of(r)) == (401, 'no_credentials')
    assert door.asked == 1
    many = [('X-Key', str(n)) for n in range(70)]
    r = get(g.port, '/', headers=many)
    assert (r.status, error_of(r)) == (431, 'head_too_large')
    assert door.asked == 1


@pytest.mark.parametrize('name', [
    'X-Forwarded-Uri', 'x-forwarded-for', 'X-Request-ID', 'Forwarded', 'Host',
    'Content-Length', 'Connection', 'a b'])
def test_fields_that_cannot_go_along(guarded, name):
    g = guarded(f'forward_headers = [ "Cookie", "{name}" ];', start=False)
    done = g.run('-t')
    assert done.returncode == 1
    assert f'forward_headers: "{name}" ' in done.stderr


def test_without_credentials(guarded, door):
    g = guarded('always = true;')
    r = get(g.port, '/')
    assert (r.status, error_of(r)) == (401, 'auth_refused')
    door.answers = lambda conn, _: conn.reply(200, '', ())
    assert get(g.port, '/').status == 200
    assert told(g.origin, 'X-User-ID') == []
    assert door.asked == 2


# --- what its answers do

def test_right_and_wrong(guarded, door):
    g = guarded()
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['alice']
    assert refused(g, 'bad', 'auth_refused')
    assert ask(g, 'bad').get('WWW-Authenticate').startswith('Bearer realm=')
    assert refused(g, 'forbidden', 'auth_forbidden')
    assert len(g.origin.requests) == 1
    assert g.metric('auth_questions_total') == door.asked == 4


def test_who_it_is(guarded, door):
    g = guarded('answer = { user = "Remote-User"; roles = "Remote-Groups"; '
                'email = ""; };')
    door.fields = [('remote-user', 'bob'), ('Remote-Groups', 'a, b ,c'),
                   ('Remote-Groups', 'd'), ('X-Auth-Email', 'x@y'),
                   ('X-Auth-Permissions', 'p:r,p:w'), ('X-Auth-Tenant', '')]
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['bob']
    assert told(g.origin, 'X-User-Roles') == ['a,b,c,d']
    assert told(g.origin, 'X-User-Permissions') == ['p:r,p:w']
    assert told(g.origin, 'X-User-Email') == []
    assert told(g.origin, 'X-Tenant-ID') == []


@pytest.mark.parametrize('fields', [
    [('X-Auth-User', 'a'), ('X-Auth-User', 'b')],
    [('X-Auth-User', 'a\xff')], [('X-Auth-Roles', 'a\tb')],
    [('X-Auth-Tenant', 'a\tb')]])
def test_what_cannot_be_told(guarded, door, fields):
    g = guarded()
    door.fields = fields
    assert refused(g, 'good', 'auth_unavailable')


def test_its_challenge_is_handed_on(guarded, door):
    g = guarded()
    door.answers = lambda conn, _: conn.reply(401, 'no', [
        ('WWW-Authenticate', 'Negotiate'),
        ('WWW-Authenticate', 'Basic realm="x"')])
    assert ask(g, 'bad').all('WWW-Authenticate') == \
        ['Negotiate, Basic realm="x"']


@pytest.mark.parametrize('status', [301, 302, 303, 307, 308])
def test_it_sends_the_client_elsewhere(guarded, door, status):
    g = guarded('always = true;')
    door.answers = lambda conn, _: conn.reply(status, 'body', [
        ('Location', 'https://login.test/?rd=x'), ('Set-Cookie', 'a=1; Path=/'),
        ('Set-Cookie', 'b=2'), ('X-Auth-User', 'root'), ('X-Secret', 's')])
    r = get(g.port, '/')
    assert (r.status, r.body) == (status, b'')
    assert r.get('Location') == 'https://login.test/?rd=x'
    assert r.all('Set-Cookie') == ['a=1; Path=/', 'b=2']
    assert r.get('X-Secret') is None
    assert g.origin.requests == []
    assert g.metric('replies_total', why='auth_redirect') == 1
    assert g.metric('auth_questions_failed_total') == 0


@pytest.mark.parametrize('answer', [
    lambda conn, _: conn.reply(500, '', USER),
    lambda conn, _: conn.reply(404, '', USER),
    lambda conn, _: conn.reply(400, '', USER),
    lambda conn, _: conn.reply(302, '', USER),
    lambda conn, _: conn.reply(304, '', [('Location', '/x')]),
    lambda conn, _: conn.reset(),
    lambda conn, _: conn.send('HTTP/1.1 200 OK\r\n'),
    lambda conn, _: conn.send('HTTP/1.1 200 OK\r\nX-Auth-User: alice\r\n'
                              'Content-Length: 9\r\n\r\nx'),
    lambda conn, _: conn.send('HTTP/1.1 100 Continue\r\n\r\n')])
def test_no_answer(guarded, door, answer):
    g = guarded('timeout = "2s";')
    door.answers = answer
    assert refused(g, 'good', 'auth_unavailable')
    assert g.metric('auth_questions_failed_total') == 1
    g.wait_log('warn worker 0: authenticator door: ')
    door.answers = None
    assert ask(g, 'good').status == 200
    assert len(g.origin.requests) == 1


@pytest.mark.parametrize('length', [True, False])
def test_a_large_body_is_of_no_interest(guarded, door, length):
    g = guarded()

    def answer(conn, _):
        conn.reply(401, b'x' * (1 << 20),
                   [] if length else [('Connection', 'close')], length=length)
        if not length:
            conn.end()
    door.answers = answer
    assert refused(g, 'bad', 'auth_refused')


def test_nobody_is_there(guarded, house, door):
    port = free_port()
    g = guarded(ports=[port])
    assert refused(g, 'good', 'auth_unavailable')
    house.origin(door.answer, port)
    assert ask(g, 'good').status == 200


def test_it_hangs(guarded, door):
    g = guarded('timeout = "2s";')
    door.gate.clear()
    assert refused(g, 'good', 'auth_unavailable')
    door.gate.set()
    assert ask(g, 'good').status == 200


# --- what is remembered

def test_nothing_without_ttl(guarded, door):
    g = guarded()
    for n in range(3):
        assert ask(g, 'good').status == 200
        assert door.asked == n + 1
    door.gate.clear()
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(send(g, 'good')) for _ in range(5)]
        wait_waiting(g, 5)
        wait_until(lambda: door.asked == 8)  # nor is a question shared
        door.gate.set()
        assert {w.response().status for w in many} == {200}


def test_by_all_that_was_said(guarded, door):
    g = guarded('ttl = "1m";', workers=2)
    for _ in range(20):
        assert ask(g, 'good').status == 200
    assert door.asked == 1
    assert told(g.origin, 'X-User-ID') == ['alice']
    # Another path, method, host, credential, or another's.
    assert ask(g, 'good', '/other').status == 200
    assert ask(g, 'good', method='POST', body=b'').status == 200
    assert ask(g, 'good', host='other').status == 200
    assert ask(g, 'good', headers=[('Cookie', 'a=1')]).status == 200
    assert ask(g, 'forbidden').status == 403
    assert door.asked == 6
    # What was refused is asked about again.
    assert ask(g, 'forbidden').status == 403
    assert door.asked == 7
    assert ask(g, 'good').status == 200
    assert door.asked == 7


def test_for_a_while(guarded, door):
    g = guarded('ttl = "1s";')
    assert ask(g, 'good').status == 200
    door.fields = [('X-Auth-User', 'bob')]
    wait_until(lambda: ask(g, 'good').status == 200 and
               told(g.origin, 'X-User-ID') == ['bob'], 10, 'a new answer')


def test_the_same_at_once_is_one_question(guarded, door):
    g = guarded('ttl = "1m";')
    door.gate.clear()
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(send(g, 'good')) for _ in range(10)]
        other = stack.enter_context(send(g, 'good', '/other'))
        wait_waiting(g, 11)
        door.gate.set()
        assert {w.response().status for w in [*many, other]} == {200}
    assert door.asked == 2


# --- who waits, and others

def test_reload_while_it_is_out(guarded, door):
    g = guarded()
    door.gate.clear()
    with send(g, 'good') as w:
        wait_waiting(g, 1)
        g.reload(g.body('ttl = "1m";'))
        door.gate.set()
        assert w.response().status == 200


def test_a_worker_dies(guarded, door):
    g = guarded(allow=['worker 0 .* was killed by signal 9'])
    door.gate.clear()
    with send(g, 'good'):
        wait_waiting(g, 1)
        worker, = g.worker_pids
        os.kill(worker, signal.SIGKILL)
        g.wait_successor('worker', worker)
    wait_waiting(g, 0)
    door.gate.set()
    assert ask(g, 'good').status == 200


def test_http2_and_grpc(guarded, door):
    port = free_port()
    guarded('ttl = "1m"; always = true;',
            top=f'listeners = ( {{ address = "127.0.0.1:{port}"; '
                'protocols = [ "h2" ]; } );')
    grpc = [('te', 'trailers'), ('content-type', 'application/grpc')]
    with Client(port) as c:
        r = c.ask('/', headers=[('authorization', 'Bearer good'),
                                ('cookie', 'a=1'), ('cookie', 'b=2')])
        assert r.status == 200
        # Crumbs are joined for those who know one field (RFC 9113 8.2.3).
        assert field(door.origin.last, 'Cookie') == ['a=1; b=2']
        assert field(door.origin.last, 'X-Forwarded-Host') == ['site.example']

        def status(token):
            return c.ask('/', 'POST', body=b'\0\0\0\0\0', headers=[
                ('authorization', f'Bearer {token}'), *grpc]
            ).headers.get('grpc-status')
        assert status('bad') == '16'
        assert status('forbidden') == '7'
        door.answers = lambda conn, _: conn.reply(
            302, '', [('Location', '/login')])
        assert status('other') == '16'
        assert c.ask('/x').headers['location'] == '/login'
        door.origin.close()
        assert status('another') == '14'


def test_after_a_token(guarded, door):
    signer = Signer()
    g = guarded('always = true;', authenticate='[ "main", "door" ]',
                others=[signer.authenticator()], start=False)
    signer.write(g.dir)
    g.start()
    assert get(g.port, '/', headers=bearer(
        signer.sign(sub='bob'))).status == 200
    assert told(g.origin, 'X-User-ID') == ['bob']
    assert door.asked == 0
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['alice']
    assert refused(g, 'bad', 'auth_refused')


def test_revoked_here(guarded, door):
    g = guarded('ttl = "1m";')
    assert ask(g, 'good').status == 200
    g.ctl('revoke', 'user', 'alice')
    wait_until(lambda: refused(g, 'good', 'token_revoked'), 5, 'revocation')


def test_what_a_route_demands(house, upstream, door):
    origin = upstream()
    g = house.gateway(configuration(
        [service_text('s', origin.port),
         service_text('door', door.origin.port)],
        ['door = { type = "forward"; service = "door"; path = "/auth"; '
         f'{patient("")} }};'],
        '"door"; authorize = { any_role = [ "admin" ]; }',
        more='roles = { admin = [ ]; };'))
    r = ask(g, 'good')
    assert (r.status, error_of(r)) == (403, 'role_missing')
    door.fields = [*USER, ('X-Auth-Roles', 'user, admin')]
    assert ask(g, 'good').status == 200

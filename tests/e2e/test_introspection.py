"""Tokens that their issuer is asked about (RFC 7662): what is asked, what is
remembered, and that nobody is let in when there is no good answer."""
import base64
import contextlib
import json
import os
import signal
import socket
import struct
import time

import pytest

from asked import (Issuer, ask, configuration, error_of, send, service_text,
                   told, wait_waiting)
from gateway import Watch, free_port, wait_until
from h2wire import Client
from origin import Counting, field
from test_tls_upstream import Place
from tokens import Issuer as Signer
from tokens import bearer
from wire import get

ONE = 'retry = { attempts = 1; };'
PER_CLIENT = 128  # questions under way at once


@pytest.fixture
def them(house):
    return Issuer(house)


@pytest.fixture
def asking(house, upstream, them):
    """A gateway whose routes need a token that `them` know."""
    def make(auth='', idp='', ports=None, more='', routes='', **kw):
        origin = upstream()
        ports = ports or [them.origin.port]

        def body(auth=auth, idp=idp, ports=ports):
            return configuration(
                [service_text('s', origin.port),
                 service_text('idp', *ports, more=idp)],
                [them.authenticator(auth)], more=more, routes=routes)
        g = house.gateway(body(), **kw)
        g.origin, g.body = origin, body
        return g
    return make


def refused(g, token, why):
    r = ask(g, token)
    return (r.status, error_of(r)) == \
        ({'auth_unavailable': 503}.get(why, 401), why)


# --- what is asked, and what comes of it

def test_right_and_wrong(asking, them):
    g = asking()
    them.knows('good~token+/==')
    assert ask(g, 'good~token+/==').status == 200
    assert told(g.origin, 'X-User-ID') == ['alice']
    assert them.forms[-1] == {'token': ['good~token+/=='],
                              'token_type_hint': ['access_token']}
    asked = them.origin.last
    assert (asked.method, asked.target) == ('POST', '/introspect')
    assert field(asked, 'Content-Type') == \
        ['application/x-www-form-urlencoded']
    assert field(asked, 'Accept') == ['application/json']
    assert field(asked, 'Host') == [f'127.0.0.1:{them.origin.port}']
    assert field(asked, 'Authorization') == []
    assert field(asked, 'X-Request-ID') == \
        field(g.origin.last, 'X-Request-ID')
    r = ask(g, 'bad')
    assert (r.status, error_of(r)) == (401, 'token_inactive')
    assert r.get('WWW-Authenticate').startswith(
        'Bearer realm="idp", error="invalid_token"')
    assert error_of(get(g.port, '/')) == 'no_credentials'
    assert len(g.origin.requests) == 1


def test_who_asks(asking, them):
    g = asking('client_id = "gate way"; client_secret = "s:e&c";')
    them.knows('good')
    assert ask(g, 'good').status == 200
    value, = field(them.origin.last, 'Authorization')
    # RFC 6749 2.3.1: both are encoded as in a form.
    assert base64.b64decode(value.removeprefix('Basic ')) == \
        b'gate+way:s%3Ae%26c'


def test_what_the_endpoint_is_told(asking, them):
    g = asking('claims = { user = "username"; permissions = "scope"; '
               'roles = "realm_access.roles"; };')
    them.knows('good', username='bob', scope='users:read  a b',
               realm_access={'roles': ['x', 'y']}, tenant_id='t1')
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['bob']
    assert told(g.origin, 'X-User-Permissions') == ['users:read,a,b']
    assert told(g.origin, 'X-User-Roles') == ['x,y']
    assert told(g.origin, 'X-Tenant-ID') == ['t1']


@pytest.mark.parametrize('claims', [
    {'sub': 7}, {'sub': ''}, {'sub': 'a\nb'}, {'exp': 'soon'},
    {'roles': ['a,b']}, {'roles': {'a': 1}}])
def test_claims_that_cannot_be_told(asking, them, claims):
    g = asking()
    them.knows('odd', **claims)
    assert refused(g, 'odd', 'token_claims')


def test_clocks_of_others(asking, them):
    """The issuer has said that it holds: iat and nbf are not judged again."""
    g = asking()
    soon = int(time.time()) + 20
    them.knows('fresh', iat=soon, nbf=soon)
    assert ask(g, 'fresh').status == 200
    them.knows('old', exp=int(time.time()) - 1)
    assert refused(g, 'old', 'token_expired')


# --- what is remembered

def test_a_token_is_asked_once(asking, them):
    g = asking(workers=2)
    them.knows('good')
    for _ in range(20):  # of both workers
        assert ask(g, 'good').status == 200
    assert them.asked == 1
    assert g.metric('auth_questions_total') == 1
    for _ in range(20):
        assert refused(g, 'bad', 'token_inactive')
    assert them.asked <= 3  # each worker for itself
    assert g.metric('auth_questions_failed_total') == 0


def test_for_a_while(asking, them):
    g = asking('ttl = "1s";')
    them.knows('good')
    assert ask(g, 'good').status == 200
    del them.known['good']
    wait_until(lambda: ask(g, 'good').status == 401, 5, 'its end')


def test_not_beyond_its_expiry(asking, them):
    g = asking('ttl = "1h";')
    them.knows('good', exp=int(time.time()) + 4)
    assert ask(g, 'good').status == 200
    wait_until(lambda: ask(g, 'good').status == 401, 10, 'its end')
    assert refused(g, 'good', 'token_expired')


def test_not_at_all(asking, them):
    g = asking('ttl = "0";')
    them.knows('good')
    for _ in range(3):
        assert ask(g, 'good').status == 200
        assert refused(g, 'bad', 'token_inactive')
    assert them.asked == 6


def test_revoked_here(asking, them):
    g = asking()
    them.knows('good', jti='j1')
    assert ask(g, 'good').status == 200
    g.ctl('revoke', 'user', 'alice')
    wait_until(lambda: refused(g, 'good', 'token_revoked'), 5, 'revocation')


def test_another_configuration_asks_anew(asking, them):
    g = asking()
    them.knows('good')
    assert ask(g, 'good').status == 200
    g.reload(g.body(auth='claims = { user = "username"; };'))
    them.knows('good', username='bob')
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['bob']
    assert them.asked == 2


def test_the_same_at_once_is_one_question(asking, them):
    g = asking()
    them.knows('good')
    them.gate.clear()
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(send(g, 'good')) for _ in range(20)]
        bad = [stack.enter_context(send(g, 'bad')) for _ in range(5)]
        wait_waiting(g, 25)
        them.gate.set()
        assert {w.response().status for w in many} == {200}
        assert {w.response().status for w in bad} == {401}
    assert sorted(f['token'][0] for f in them.forms) == ['bad', 'good']
    wait_waiting(g, 0)
    assert g.metric('auth_questions_total') == 2


# --- no good answer

def raw(text):
    return lambda conn, _: conn.send(text)


def says(body, status=200):
    return lambda conn, _: conn.reply(status, body)


LARGE = json.dumps({'active': True, 'sub': 'alice', 'x': 'y' * 65536})


@pytest.mark.parametrize('answer', [
    says('{"active":true,"sub":"alice"}', 500),
    says('{"active":true,"sub":"alice"}', 201),
    says('{"active":true,"sub":"alice"}', 302),
    says('', 204), says(''), says('{}'), says('null'), says('[]'),
    says('active'), says('{"active":"true"}'), says('{"active":1}'),
    says('{"active":null}'), says('{"active":true'),
    says('{"active":false,"active":true}'), says('[{"active":true}]'),
    says('{"active":true} {}'), says('{"Active":true}'), says(LARGE),
    lambda conn, _: conn.end(), lambda conn, _: conn.reset(),
    raw('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"active":true}'),
    raw('nonsense\r\n\r\n'),
    raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n'
        'Connection: upgrade\r\n\r\n'),
    raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        '10\r\n{"active":true}')])
def test_no_answer(asking, them, answer):
    g = asking('timeout = "2s";')
    them.answers = answer
    assert refused(g, 'good', 'auth_unavailable')
    assert g.metric('auth_questions_failed_total') == 1
    g.wait_log('warn worker 0: authenticator idp: ')
    assert 'good' not in g.log_text()
    # Nothing of it is remembered.
    them.answers = None
    them.knows('good')
    assert ask(g, 'good').status == 200
    assert not [r for r in g.origin.requests if r.method != 'GET']


GOOD = '{"active":true,"sub":"alice"}'


@pytest.mark.parametrize('answer', [
    raw('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
        f'HTTP/1.1 200 OK\r\nContent-Length: {len(GOOD)}\r\n\r\n{GOOD}'),
    raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        f'2\r\n{GOOD[:2]}\r\n{len(GOOD) - 2:x}\r\n{GOOD[2:]}\r\n0\r\n\r\n'),
    says(json.dumps({'active': True, 'sub': 'alice', 'x': 'y' * 60000})),
    says(f' {GOOD} \r\n')])
def test_odd_but_good(asking, them, answer):
    g = asking()
    them.answers = answer
    assert ask(g, 'good').status == 200
    assert told(g.origin, 'X-User-ID') == ['alice']


def test_until_the_end_of_the_connection(asking, them):
    def answer(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\n\r\n{GOOD}')
        conn.end()
    g = asking()
    them.answers = answer
    assert ask(g, 'good').status == 200


def test_nobody_is_there(house, asking, them):
    port = free_port()
    g = asking(ports=[port])
    assert refused(g, 'good', 'auth_unavailable')
    assert ask(g, 'good').get('Retry-After') == '1'
    them.knows('good')
    late = house.origin(them.answer, port)
    assert late.port == port
    assert ask(g, 'good').status == 200


def test_it_hangs(asking, them):
    g = asking('timeout = "2s";', idp=ONE)
    them.knows('good')
    them.gate.clear()
    start = Watch()
    assert refused(g, 'good', 'auth_unavailable')
    assert start.within(1.9, 7)
    g.wait_log('no answer: response_timeout')
    them.gate.set()
    assert ask(g, 'good').status == 200
    wait_waiting(g, 0)


def test_one_that_hangs_is_known(house, asking, them):
    """Passively, as if requests of clients had gone there."""
    with socket.create_server(('127.0.0.1', 0), backlog=64) as deaf:
        g = asking('timeout = "2s"; ttl = "0";',
                   ports=[deaf.getsockname()[1], them.origin.port],
                   idp='balance = "round_robin"; '
                       'passive = { failures = 1; time = "60s"; };')
        them.knows('good')
        wait_until(lambda: ask(g, 'good').status == 503, 10, 'a bad one')
        for _ in range(6):
            assert ask(g, 'good').status == 200


def test_one_that_is_down_is_passed_over(asking, them):
    g = asking('ttl = "0";', ports=[free_port(), them.origin.port],
               idp='balance = "round_robin";')
    them.knows('good')
    for _ in range(6):
        assert ask(g, 'good').status == 200


def test_a_connection_that_was_closed(asking, them):
    g = asking('ttl = "0";')
    them.knows('good')
    for _ in range(5):
        assert ask(g, 'good').status == 200
        them.origin.drop()
    assert them.origin.connections == 5


# --- who waits, and what happens meanwhile

def leave(w):
    w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack('ii', 1, 0))
    w.close()


def test_clients_leave(asking, them):
    g = asking()
    them.knows('good')
    them.gate.clear()
    first, second = send(g, 'good'), send(g, 'good')
    wait_waiting(g, 2)
    leave(first)  # who began it
    wait_waiting(g, 1)
    them.gate.set()
    assert second.response().status == 200
    second.close()
    them.gate.clear()
    third = send(g, 'other')
    wait_waiting(g, 1)
    leave(third)
    wait_waiting(g, 0)
    wait_until(lambda: g.metric('requests_active') == 0)
    them.gate.set()
    assert ask(g, 'good').status == 200


def test_streams_are_reset(asking, them):
    port = free_port()
    g = asking(top=f'listeners = ( {{ address = "127.0.0.1:{port}"; '
                   'protocols = [ "h2", "http/1.1" ]; } );')
    g.port = port
    them.knows('good')
    them.gate.clear()
    with Client(port) as c:
        streams = [c.request('/', headers=[('authorization', 'Bearer good')])
                   for _ in range(4)]
        wait_waiting(g, 4)
        for s in streams[:3]:
            c.h2.reset_stream(s, 8)
        c.flush()
        wait_waiting(g, 1)
        them.gate.set()
        assert c.answer(streams[3]).status == 200
        bad = c.ask('/', 'POST', body=b'\0\0\0\0\0', headers=[
            ('authorization', 'Bearer bad'), ('te', 'trailers'),
            ('content-type', 'application/grpc')])
        assert bad.headers['grpc-status'] == '16'
    assert them.asked == 2


def test_a_body_waits(asking, them):
    g = asking()
    them.knows('good')
    body = bytes(range(256)) * 2000
    r = ask(g, 'good', method='POST', body=body)
    assert json.loads(r.body)['body'].encode('latin-1') == body


def test_reload_while_it_is_out(asking, them):
    g = asking()
    them.knows('good')
    them.gate.clear()
    with send(g, 'good') as old:
        wait_waiting(g, 1)
        g.reload(g.body(auth='ttl = "30s";'))
        with send(g, 'good') as new:  # by another configuration: not shared
            wait_waiting(g, 2)
            wait_until(lambda: them.asked == 2)
            them.gate.set()
            assert old.response().status == 200
            assert new.response().status == 200


def test_many_reloads_end_the_waiting(asking, them):
    """It holds its configuration, and must let it go."""
    g = asking('timeout = "60s";')
    them.gate.clear()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(send(g, 'good'))
        wait_waiting(g, 1)
        for n in range(66):
            g.reload(g.body(auth=f'timeout = "60s"; ttl = "{n + 1}s";'))
            stack.enter_context(send(g, 'good'))
            wait_until(lambda n=n: them.asked == n + 2, 20, 'a question')
        r = first.response()
        # Where all that takes a minute, its own time was over before.
        assert r.status == 503 and (b'generation_expired' in r.body or
                                    time.monotonic() - began >= 60)
        them.gate.set()


def test_a_worker_dies(asking, them):
    g = asking(allow=['worker 0 .* was killed by signal 9'])
    them.knows('good')
    them.gate.clear()
    with send(g, 'good'):
        wait_waiting(g, 1)
        worker, = g.worker_pids
        os.kill(worker, signal.SIGKILL)
        g.wait_successor('worker', worker)
    wait_waiting(g, 0)
    them.gate.set()
    assert ask(g, 'good').status == 200


def test_a_stop_lets_it_end(asking, them):
    g = asking()
    them.knows('good')
    them.gate.clear()
    with send(g, 'good') as w:
        wait_waiting(g, 1)
        g.send(signal.SIGTERM)
        wait_until(lambda: g.admin_status('/readyz') != 200)
        them.gate.set()
        assert w.response().status == 200
    g.stop()


def test_a_stop_does_not_wait_for_ever(asking, them):
    g = asking('timeout = "60s";', top='timeouts = { drain = "300ms"; };')
    them.gate.clear()
    with send(g, 'good') as w:
        wait_waiting(g, 1)
        g.stop()
        r = w.response()
        assert r.status == 503 and b'stopping' in r.body
    them.gate.set()


def test_a_client_has_so_many(asking, them):
    g = asking()
    them.knows('good')
    them.gate.clear()
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(send(g, f'made-up-{n}'))
                for n in range(PER_CLIENT)]
        wait_waiting(g, PER_CLIENT)
        assert refused(g, 'good', 'auth_unavailable')
        them.gate.set()
        assert {w.response().status for w in many} == {401}
    assert ask(g, 'good').status == 200


def test_few_connections(house, asking):
    them = Issuer(house, Counting)
    house.origins.append(them.origin)
    g = asking('ttl = "0";', ports=[them.origin.port], workers=2,
               idp='pool = { max_connections = 1; };')
    them.knows('good')
    them.gate.clear()
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(send(g, 'good' if n % 2 else f'bad-{n}'))
                for n in range(20)]
        wait_waiting(g, 20)
        them.gate.set()
        assert [w.response().status for w in many] == [401, 200] * 10
    assert them.origin.most == 1


# --- how it is asked

def test_by_http2(house, asking):
    them = Issuer(house, house.h2origin)
    them.knows('good')
    g = asking('ttl = "0";', ports=[them.origin.port],
               idp='protocol = "h2"; host = "id.test";')
    for _ in range(3):
        assert ask(g, 'good').status == 200
        assert refused(g, 'bad', 'token_inactive')
    assert them.origin.requests[-1].get(':authority') == 'id.test'
    assert them.origin.connections == 1


@pytest.mark.parametrize('h2', [False, True])
def test_by_tls(house, asking, them, h2):
    place = Place(house)
    secure = place.origin(handler=them.answer, h2=h2)
    them.knows('good')
    tls = f'tls = {{ ca = "{place.ca_file}"; server_name = "origin.test"; }};'
    how = ('protocol = "h2"; ' if h2 else '') + ONE
    g = asking('ttl = "0";', ports=[secure.port], idp=how + tls)
    assert ask(g, 'good').status == 200
    assert refused(g, 'bad', 'token_inactive')
    if h2:
        assert secure.requests[-1].get(':scheme') == 'https'
    # A certificate of somebody else's: nothing is said to it.
    asked = them.asked
    g.reload(g.body(idp=how + tls.replace('origin.test', 'other.test')))
    assert refused(g, 'good', 'auth_unavailable')
    assert them.asked == asked


# --- among others

def test_after_those_that_can_be_read(house, upstream, them):
    signer, origin = Signer(), upstream()
    g = house.gateway('', start=False)
    signer.write(g.dir)
    g.write(configuration(
        [service_text('s', origin.port),
         service_text('idp', them.origin.port)],
        [signer.authenticator(), them.authenticator()],
        '[ "main", "idp" ]'))
    g.start()
    them.knows('opaque')
    assert get(g.port, '/', headers=bearer(
        signer.sign(sub='bob'))).status == 200
    assert told(origin, 'X-User-ID') == ['bob']
    assert them.asked == 0
    assert ask(g, 'opaque').status == 200
    assert told(origin, 'X-User-ID') == ['alice']
    # What the first one refused, the second one is asked about.
    r = ask(g, signer.sign(sub='bob', exp=1))
    assert (r.status, error_of(r)) == (401, 'token_inactive')
    assert them.asked == 2
    them.origin.close()
    r = ask(g, signer.sign(sub='bob', exp=2))
    assert (r.status, error_of(r)) == (503, 'auth_unavailable')


def test_anonymous_only_without_a_token(house, upstream, them):
    origin = upstream()
    g = house.gateway(configuration(
        [service_text('s', origin.port),
         service_text('idp', them.origin.port)],
        [them.authenticator()], '[ "idp", "anonymous" ]'))
    assert get(g.port, '/').status == 200
    assert told(origin, 'X-User-ID') == []
    assert ask(g, 'bad').status == 401
    them.origin.close()
    assert ask(g, 'other').status == 503

"""Tokens for clients: the first pair, refreshing it, and what ends it."""
import contextlib
import json
import os
import signal
import socket
import ssl
import threading
import time

import jwt
import pytest

from conf import service
from gateway import wait_until
from granted import (AUDIENCE, FORM, ISSUER, KEY, ROUTES, ask_login,
                     authenticators, basic, error_of, gets_in, granting,
                     issuer, key_set, login, refresh, refreshed, verified,
                     write_users)
from h2wire import Client
from origin import field
from pki import Authority
from secure import TlsWire
from tokens import bearer
from wire import Wire, get

UNKNOWN = (401, 'refresh_unknown')
REUSED = (401, 'refresh_reused')
ENDED = 2  # families.c


@pytest.fixture(scope='module')
def shared(shared_house):
    """For tests that leave no family behind that matters."""
    origin = shared_house.origin()
    return granting(shared_house, origin.port), origin


# --- the first pair


def test_a_pair(shared):
    g, origin = shared
    r = ask_login(g)
    assert r.status == 200
    assert r.get('Cache-Control') == 'no-store'
    assert r.get('Content-Type') == 'application/json'
    pair = json.loads(r.body)
    assert set(pair) == {'access_token', 'token_type', 'expires_in',
                         'refresh_token', 'refresh_expires_in'}
    assert (pair['token_type'], pair['expires_in'],
            pair['refresh_expires_in']) == ('Bearer', 900, 30 * 86400)
    claims = verified(g, pair['access_token'])
    assert abs(claims['iat'] - time.time()) < 5
    assert len(claims.pop('jti')) == 22
    iat = claims.pop('iat')
    assert claims == {'iss': ISSUER, 'aud': AUDIENCE, 'exp': iat + 900,
                      'sub': 'alice', 'roles': ['admin'], 'tenant_id': 't1'}
    assert gets_in(g, pair) == 200
    assert field(origin.last, 'x-user-id') == ['alice']
    assert field(origin.last, 'x-user-roles') == ['admin']
    assert field(origin.last, 'x-tenant-id') == ['t1']


def test_of_an_api_key(shared):
    g, _ = shared
    r = get(g.port, '/key', 'POST', headers=[('X-API-Key', KEY)], body='')
    pair = json.loads(r.body)
    assert verified(g, pair['access_token'])['sub'] == 'robot'
    assert verified(g, refreshed(g, pair['refresh_token'])['access_token'])[
        'sub'] == 'robot'


def test_kept_connection(shared):
    """Whatever body a login has: nobody reads it, but it is over."""
    g, _ = shared
    with contextlib.closing(Wire(g.port)) as w:
        for _ in range(2):
            for body in (None, '', 'grant_type=password', 'a' * 17000):
                r = w.ask('/login', 'POST', body=body,
                          headers=[basic('alice', 'secret')])
                assert r.status == 200
    r = get(g.port, '/login', 'POST', body='a' * 18000,
            headers=[basic('alice', 'secret')])
    assert error_of(r) == (413, 'body_too_large')


def test_nobody_gets_one(shared):
    g, _ = shared
    assert get(g.port, '/login', 'POST', body='').status == 401
    assert error_of(ask_login(g, 'alice', 'wrong')) == (401, 'password_wrong')
    pair = login(g)
    for token in (pair['access_token'], pair['refresh_token']):
        assert get(g.port, '/login', 'POST', headers=bearer(token),
                   body='').status == 401
        assert get(g.port, '/key', 'POST', headers=[('X-API-Key', token)],
                   body='').status == 401


def test_methods(shared):
    g, _ = shared
    for path in ('/login', '/refresh'):
        for method in ('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'):
            r = get(g.port, path, method, headers=[basic('alice', 'secret')])
            assert (r.status, r.get('Allow')) == (405, 'POST')
    r = get(g.port, '/.well-known/jwks.json', 'POST', body='')
    assert r.status == 405 and 'GET' in r.get('Allow')
    r = get(g.port, '/.well-known/jwks.json', 'HEAD')
    assert r.status == 200 and r.body == b''


def test_public_keys(shared):
    g, _ = shared
    r = get(g.port, '/.well-known/jwks.json')
    assert r.get('Content-Type') == 'application/jwk-set+json'
    assert r.get('Cache-Control') == 'max-age=300'
    keys = json.loads(r.body)['keys']
    assert len(keys) == 2  # the one that signs, and the next
    for k in keys:
        assert set(k) == {'kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'}
        assert (k['kty'], k['crv'], k['alg'], k['use']) == (
            'EC', 'P-256', 'ES256', 'sig')
    kid = jwt.get_unverified_header(login(g)['access_token'])['kid']
    assert kid == keys[0]['kid']


# --- one kind is not taken for another


def test_kinds(house):
    origin = house.origin()
    g = granting(house, origin.port,
                 service(origin.port, extra='token = { };')
                 + authenticators() + issuer() + ROUTES)
    pair = login(g)
    assert gets_in(g, pair) == 200
    told = field(origin.last, 'x-service-token')[0]
    for token in (pair['refresh_token'], told):
        assert error_of(get(g.port, '/in', headers=bearer(token)))[0] == 401
    for token in (pair['access_token'], told, 'x', 'a.b.c',
                  pair['refresh_token'][:-1], pair['refresh_token'] + 'A'):
        assert error_of(refresh(g, token)) == UNKNOWN
    assert refresh(g, pair['refresh_token']).status == 200


# --- refreshing


def test_turns(shared):
    g, _ = shared
    first = login(g)
    second = refreshed(g, first['refresh_token'])
    assert second['refresh_expires_in'] <= first['refresh_expires_in']
    assert second['access_token'] != first['access_token']
    third = refreshed(g, second['refresh_token'])
    assert [gets_in(g, p) for p in (first, second, third)] == [200] * 3
    # Who comes with what was used ends it for all.
    assert error_of(refresh(g, first['refresh_token'])) == REUSED
    assert error_of(refresh(g, third['refresh_token'])) == UNKNOWN
    assert error_of(refresh(g, second['refresh_token'])) == UNKNOWN
    assert gets_in(g, third) == 200  # until it expires
    # Others go on.
    assert refresh(g, login(g)['refresh_token']).status == 200


def test_families_are_apart(shared):
    g, _ = shared
    one, two = login(g), login(g)
    refreshed(g, one['refresh_token'])
    assert error_of(refresh(g, one['refresh_token'])) == REUSED
    assert refresh(g, two['refresh_token']).status == 200


FORM_HEAD = 'Content-Type: application/x-www-form-urlencoded'


@pytest.mark.parametrize('form', [
    'refresh_token={0}', 'grant_type=refresh_token&refresh_token={0}',
    'client_id=a&refresh_token={0}&scope=&grant_type=refresh_token',
    '&&refresh_token={0}&'])
def test_forms(shared, form):
    g, _ = shared
    r = get(g.port, '/refresh', 'POST', headers=[FORM],
            body=form.format(login(g)['refresh_token']))
    assert r.status == 200


def test_escaped_form_and_json(shared):
    g, _ = shared
    token = login(g)['refresh_token'].replace('.', '%2e')
    r = get(g.port, '/refresh', 'POST', body=f'refresh_token={token}',
            headers=[('Content-Type', FORM[1].upper() + '; charset=utf-8')])
    assert r.status == 200
    token = json.loads(r.body)['refresh_token']
    r = get(g.port, '/refresh', 'POST', body=json.dumps(
        {'grant_type': 'refresh_token', 'refresh_token': token}),
        headers=[('Content-Type', 'application/json')])
    assert r.status == 200


@pytest.mark.parametrize('kind,form', [
    ('form', ''), ('form', 'refresh_token='), ('form', 'refresh_token'),
    ('form', 'refresh_token={0}&refresh_token={0}'),
    ('form', 'grant_type=password&refresh_token={0}'),
    ('form', 'refresh_token={0}&grant_type='),
    ('form', 'refresh_token=%zz'), ('form', 'token={0}'),
    ('form', '{{"refresh_token":"{0}"}}'),
    ('json', 'refresh_token={0}'), ('json', '"{0}"'), ('json', '[]'),
    ('json', '{{"refresh_token":1}}'),
    ('json', '{{"refresh_token":"{0}","refresh_token":"{0}"}}'),
    ('json', '{{"refresh_token":"{0}","grant_type":"password"}}'),
    ('text', 'refresh_token={0}'), (None, 'refresh_token={0}')])
def test_bad_forms(shared, kind, form):
    g, _ = shared
    token = login(g)['refresh_token']
    types = {'form': FORM[1], 'json': 'application/json',
             'text': 'text/plain'}
    headers = [('Content-Type', types[kind])] if kind else []
    r = get(g.port, '/refresh', 'POST', headers=headers,
            body=form.format(token))
    assert error_of(r) == (400, 'bad_grant')
    assert refresh(g, token).status == 200  # nothing was used


def test_no_query(shared):
    g, _ = shared
    token = login(g)['refresh_token']
    r = get(g.port, f'/refresh?refresh_token={token}', 'POST', headers=[FORM],
            body='a=b')
    assert error_of(r) == (400, 'bad_grant')


# --- bodies, as they come


def test_byte_by_byte(shared):
    g, _ = shared
    body = f'refresh_token={login(g)["refresh_token"]}'
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               f'Content-Length: {len(body)}\r\n\r\n')
        for c in body:
            w.send(c)
        assert w.response().status == 200


def test_chunked_with_trailers(shared):
    g, _ = shared
    body = f'refresh_token={login(g)["refresh_token"]}'
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               'Transfer-Encoding: chunked\r\n\r\n')
        for c in body:
            w.send(f'1\r\n{c}\r\n')
        w.send('0\r\nX-User-ID: mallory\r\n\r\n')
        assert w.response().status == 200
        assert w.ask('/').status == 200  # the connection goes on


def test_expects_100(shared):
    g, _ = shared
    body = f'refresh_token={login(g)["refresh_token"]}'
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               f'Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n')
        assert w.response().status == 100
        w.send(body)
        assert w.response().status == 200
    # Not where the answer is known.
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               'Content-Length: 99999\r\nExpect: 100-continue\r\n\r\n')
        assert error_of(w.response()) == (413, 'body_too_large')


def test_too_much(shared):
    g, _ = shared
    body = 'refresh_token=' + 'a' * 18000
    r = get(g.port, '/refresh', 'POST', headers=[FORM], body=body)
    assert error_of(r) == (413, 'body_too_large')
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               f'Transfer-Encoding: chunked\r\n\r\n4650\r\n{body[:18000]}')
        assert error_of(w.response()) == (413, 'body_too_large')
    # As long as may be, and no token.
    r = refresh(g, 'a' * 16384)
    assert error_of(r) == UNKNOWN


def test_no_end(house):
    origin = house.origin()
    g = granting(house, origin.port, 'timeouts = { body = "300ms"; };\n'
                 + service(origin.port) + authenticators() + issuer() + ROUTES)
    with contextlib.closing(Wire(g.port)) as w:
        w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
               'Content-Length: 100\r\n\r\nrefresh_token=')
        assert error_of(w.response()) == (408, 'body_timeout')
    # A client that leaves in between is nobody's loss.
    for _ in range(20):
        with contextlib.closing(Wire(g.port)) as w:
            w.send(f'POST /refresh HTTP/1.1\r\nHost: t\r\n{FORM_HEAD}\r\n'
                   'Content-Length: 100\r\n\r\nrefresh_token=')
    assert ask_login(g).status == 200


BIG = ', '.join(f'"{"r" * 200}{i}"' for i in range(28))


def test_large_ones_by_http2(house):
    origin = house.origin()
    g = granting(house, origin.port, start=False)
    g.write(f'listeners = ( {{ address = "127.0.0.1:{g.port}"; '
            'protocols = [ "h2", "http/1.1" ]; } );\n'
            + service(origin.port)
            + authenticators(alice=f'roles = [ {BIG} ];')
            .replace('roles = { admin', 'roles = { ' + ' '.join(
                f'{"r" * 200}{i} = [ "z" ];' for i in range(28)) + ' admin')
            + issuer() + ROUTES)
    g.start()
    with Client(g.port) as c:
        r = c.ask('/login', 'POST', [
            ('authorization', basic('alice', 'secret')[1])], body=b'a')
        assert r.status == 200
        for _ in range(20):
            token = json.loads(r.body)['refresh_token']
            assert len(token) > 7000
            r = c.ask('/refresh', 'POST', [('content-type', FORM[1])],
                      body=f'refresh_token={token}'.encode())
            assert r.status == 200
    assert gets_in(g, json.loads(r.body)) == 200


def test_too_large_an_identity(house):
    origin = house.origin()
    names = [f'{"r" * 200}{i}' for i in range(60)]
    g = granting(house, origin.port, service(origin.port)
                 + authenticators(alice='roles = [ %s ];' % ', '.join(
                     f'"{n}"' for n in names))
                 .replace('roles = { admin', 'roles = { ' + ' '.join(
                     f'{n} = [ "z" ];' for n in names) + ' admin')
                 + issuer() + ROUTES)
    assert error_of(ask_login(g)) == (500, 'identity_too_large')
    g.wait_log('"alice" gets no token')
    assert ask_login(g, 'bob', 'geheim').status == 200


def test_pages_of_other_origins(house):
    origin = house.origin()
    g = granting(house, origin.port, service(origin.port) + authenticators()
                 + issuer() + 'cors = { app = { origins = '
                 '[ "https://app.example" ]; methods = [ "POST" ]; headers = '
                 '[ "Authorization" ]; credentials = true; }; };\n'
                 + ROUTES.replace('issue = true;',
                                  'issue = true; cors = "app";'))
    page = ('Origin', 'https://app.example')
    r = get(g.port, '/login', 'OPTIONS', headers=[
        page, ('Access-Control-Request-Method', 'POST'),
        ('Access-Control-Request-Headers', 'authorization')])
    assert r.status in (200, 204)
    assert r.get('Access-Control-Allow-Origin') == page[1]
    for password, status in (('secret', 200), ('wrong', 401)):
        r = get(g.port, '/login', 'POST', body='',
                headers=[basic('alice', password), page])
        assert (r.status, r.get('Access-Control-Allow-Origin')) == (
            status, page[1])


# --- who is first


def at_once(n, what):
    """What n threads got, that began together."""
    barrier, got = threading.Barrier(n), []

    def run():
        barrier.wait()
        got.append(what())
    threads = [threading.Thread(target=run) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


def test_one_wins(house):
    origin = house.origin()
    g = granting(house, origin.port, workers=4)
    for _ in range(8):
        token = login(g)['refresh_token']
        got = at_once(12, lambda: refresh(g, token))
        won = [r for r in got if r.status == 200]
        lost = [error_of(r) for r in got if r.status != 200]
        assert len(won) == 1
        assert lost.count(REUSED) == 1 and set(lost) <= {REUSED, UNKNOWN}
        # Whoever it was: nobody can tell, so that nobody goes on.
        assert error_of(refresh(
            g, json.loads(won[0].body)['refresh_token'])) == UNKNOWN


def test_each_for_itself(house):
    origin = house.origin()
    g = granting(house, origin.port, workers=4)

    def live():
        pair = login(g)
        for _ in range(10):
            pair = refreshed(g, pair['refresh_token'])
        return gets_in(g, pair)
    assert at_once(8, live) == [200] * 8


# --- over ends


def test_over_deaths(house):
    origin = house.origin()
    g = granting(house, origin.port, workers=2)
    pair = login(g)
    used = pair['refresh_token']
    for title in ('worker 0', 'worker 1', 'master'):
        pid = (g.master_pid if title == 'master' else g.titled(title)[0])
        os.kill(pid, signal.SIGKILL)
        g.wait_successor(title, pid)
        g.wait_ready()
        pair = refreshed(g, pair['refresh_token'])
        assert gets_in(g, pair) == 200
    g.allow.append('was killed by signal')
    assert error_of(refresh(g, used)) == REUSED
    assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN


def test_over_a_stop(house):
    origin = house.origin()
    g = granting(house, origin.port, start=False)
    g.write(service(origin.port) + authenticators() + issuer() + ROUTES,
            f'state_dir = "{g.dir}/state";\n')
    g.start()
    first, other, third = login(g), login(g), login(g)
    second = refreshed(g, first['refresh_token'])
    refreshed(g, other['refresh_token'])
    assert error_of(refresh(g, other['refresh_token'])) == REUSED
    g.stop()
    assert (g.dir / 'state' / 'refresh_families').stat().st_mode & 0o777 == (
        0o600)
    g.start()
    # What was out is good, what was used or had ended is not.
    assert gets_in(g, second) == 200
    assert refresh(g, third['refresh_token']).status == 200
    next_one = refreshed(g, second['refresh_token'])
    assert error_of(refresh(g, other['refresh_token'])) == UNKNOWN
    assert error_of(refresh(g, first['refresh_token'])) == REUSED
    assert error_of(refresh(g, next_one['refresh_token'])) == UNKNOWN
    # A file without a secret, or another one: nobody gets in.
    for text in ('', 'x\n', None):
        pair = login(g)
        g.stop()
        file = g.dir / 'state' / 'refresh_families'
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        g.start()
        assert gets_in(g, pair) == 200
        assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN


def test_what_has_ended_is_kept_at_once(house):
    """Though nobody says goodbye."""
    origin = house.origin()
    body = service(origin.port) + authenticators() + issuer() + ROUTES
    g = granting(house, origin.port, start=False)
    g.top = f'state_dir = "{g.dir}/state";\n'
    g.write(body)
    g.start()
    pair = login(g)
    again = refreshed(g, pair['refresh_token'])
    file = g.dir / 'state' / 'refresh_families'
    assert error_of(refresh(g, pair['refresh_token'])) == REUSED

    def states():
        lines = file.read_text().splitlines()[2:] if file.exists() else []
        return [int(json.loads(line)[1], 16) & 3 for line in lines]
    wait_until(lambda: states() == [ENDED], 10, 'the file')
    # The last word before the issuer goes is kept, too.
    other = login(g)
    g.reload('routes = ( { path = "/"; respond = { }; } );\n')
    wait_until(lambda: len(states()) == 2, 10, 'the file')
    g.stop()
    g.write(body)
    g.start()
    assert error_of(refresh(g, again['refresh_token'])) == UNKNOWN
    assert refresh(g, other['refresh_token']).status == 200


def test_without_a_folder(house):
    origin = house.origin()
    g = granting(house, origin.port)
    pair = login(g)
    g.stop()
    g.start()
    assert gets_in(g, pair) == 401
    assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN


# --- over reloads


def test_over_reloads(house):
    origin = house.origin()
    start = service(origin.port)
    g = granting(house, origin.port)
    pair = login(g)
    secret = 's' * 32
    g.reload(start + authenticators() + issuer(
        f'per_minute = 0; algorithm = "HS256"; secret = "{secret}"; '
        'lifetime = "2m";') + ROUTES.replace(
            '{ path = "/.well-known/jwks.json"; jwks = true; },', ''))
    pair = refreshed(g, pair['refresh_token'])
    assert jwt.decode(pair['access_token'], secret, ['HS256'],
                      audience=AUDIENCE, issuer=ISSUER)['sub'] == 'alice'
    assert pair['expires_in'] == 120
    assert gets_in(g, pair) == 200
    # No issuer, no routes; and back again.
    g.reload(start + 'routes = ( { path = "/"; service = "s"; } );\n')
    assert refresh(g, pair['refresh_token']).status == 404
    g.reload(start + authenticators() + issuer() + ROUTES)
    pair = refreshed(g, pair['refresh_token'])
    assert verified(g, pair['access_token'])['sub'] == 'alice'


def test_roles_are_those_of_now(house):
    origin = house.origin()
    g = granting(house, origin.port)
    pair = login(g)
    for holder, want in (
            ('roles = [ "viewer" ]; user = "alice2";',
             {'sub': 'alice2', 'roles': ['viewer']}),
            ('email = "a@b";', {'sub': 'alice', 'email': 'a@b'})):
        g.reload(service(origin.port) + authenticators(alice=holder)
                 + issuer() + ROUTES)
        pair = refreshed(g, pair['refresh_token'])
        claims = verified(g, pair['access_token'])
        assert {k: claims[k] for k in claims
                if k not in ('iss', 'aud', 'iat', 'exp', 'jti')} == want
    # The holder goes, the user is let in all the same.
    g.reload(service(origin.port) + authenticators().replace(
        'name = "alice"', 'name = "bob"') + issuer() + ROUTES)
    pair = refreshed(g, pair['refresh_token'])
    assert 'roles' not in verified(g, pair['access_token'])


def test_who_is_gone(house):
    origin = house.origin()
    body = service(origin.port) + authenticators() + issuer() + ROUTES
    g = granting(house, origin.port, body)
    alice, bob = login(g), login(g, 'bob', 'geheim')
    write_users(g.dir, alice='secret')
    g.reload()
    assert error_of(refresh(g, bob['refresh_token'])) == UNKNOWN
    alice = refreshed(g, alice['refresh_token'])
    # Another password: who has the old one has nothing.
    write_users(g.dir, alice='secret2', bob='geheim')
    g.reload()
    assert error_of(refresh(g, alice['refresh_token'])) == UNKNOWN
    assert refresh(g, bob['refresh_token']).status == 200
    # Another kind of authenticator of that name.
    alice = login(g, 'alice', 'secret2')
    g.reload(body.replace(
        'ops = { type = "basic"; htpasswd = "users"; open = true;',
        'ops = { type = "mtls"; open = true;').replace(
            'name = "alice"', 'name = "CN=alice"'))
    assert error_of(refresh(g, alice['refresh_token'])) == UNKNOWN


def test_keys_that_come_and_go(house):
    origin = house.origin()
    g = granting(house, origin.port)

    def pair_of(key):
        return json.loads(get(g.port, '/key', 'POST', body='',
                              headers=[('X-API-Key', key)]).body)
    first = g.ctl('keys', 'add', 'keys', 'job').stdout.strip()
    second = g.ctl('keys', 'add', 'keys', 'job').stdout.strip()
    pair = pair_of(first)
    one = next(k['id'] for k in g.ctl_json('keys', 'list', 'keys')['keys']
               if k['name'] == 'job')
    other = pair_of(second)
    g.ctl('keys', 'remove', 'keys', one)
    # Each family goes with its own key, whatever others of the name may do.
    told = [refresh(g, p['refresh_token']).status for p in (pair, other)]
    assert sorted(told) == [200, 401]
    pair = pair_of(second if told[0] == 401 else first)
    pair = refreshed(g, pair['refresh_token'])
    g.ctl('keys', 'remove', 'keys', 'job')
    g.ctl('keys', 'add', '--role=admin', 'keys', 'job')
    assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN
    assert get(g.port, '/key', 'POST', body='',
               headers=[('X-API-Key', second)]).status == 401
    # A key that ends sooner than the tokens would.
    key = g.ctl('keys', 'add', 'keys', 'brief', '--for=1h').stdout.strip()
    pair = pair_of(key)
    assert 3500 < pair['refresh_expires_in'] <= 3600
    pair = refreshed(g, pair['refresh_token'])
    assert 3500 < pair['refresh_expires_in'] <= 3600


@pytest.mark.parametrize('args', [
    ('user', 'alice'), ('--authenticator=ops', 'user', 'alice'),
    ('--authenticator=own', 'user', 'alice'), ('all',),
    ('--authenticator=own', 'all'), ('token', 'alice')])
def test_revoked(house, args):
    origin = house.origin()
    g = granting(house, origin.port, workers=2)
    pair, other = login(g), login(g)
    bob = login(g, 'bob', 'geheim')
    g.ctl('revoke', *args)
    assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN
    # Its family has ended; of others that is said when they come.
    g.ctl('unrevoke', *args)
    assert error_of(refresh(g, pair['refresh_token'])) == UNKNOWN
    assert refresh(g, other['refresh_token']).status == 200
    assert refresh(g, bob['refresh_token']).status == 200


# --- certificates


def test_no_longer_than_the_certificate(house):
    origin = house.origin()
    ca = Authority('Clients')
    g = granting(house, origin.port, start=False)
    ca.issue('site.example').write(g.dir, 'site')
    ca.write(g.dir / 'ca.pem')
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; tls = {{
  certificates = ( {{ certificate = "site.pem"; key = "site.key"; }} );
  client_verify = "optional"; client_ca = "ca.pem"; }}; }} );
''' + service(origin.port)
            + authenticators('cert = { type = "mtls"; subject = "cn"; '
                             'open = true; };')
            + issuer() + ROUTES.replace('[ "keys", "ops" ]', '"cert"'))
    g.start()

    def ask(days):
        context = ssl.create_default_context(cafile=g.dir / 'ca.pem')
        ca.issue('carol', client=True, days=days).write(g.dir, 'client')
        context.load_cert_chain(g.dir / 'client.pem', g.dir / 'client.key')
        with TlsWire(g.port, context) as w:
            pair = json.loads(w.ask('/key', 'POST', body='').body)
            r = w.ask('/refresh', 'POST', headers=[FORM],
                      body='refresh_token=' + pair['refresh_token'])
        assert r.status == 200
        again = json.loads(r.body)
        claims = jwt.decode(again['access_token'],
                            options={'verify_signature': False})
        assert claims['sub'] == 'carol'
        assert claims['exp'] - claims['iat'] == again['expires_in']
        return pair['refresh_expires_in'], again['expires_in']
    assert ask(90) == (30 * 86400, 900)
    refresh_s, access_s = ask(1)
    assert 86000 < refresh_s <= 86400 and access_s == 900
    refresh_s, access_s = ask(300 / 86400)
    assert 250 < refresh_s <= 300 and 250 < access_s <= 300


# --- how often


def test_how_often(house):
    origin = house.origin()
    g = granting(house, origin.port, service(origin.port) + authenticators()
                 + issuer('per_minute = 6;') + ROUTES, workers=2)
    token = login(g)['refresh_token']
    token = refreshed(g, token)['refresh_token']
    # Wrong passwords and bad tokens count as well.
    assert error_of(ask_login(g, 'alice', 'wrong'))[0] == 401
    assert error_of(refresh(g, 'x'))[0] == 401
    assert ask_login(g).status == 200
    for r in (ask_login(g), refresh(g, token)):
        assert error_of(r) == (429, 'rate_limited')
        assert 1 <= int(r.get('Retry-After')) <= 10
    # The token was not used; other routes, and other addresses, go on.
    assert get(g.port, '/').status == 200
    key_set(g)
    with contextlib.closing(Wire.__new__(Wire)) as w:
        w.sock = socket.create_connection(
            ('127.0.0.1', g.port), 60, source_address=('127.0.0.9', 0))
        w.data = b''
        assert w.ask('/refresh', 'POST', headers=[FORM],
                     body=f'refresh_token={token}').status == 200


def test_two_limits_do_not_contradict(house):
    """What refused says nothing of what is left of another limit."""
    origin = house.origin()
    g = granting(
        house, origin.port, service(origin.port) + authenticators() +
        issuer('per_minute = 6;') +
        'rate_limits = { l = { key = "address"; rate = "100/day"; }; };\n' +
        ROUTES.replace('issue = true;', 'issue = true; rate_limits = "l";'))
    said = [ask_login(g) for _ in range(6)]
    assert [r.status for r in said] == [200] * 5 + [429]
    assert said[4].get('X-RateLimit-Remaining') == '95'
    assert said[5].get('X-RateLimit-Remaining') is None


def test_preset(house):
    """Without a word there is a limit."""
    origin = house.origin()
    g = granting(house, origin.port, service(origin.port) + authenticators()
                 + issuer('') + ROUTES)
    assert [ask_login(g).status for _ in range(6)] == [200] * 5 + [429]

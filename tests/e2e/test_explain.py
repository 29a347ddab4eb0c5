"""What would become of a request (--explain), and what became of one that bore
a debug token (Penstock-Trace)."""
import array
import json
import os
import random
import re
import signal
import socket
import subprocess
import time

import jwt
import pytest

from agree import SECRET, World
from gateway import BINARY, wait_until
from h2wire import Client
from origin import echo, field
from secure import Shop
from test_basic import hashed
from test_client_limits import From
from tokens import Issuer
from wire import get

CONF = '''listeners = ( { address = "127.0.0.1:%(listen)d";
  protocols = [ "h2", "http/1.1" ]; } );
acl = { deny = [ "127.0.0.77" ]; };
services = {
  users = { endpoints = (
    { address = "127.0.0.1:%(port)d"; weight = 3; },
    { address = "127.0.0.1:1"; state = "drain"; } ); };
  asked = { endpoints = ( { address = "127.0.0.1:%(port)d"; } ); };
  drained = { endpoints = (
    { address = "127.0.0.1:1"; state = "drain"; } ); };
};
rate_limits = { per_ip = { key = "address"; rate = "60/hour"; burst = 3; }; };
authenticators = {
  t = { type = "jwt"; algorithms = [ "HS256" ];
        keys = ( { id = "k"; secret = "%(secret)s"; } ); };
  other = { type = "introspection"; service = "asked"; path = "/who"; };
  known = { type = "basic"; htpasswd = "%(users)s"; };
};
roles = { admin = [ "x:*" ]; };
routes = (
  { name = "user"; hosts = [ "api.example" ]; path = "/api/users/:id";
    service = "users"; rewrite = "/users/{id}";
    authenticate = "t";
    authorize = { any_role = [ "admin" ]; };
    rate_limits = [ "per_ip" ]; },
  { name = "plain"; path = "/plain/*rest"; service = "users"; },
  { name = "limited"; path = "/limited"; service = "users";
    rate_limits = "per_ip"; },
  { name = "asks"; path = "/asks"; service = "users"; authenticate = "other"; },
  { name = "knows"; path = "/knows"; service = "users";
    authenticate = "known"; },
  { name = "drained"; path = "/drained"; service = "drained"; },
  { name = "pong"; path = "/ping"; respond = { body = "pong"; }; } );
'''
USER = 'http://api.example/api/users/7'
# Figures of processes, and of those who look at them.
OF_TIME = re.compile(r'process_|_seconds|loop_|uptime|memory|cpu|recorder')


@pytest.fixture(scope='module')
def g(shared_house):
    """A gateway that tests leave as it is; g.origin is behind it."""
    origin = shared_house.origin(echo)
    users = shared_house.folder() / 'users'
    users.write_text('joe:' + hashed('secret') + '\n')
    gateway = shared_house.gateway('', start=False)
    gateway.body = CONF % {'listen': gateway.port, 'port': origin.port,
                           'secret': SECRET, 'users': users}
    gateway.write(gateway.body)
    gateway.origin = origin
    return gateway.start()


def bearer(**claims):
    claims = {'exp': int(time.time()) + 900, 'sub': 'joe', **claims}
    return 'Authorization: Bearer ' + jwt.encode(
        claims, SECRET, 'HS256', headers={'kid': 'k'})


def live(g, *args):
    return json.loads(g.ctl('-j', 'explain', *args).stdout)


def offline(g, *args):
    return json.loads(g.run('--json', '--explain', *args).stdout)


def names(told):
    return [s['step'] for s in told['steps']]


def step(told, name):
    return next(s for s in told['steps'] if s['step'] == name)


def details(told, name, key):
    return [d['value'] for d in step(told, name)['details'] if d['key'] == key]


def line_of(g, text):
    lines = g.conf.read_text().splitlines()
    return next(i for i, l in enumerate(lines, 1) if text in l)


@pytest.fixture(params=[live, offline], ids=['live', 'offline'])
def explain(request, g):
    return lambda *args: request.param(g, *args)


# --- what is said

def test_the_way_to_an_endpoint(g, explain):
    told = explain('GET', USER, '-H', bearer(roles=['admin']))
    assert names(told) == ['route', 'limit', 'authenticate', 'authorize',
                           'forwarded', 'identity', 'upgrade', 'transform',
                           'forward']
    assert told['route'] == 'user'
    assert details(told, 'route', 'capture') == ['{1} = 7']
    assert details(told, 'limit', 'limit')[0].startswith('per_ip: 2 of 3 left')
    assert details(told, 'authenticate', 'user') == ['joe']
    out = told['outcome']
    assert (out['kind'], out['service']) == ('forward', 'users')
    ways = {e['endpoint']: e for e in out['endpoints']}
    assert ways[f'127.0.0.1:{g.origin.port}']['chosen']
    assert ways[f'127.0.0.1:{g.origin.port}']['weight'] == 3
    assert ways['127.0.0.1:1']['not'] == 'draining'
    assert out['upstream']['target'] == '/users/7'
    fields = dict(out['upstream']['fields'])
    assert fields['X-User-ID'] == 'joe'
    assert fields['Authorization'] == '(hidden)'


def test_the_lines_that_it_comes_from(g, explain):
    told = explain('GET', USER, '-H', bearer(roles=['admin']))
    said = {s['step']: (s['file'], s['line'])
            for s in told['steps'] if 'line' in s}
    conf = str(g.conf)
    assert said['route'] == (conf, line_of(g, 'name = "user"'))
    assert said['authenticate'] == (conf, line_of(g, 'authenticate = "t"'))
    assert said['authorize'] == (conf, line_of(g, 'authorize ='))
    assert said['limit'] == (conf, line_of(g, 'rate_limits = [ "per_ip" ]'))
    limit = step(told, 'limit')['details'][0]
    assert (limit['file'], limit['line']) == (conf, line_of(g, 'per_ip = {'))


@pytest.mark.parametrize('args, status, why', [
    (('GET', '/nowhere'), 404, 'no_route'),
    (('GET', USER), 401, 'no_credentials'),
    (('GET', USER, '-H', bearer(roles=['viewer'])), 403, 'role_missing'),
    (('GET', USER, '-H', bearer(exp=1)), 401, 'token_expired'),
    (('GET', '/a\\b'), 400, 'bad_path'),
    (('GET', '/plain/x', '-H', 'Host: a b'), 400, 'bad_request'),
    (('TRACE', '/plain/x'), 405, 'trace_refused'),
    (('GET', '/ping'), 200, 'respond'),
    (('GET', '/knows', '-H', 'Authorization: Basic am9lOndyb25n'), 401,
     'password_wrong'),
])
def test_refusals(explain, args, status, why):
    out = explain(*args)['outcome']
    assert (out['kind'], out['status'], out['why']) == ('answer', status, why)


def test_a_password_is_checked(explain):
    told = explain('GET', '/knows', '-H', 'Authorization: Basic am9lOnNlY3JldA==')
    assert told['outcome']['kind'] == 'forward'
    assert step(told, 'authenticate')['waited']


def test_a_connection_that_is_closed(explain):
    out = explain('GET', '/ping', '--address', '127.0.0.77')['outcome']
    assert (out['kind'], out['why']) == ('closed', 'acl_closed')


def test_who_would_have_to_be_asked(g, explain):
    before = len(g.origin.requests)
    told = explain('GET', '/asks', '-H', 'Authorization: Bearer abc')
    assert told['outcome']['kind'] == 'unknown'
    assert 'would ask service asked' in told['outcome']['reason']
    assert step(told, 'authenticate')['verdict'] == 'unknown'
    told = explain('GET', '/asks', '--claims', '{"sub": "ann"}')
    assert told['outcome']['kind'] == 'forward'
    assert len(g.origin.requests) == before


def test_why_there_is_no_endpoint(g, explain):
    told = explain('GET', '/drained')
    out = told['outcome']
    assert (out['status'], out['why']) == (503, 'no_endpoint')
    assert details(told, 'forward', 'endpoint') == ['127.0.0.1:1: draining']


def test_what_a_configuration_alone_does_not_know(house):
    g = house.gateway(
        'services = { named = { endpoints = ( '
        '{ address = "localhost:80"; } ); }; };\n'
        'authenticators = { far = { type = "jwt"; algorithms = [ "ES256" ]; '
        'jwks = { url = "http://127.0.0.1:1/keys"; }; }; };\n'
        'routes = ( { path = "/named"; service = "named"; }, { path = "/far"; '
        'respond = { body = "x"; }; authenticate = "far"; } );', start=False)
    out = offline(g, 'GET', '/named')['outcome']
    assert out['kind'] == 'unknown' and 'not resolved' in out['reason']
    out = offline(g, 'GET', '/far', '-H',
                  'Authorization: Bearer ' + Issuer().sign())['outcome']
    assert out['kind'] == 'unknown' and 'key set' in out['reason']


def test_by_tls_and_without(house):
    shop = Shop(house.folder())
    g = house.gateway(
        'listeners = ( ' + shop.listener() + ', { address = "127.0.0.1:'
        f'{shop.plain}"; redirect_https = true; }} );\n'
        'routes = ( { path = "/"; respond = { body = "x"; }; } );',
        start=False)
    out = offline(g, 'GET', 'http://site.example/a')['outcome']
    assert (out['status'], out['why']) == (308, 'https_redirect')
    assert dict(out['fields'])['Location'] == 'https://site.example/a'
    for args in (['https://site.example/'], ['/', '--tls']):
        out = offline(g, 'GET', *args)['outcome']
        assert (out['status'], out['why']) == (200, 'respond')


def test_for_people(g):
    text = g.ctl('explain', 'GET', USER).stdout
    assert 'answer 401 no_credentials' in text
    assert f'({g.conf}:{line_of(g, "authenticate =")})' in text


@pytest.mark.parametrize('args', [
    ('GET',), ('GET', '/', 'more'), ('GET', '/', '-H', 'no colon'),
    ('GET', '/', '--body-size', 'many')])
def test_misuse(g, args):
    assert g.run('--explain', *args).returncode == 2


def test_lines_that_are_none(g):
    done = subprocess.run(
        [BINARY, '-c', g.conf, '--explain', '-'], text=True,
        capture_output=True, timeout=60,
        input='{"method": "GET"}\nx\n{"method": "GET", "url": "/ping", '
              '"id": "7"}\n{"method": "GET", "url": "/", "headers": 3}\n')
    first, second, third, fourth = map(json.loads, done.stdout.splitlines())
    assert first == {'line': 1, 'error': 'method and url are needed'}
    assert second == {'line': 2, 'error': 'it is no JSON object'}
    assert (third['id'], third['outcome']['status']) == ('7', 200)
    assert fourth['error'] == 'headers are a list'


def test_a_bad_configuration(g, tmp_path):
    bad = tmp_path / 'bad.conf'
    bad.write_text('routes = 3;\n')
    done = subprocess.run([BINARY, '-c', bad, '--explain', 'GET', '/'],
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert f'{bad}:1: ' in done.stderr


# --- the secrets

def descriptors(g, path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(g.socket))
        s.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n'
                  'Connection: close\r\n\r\n'.encode())
        fds = array.array('i')
        while True:
            data, extra, _, _ = s.recvmsg(65536, socket.CMSG_LEN(64))
            for _, _, payload in extra:
                fds.frombytes(payload)
            if not data:
                return list(fds)


def test_without_the_secrets(g):
    fds = descriptors(g, '/v1/region')
    def ask(*args):
        done = subprocess.run(
            [BINARY, f'--region={fds[0]},{fds[1]}', '--json', '--explain',
             *args], pass_fds=fds[:2], text=True, capture_output=True,
            timeout=60)
        return json.loads(done.stdout)['outcome']
    try:
        out = ask('GET', USER, '-H', bearer(roles=['admin']))
        assert out['kind'] == 'unknown'
        assert 'secrets cannot be read' in out['reason']
        assert ask('GET', USER)['why'] == 'no_credentials'
        assert ask('GET', '/plain/x')['kind'] == 'forward'
    finally:
        for fd in fds:
            os.close(fd)


# --- nothing happens

def figures(g):
    return {k: v for k, v in g.metrics().items() if not OF_TIME.search(k[0])}


def test_no_side_effects(g):
    def all_of_it():
        return (figures(g), g.ctl_json('limits', 'per_ip'), g.ctl_json('bans'),
                g.ctl_json('breakers'))
    before, asked = all_of_it(), len(g.origin.requests)
    lines = [{'method': 'GET', 'url': u, 'address': f'127.0.0.{i}'}
             for i in range(1, 30) for u in ('/limited', '/plain/x', '/no')]
    done = subprocess.run(
        [BINARY.parent / 'penstockctl', '-s', g.socket, 'explain', '-'],
        text=True, capture_output=True, timeout=60,
        input='\n'.join(map(json.dumps, lines * 2)) + '\n')
    told = [json.loads(l)['outcome'] for l in done.stdout.splitlines()]
    assert [t['kind'] for t in told] == ['forward', 'forward', 'answer'] * 58
    for _ in range(5):  # more than there may be
        assert live(g, 'GET', '/limited')['outcome']['kind'] == 'forward'
    assert all_of_it() == before
    assert len(g.origin.requests) == asked


def test_what_it_says_is_what_happens(house):
    world = World(random.Random(1), house)
    for number in range(400):
        if number % 100 == 99:
            world.again()
        world.compare(world.request())
    world.close()


# --- debug tokens

def token_of(g, *args):
    return g.ctl('debug-token', *args).stdout.strip()


def trace_of(answer):
    """[(step, {parameter: value})]"""
    found = []
    for element in answer.get('Penstock-Trace').split(', '):
        name, *parameters = element.split(';')
        found.append((name, dict(
            p.split('=', 1) if '=' in p else (p, True) for p in parameters)))
    return found


def test_a_token_shows_the_steps(g):
    token = token_of(g)
    r = get(g.port, '/plain/a', headers=[('Penstock-Debug', token),
                                         ('penstock_debug', token)])
    steps = trace_of(r)
    assert steps[0] == ('route', {'name': '"plain"', 'service': '"users"',
                                  'generation': str(g.generation)})
    assert steps[1][0] == 'forwarded' and int(steps[1][1]['us']) >= 0
    assert ('answer', '200') == (steps[-1][0], steps[-1][1]['status'])
    call = dict(steps)['call']
    assert call['to'] == f'"127.0.0.1:{g.origin.port}"'
    assert call['status'] == '200'
    assert int(dict(steps)['forward']['us']) <= int(steps[-1][1]['us'])
    assert 'penstock' not in json.dumps(g.origin.last.headers).lower() \
        .replace('1.1 penstock', '')


def test_a_token_through_http2(g):
    with Client(g.port) as c:
        r = c.ask('/plain/b', headers=[('penstock-debug', token_of(g))])
        fields = dict(r.headers)
    assert r.status == 200
    assert fields['penstock-trace'].startswith('route;name="plain"')
    assert not field(g.origin.last, 'penstock-debug')


def test_a_token_and_the_gateways_own_answers(g):
    debug = ('Penstock-Debug', token_of(g, '--for', '1h'))
    steps = dict(trace_of(get(g.port, '/nowhere', headers=[debug])))
    assert steps == {'answer': {'status': '404', 'why': 'no_route',
                                'us': steps['answer']['us']}}
    steps = dict(trace_of(get(g.port, '/api/users/1', host='api.example',
                              headers=[debug])))
    assert steps['authenticate']['done'] is True
    assert steps['answer']['why'] == 'no_credentials'
    steps = dict(trace_of(get(
        g.port, '/knows',
        headers=[debug, ('Authorization', 'Basic am9lOnNlY3JldA==')])))
    assert steps['authenticate']['wait'] is True


@pytest.mark.parametrize('spoil', [
    lambda t: t[:-1], lambda t: t + 'A', lambda t: 'x', lambda t: '',
    lambda t: t.replace('.', '.9', 1), lambda t: '2' + t[1:]])
def test_a_forged_token_is_nothing(g, spoil):
    before = g.metric('debug_tokens_total', verdict='bad')
    r = get(g.port, '/plain/c',
            headers=[('Penstock-Debug', spoil(token_of(g)))])
    assert r.status == 200 and r.get('Penstock-Trace') is None
    assert not field(g.origin.last, 'penstock-debug')
    assert g.metric('debug_tokens_total', verdict='bad') == before + 1


def test_tokens_survive(g):
    """Reloads, and the deaths of workers and masters."""
    g.allow.append('was killed by signal 9')
    debug = ('Penstock-Debug', token_of(g))
    g.reload(g.body + 'environment = "another";\n')
    for title in ('worker', 'master'):
        pid = g.worker_pids[0] if title == 'worker' else g.master_pid
        os.kill(pid, signal.SIGKILL)
        g.wait_successor(title, pid)
    wait_until(lambda: g.admin_status('/readyz') == 200)
    assert trace_of(get(g.port, '/ping', headers=[debug]))


@pytest.mark.parametrize('lasts', ['8d', '0s', 'long'])
def test_tokens_that_are_not_made(g, lasts):
    done = g.ctl('debug-token', '--for', lasts, check=False)
    assert done.returncode == 1 and 'for' in done.stderr


def test_another_client(g):
    """What From connects from is what an explanation is asked about."""
    with From(g.port, '127.0.0.5') as w:
        seen = w.ask('/plain/d')
    said = dict(live(g, 'GET', '/plain/d', '--address', '127.0.0.5')
                ['outcome']['upstream']['fields'])
    assert dict(json.loads(seen.body)['headers'])['X-Forwarded-For'] == \
        said['X-Forwarded-For'] == '127.0.0.5'

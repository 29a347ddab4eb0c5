"""penstockctl recorder: what is written down of each kind of end, and that it
can be read whoever is dead, or hangs."""
import json
import os
import signal
import socket
import struct
import subprocess

import pytest

from gateway import CTL, free_port, freeze, wait_until
from h2wire import Client
from wire import Wire, get

ROUTES = '''
services = {
  up = { endpoints = ( { address = "127.0.0.1:%(up)d"; } ); };
  twice = { endpoints = ( { address = "127.0.0.1:%(dead)d"; },
                          { address = "127.0.0.1:%(up)d"; backup = true; } );
            retry = { base_delay = "0"; }; };
  dead = { endpoints = ( { address = "127.0.0.1:%(dead)d"; } );
           retry = { attempts = 2; base_delay = "0"; };
           breaker = { failures = 0; }; fallback = { service = "up"; }; };
  gone = { endpoints = ( { address = "127.0.0.1:%(dead)d"; } );
           retry = { attempts = 1; }; breaker = { failures = 0; }; };
};
rate_limits = { few = { key = "route"; rate = "2/hour"; burst = 2; }; };
routes = (
  { path = "/up/*rest"; service = "up"; priority = "priority"; },
  { path = "/twice"; service = "twice"; methods = [ "GET" ]; },
  { path = "/dead"; service = "dead"; }, { path = "/gone"; service = "gone"; },
  { path = "/few"; service = "up"; rate_limits = [ "few" ]; },
  { path = "/pong"; respond = { body = "pong"; }; } );
trusted_proxies = [ "127.0.0.2" ];
timeouts = { head = "3s"; };
'''


def records(g, *args):
    return g.ctl_json('recorder', '--count=1000', *args)['records']


def record(g, path, count=1):
    """The last of so many records of a path."""
    def look():
        found = [r for r in records(g) if r.get('path') == path]
        return found[-1] if len(found) >= count else None
    return wait_until(look, 5, f'{count} records of {path}')


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    dead = free_port()
    top = (f'listeners = ( {{ address = "127.0.0.1:{free_port()}"; '
           'protocols = [ "h2", "http/1.1" ]; } );')
    g = shared_house.gateway(ROUTES % {'up': origin.port, 'dead': dead},
                             top=top, workers=2)
    g.port = int(top.split(':')[1].split('"')[0])
    return g, origin, dead


def test_what_a_request_is_made_of(pair):
    g, origin, _ = pair
    answer = get(g.port, '/up/a?secret=1', method='POST', body=b'12345',
                 headers=[('X-Forwarded-For', '1.2.3.4')])
    r = record(g, '/up/a')
    assert r['kind'] == 'request' and r['request_id'] == \
        answer.get('x-request-id')
    assert (r['method'], r['protocol'], r['status'], r['why']) == \
        ('POST', 'HTTP/1.1', 200, 'ok')
    assert (r['route'], r['service'], r['class']) == \
        ('/up/*rest', 'up', 'priority')
    assert r['client'] == '127.0.0.1' and r['flags'] == []
    assert r['bytes_in'] == 5 and r['bytes_out'] == len(answer.body)
    assert r['duration_us'] >= r['head_us'] >= r['upstream_us'] > 0
    assert r['answered_by'] == 'forward' and 'transform' in r['filters']
    assert r['attempts'] == 1 and r['generation'] == 1
    call, = r['calls']
    assert call['endpoint'] == f'127.0.0.1:{origin.port}'
    assert call['status'] == 200 and 'heard' in call['flags']
    assert call['total_us'] >= call['head_us'] > 0
    assert 'secret' not in json.dumps(r)


def test_what_masks_hide(pair):
    g, _, _ = pair
    shown = '/up/j***@example.com/************1111;sid=***'
    get(g.port, '/up/joe@example.com/4111111111111111;sid=1')
    assert record(g, shown)['path'] == shown
    assert 'joe@example' not in g.ctl('recorder', '--count=1000').stdout


def test_a_connection_that_was_there(pair):
    g, _, _ = pair
    with Wire(g.port) as wire:
        for _ in range(3):
            wire.ask('/up/again')
    calls = record(g, '/up/again', 3)['calls']
    assert calls[0]['flags'] == ['reused', 'heard']
    assert calls[0]['connect_us'] == 0


def test_a_trusted_proxy(pair):
    g, _, _ = pair
    with socket.socket() as s:
        s.bind(('127.0.0.2', 0))
        s.connect(('127.0.0.1', g.port))
        s.sendall(b'GET /pong?x HTTP/1.0\r\nX-Forwarded-For: 192.0.2.9\r\n'
                  b'X-Request-ID: mine\r\n\r\n')
        while s.recv(4096):
            pass
    r = wait_until(lambda: [r for r in records(g)
                            if r.get('request_id') == 'mine'], 5, 'it')[0]
    assert r['client'] == '192.0.2.9' and r['peer'].startswith('127.0.0.2:')
    assert r['flags'] == ['trusted'] and r['protocol'] == 'HTTP/1.0'
    assert (r['why'], r['answered_by'], r['calls']) == \
        ('respond', 'respond', [])


def test_attempts(pair):
    g, origin, dead = pair
    assert get(g.port, '/twice').status == 200
    r = record(g, '/twice')
    assert r['attempts'] == 2 and r['status'] == 200
    first, second = r['calls']
    assert (first['endpoint'], first['why'], first['status']) == \
        (f'127.0.0.1:{dead}', 'connect_failed', 0)
    assert (second['endpoint'], second['why'], second['status']) == \
        (f'127.0.0.1:{origin.port}', 'ok', 200)
    assert second['at_us'] >= first['at_us'] + first['total_us']


def test_a_fallback(pair):
    g, origin, dead = pair
    assert get(g.port, '/dead').status == 200
    r = record(g, '/dead')
    assert r['flags'] == ['fallback'] and r['service'] == 'up'
    assert [(c['endpoint'], c.get('service')) for c in r['calls']] == \
        [(f'127.0.0.1:{dead}', 'dead')] * 2 + \
        [(f'127.0.0.1:{origin.port}', None)]


def test_no_answer_of_an_endpoint(pair):
    g, _, _ = pair
    assert get(g.port, '/gone').status == 502
    r = record(g, '/gone')
    assert (r['status'], r['why']) == (502, 'connect_failed')
    assert r['calls'][0]['status'] == 0


def test_limits(pair):
    g, _, _ = pair
    for n, left in ((1, 1), (2, 0)):
        assert get(g.port, '/few').status == 200
        r = record(g, '/few', n)
        assert (r['limit'], r['limit_left']) == ('few', left)
    assert get(g.port, '/few').status == 429
    r = record(g, '/few', 3)
    assert (r['why'], r['answered_by'], r['limit']) == \
        ('rate_limited', 'limit', 'few')


def test_no_route(pair):
    g, _, _ = pair
    get(g.port, '/none')
    r = record(g, '/none')
    assert (r['status'], r['why'], r['filters']) == (404, 'no_route', [])
    assert 'route' not in r and 'answered_by' not in r
    get(g.port, '/twice', method='DELETE')
    r = wait_until(lambda: [r for r in records(g)
                            if r.get('method') == 'DELETE'], 5, 'it')[0]
    assert (r['status'], r['why']) == (405, 'method_not_allowed')


def test_http_2(pair):
    g, _, _ = pair
    with Client(g.port) as c:
        assert c.ask('/up/h2').status == 200
    r = record(g, '/up/h2')
    assert (r['protocol'], r['status'], r['why']) == ('HTTP/2.0', 200, 'ok')


def leave(wire):
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack('ii', 1, 0))
    wire.close()


def test_a_client_that_leaves(pair):
    g, origin, _ = pair
    origin.handlers['/up/slow'] = lambda conn, _: conn.more()
    wire = Wire(g.port)
    wire.send('GET /up/slow HTTP/1.1\r\nHost: t\r\n\r\n')
    wait_until(lambda: any(r.target == '/up/slow' for r in origin.requests),
               5, 'the request')
    leave(wire)
    r = record(g, '/up/slow')
    assert (r['status'], r['why']) == (0, 'client_closed')
    assert 'cut' in r['flags'] and r['head_us'] == 0
    assert r['upstream_us'] > 0
    assert r['calls'][0]['why'] == 'client_closed'


def test_an_answer_that_is_cut(pair):
    g, origin, _ = pair

    def cut(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
        conn.end()
    origin.handlers['/up/cut'] = cut
    with Wire(g.port) as wire:
        wire.send('GET /up/cut HTTP/1.1\r\nHost: t\r\n\r\n')
        while wire.sock.recv(4096):
            pass
    r = record(g, '/up/cut')
    assert r['status'] == 200 and r['flags'] == ['cut']
    assert r['why'] == r['calls'][0]['why'] != 'ok'
    assert r['bytes_out'] == 5


@pytest.mark.parametrize('raw, status, why, method, path', [
    (b'GET /b\x01d HTTP/1.1\r\n\r\n', 400, 'bad_request', 'GET', '/b'),
    (b'PUT /fold?x=y HTTP/1.1\r\nHost: t\r\n a\r\n\r\n', 400, 'bad_request',
     'PUT', '/fold'),
    (b'GET /' + b'l' * 9000 + b' HTTP/1.1\r\n\r\n', 414, 'uri_too_long',
     'GET', '/' + 'l' * 2047),
    (b'GET /large HTTP/1.1\r\nHost: t\r\nA: ' + b'x' * 20000, 431,
     'head_too_large', 'GET', '/large'),
    (b'GET /late HTTP/1.1\r\nHos', 408, 'head_timeout', 'GET', '/late'),
    (b'\r', 408, 'head_timeout', None, None),
    (b'GET http://joe:secret@t/abs HTTP/1.1\r\nHost: t\r\n a\r\n\r\n', 400,
     'bad_request', 'GET', '/abs'),
    (b'GET ftp://joe:secret@t/ftp HTTP/1.1\r\nHost: t\r\n\r\n', 400,
     'bad_request', 'GET', '/ftp'),
])
def test_heads_that_are_none(pair, raw, status, why, method, path):
    g, _, _ = pair
    with Wire(g.port) as wire:
        wire.send(raw)
        answer = wire.response()
    assert answer.status == status
    r = wait_until(lambda: [r for r in records(g) if r.get('request_id') ==
                            answer.get('x-request-id')], 5, 'it')[0]
    assert r['kind'] == 'connection'
    assert (r['status'], r['why']) == (status, why)
    assert (r.get('method'), r.get('path')) == (method, path)
    assert r['protocol'] == 'HTTP/1.1' and 'secret' not in json.dumps(r)


def test_a_head_that_is_cut_off(pair):
    g, _, _ = pair
    with Wire(g.port) as wire:
        wire.send(b'GET /cut-off HTTP/1.1\r\nHos')
        wire.sock.shutdown(socket.SHUT_WR)
        assert not wire.sock.recv(1)
    r = record(g, '/cut-off')
    assert (r['kind'], r['status'], r['why'], r['method']) == \
        ('connection', 0, 'client_closed', 'GET')


def test_the_table(pair):
    g, _, dead = pair
    for _ in range(3):
        get(g.port, '/gone')
    with Wire(g.port) as wire:
        wire.send(b'GET /\x1b[31mred HTTP/1.1\r\n\r\n')
        wire.response()
    record(g, '/')
    text = g.ctl('recorder').stdout
    assert text.splitlines()[0].split() == [
        'AT', 'WORKER', 'CLIENT', 'METHOD', 'TARGET', 'STATUS', 'WHY', 'MS',
        'ROUTE', 'CALLS']
    assert f'127.0.0.1:{dead} connect_failed' in text and '\x1b' not in text
    assert len(g.ctl('recorder', '--count=3').stdout.splitlines()) == 4
    for worker in range(2):
        of = wait_until(lambda who=f'--worker={worker}':
                        get(g.port, '/gone') and records(g, who), 20,
                        'requests of each worker')
        assert {r['worker'] for r in of} == {worker}
        numbers = [r['number'] for r in of]
        assert numbers == list(range(1, len(of) + 1))


@pytest.mark.parametrize('args', [
    ['--count=0'], ['--count=x'], ['--count=-1'], ['--worker=64'], ['more']])
def test_misuse(pair, args):
    done = pair[0].ctl('recorder', *args, check=False)
    assert done.returncode == 2 and done.stderr


def test_nobody_may_write_what_it_gives(pair):
    g, _, _ = pair
    for path, names in (('/v1/region', ['state', 'images', 'records',
                                        'readers']),
                        ('/v1/secrets', ['secrets'])):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(g.socket))
            s.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
            data, fds, _, _ = socket.recv_fds(s, 65536, 8)
            while b'descriptors' not in data:
                data += s.recv(65536)
        assert data.startswith(b'HTTP/1.1 200')
        body = json.loads(data.partition(b'\r\n\r\n')[2])
        assert body == {'descriptors': names} and len(fds) == len(names)
        for fd, name in zip(fds, names):
            assert name in os.readlink(f'/proc/self/fd/{fd}')
            with pytest.raises(OSError):
                os.pwrite(fd, b'x', 0)
            os.close(fd)


def test_it_outlives_workers(gateway):
    g = gateway('routes = ( { path = "/"; respond = { body = "1"; }; } );',
                allow=['was killed by signal 9'])
    for n in range(1, 4):
        get(g.port, '/')
        wait_until(lambda n=n: len(records(g)) == n, 5, 'its record')
        old = g.worker_pids[0]
        os.kill(old, signal.SIGKILL)
        g.wait_successor('worker', old)
        g.wait_ready()
    get(g.port, '/')
    wait_until(lambda: [r['number'] for r in records(g)] == [1, 2, 3, 4], 5,
               'the last record')
    freeze(g.worker_pids[0])
    assert len(records(g)) == 4
    os.kill(g.worker_pids[0], signal.SIGCONT)


def test_without_a_recorder(gateway):
    g = gateway('recorder = { ring = "0"; };\n'
                'routes = ( { path = "/"; respond = { body = "1"; }; } );')
    assert get(g.port, '/').status == 200
    done = g.ctl('recorder', check=False)
    assert done.returncode == 1 and 'recorder.ring' in done.stderr


def test_without_a_gateway(tmp_path):
    done = subprocess.run([CTL, '-s', tmp_path / 'none.sock', 'recorder'],
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 1 and 'none.sock' in done.stderr

"""TLS towards endpoints: whom the gateway believes, what it shows of itself,
sessions that are resumed, and reloads. HTTP/1.1 and HTTP/2 behind it."""
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import pki
from conf import NO_BREAKER, service
from gateway import free_port, wait_until
from h2origin import H2Origin
from origin import Origin
from wire import Cut, Wire, get

ONE = 'retry = { attempts = 1; }; '
RANDOM = 'balance = "random"; '
MEGA = 1 << 20
ROUTE = 'routes = ( { path = "/*rest"; service = "s"; } );\n'


class TlsOrigin(Origin):
    """HTTP/1.1 over TLS; keeps what handshakes said."""

    def __init__(self, *args, tls=None, **kw):
        self.tls = tls
        self.failed, self.resumed, self.names, self.certs = [], [], [], []
        tls.sni_callback = lambda _s, name, _c: self.names.append(name)
        super().__init__(*args, **kw)

    def serve(self, conn):
        try:
            conn.sock = self.tls.wrap_socket(conn.sock, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.failed.append(error)
            conn.sock.close()
            with self.lock:
                self.live.remove(conn)
            return
        self.resumed.append(conn.sock.session_reused)
        self.certs.append(conn.sock.getpeercert())
        super().serve(conn)


def context(leaf, folder, name='origin', alpn='http/1.1', ask=None,
            version=None):
    cert, key = leaf.write(folder, name)
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(cert, key)
    if alpn:
        c.set_alpn_protocols([alpn])
    if ask:
        c.load_verify_locations(ask)
        c.verify_mode = ssl.CERT_REQUIRED
    if version:
        c.maximum_version = version
    return c


class Place:
    """An authority, a folder for what is read, and origins."""

    def __init__(self, house):
        self.house = house
        self.folder = house.folder()
        self.ca = pki.Authority('Origin CA')
        self.ca_file = self.ca.write(self.folder / 'ca.pem')

    def origin(self, leaf=None, handler=None, h2=False, **kw):
        leaf = leaf or self.ca.issue('origin.test', ['IP:127.0.0.1',
                                                     'origin.test'])
        tls = context(leaf, self.folder, f'o{free_port()}',
                      'h2' if h2 else 'http/1.1', **kw)
        args = [handler] if handler else []
        o = (H2Origin if h2 else TlsOrigin)(*args, tls=tls)
        self.house.origins.append(o)
        return o

    def conf(self, *ports, tls='', extra='', h2=False):
        believed = '' if 'verify' in tls else f'ca = "{self.ca_file}"; '
        return service(*ports, extra=('protocol = "h2"; ' if h2 else '') +
                       f'tls = {{ {believed}{tls} }}; {extra}') + ROUTE


@pytest.fixture
def place(house):
    return Place(house)


def reason(r):
    return json.loads(r.body)['error']


def tls_failed(r):
    assert r.status == 502, r
    return reason(r) == 'upstream_tls_failed'


both = pytest.mark.parametrize('h2', [False, True], ids=['h1', 'h2'])


# --- messages

@both
def test_requests_over_tls(gateway, place, h2):
    o = place.origin(h2=h2)
    g = gateway(place.conf(o.port, h2=h2), workers=1)
    for n in range(5):
        r = get(g.port, f'/{n}', 'POST', body=b'abc' * n)
        assert r.status == 200 and json.loads(r.body)['body'] == 'abc' * n
    assert o.connections == 1
    assert g.metric('upstream_tls_handshakes_total') == 1
    assert g.metric('upstream_tls_failures_total') == 0
    assert g.metric('upstream_reuses_total') == 4
    if h2:
        assert o.last.get(':scheme') == 'https'


@both
def test_large_bodies(gateway, place, h2):
    def back(*x):
        if h2:
            x[0].reply(200, x[0].body())
        else:
            x[0].reply(200, x[1].body)
    o = place.origin(handler=back, h2=h2)
    g = gateway(place.conf(o.port, h2=h2))
    body = os.urandom(3 * MEGA)
    for _ in range(3):
        assert get(g.port, '/', 'POST', body=body).body == body


def test_many_streams_on_a_connection(gateway, place):
    gate = threading.Event()

    def handler(x):
        gate.wait(120)
        x.reply(200, x.path)
    o = place.origin(handler=handler, h2=True)
    g = gateway(place.conf(o.port, h2=True), workers=1)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(g.port)) for _ in range(40)]
        for n, w in enumerate(wires):
            w.send(f'GET /{n} HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: len(o.requests) == 40, 10, 'all')
        gate.set()
        for n, w in enumerate(wires):
            assert w.response().body == f'/{n}'.encode()
    assert o.connections == 1 and o.most == 40


# --- whom it believes

@both
@pytest.mark.parametrize('what', ['unknown', 'name', 'expired', 'early',
                                  'client'])
def test_certificates_that_do_not_hold(gateway, place, what, h2):
    names = ['IP:127.0.0.1']
    leaf = {
        'unknown': lambda: pki.Authority('Other').issue('x', names),
        'name': lambda: place.ca.issue('x', ['IP:127.0.0.2', 'x.test']),
        'expired': lambda: place.ca.issue('x', names, days=-1, start=-9),
        'early': lambda: place.ca.issue('x', names, start=1),
        'client': lambda: place.ca.issue('x', names, client=True),
    }[what]()
    o = place.origin(leaf, h2=h2)
    g = gateway(place.conf(o.port, h2=h2, extra=ONE))
    assert tls_failed(get(g.port))
    assert not o.requests
    g.wait_log(r'service s: TLS with endpoint 127\.0\.0\.1:\d+ failed: ')
    assert g.metric('upstream_tls_failures_total') == 1
    g.reload(place.conf(o.port, h2=h2, tls='verify = false;'))
    assert get(g.port).status == 200


def test_failures_are_logged_once_a_second(gateway, place):
    o = place.origin(pki.Authority('Other').issue('x', ['IP:127.0.0.1']))
    g = gateway(place.conf(o.port, extra=ONE + NO_BREAKER), workers=1)
    began = time.monotonic()
    for _ in range(20):
        assert tls_failed(get(g.port))
    seconds = int(time.monotonic() - began)
    assert g.log_text().count('TLS with endpoint') <= 2 + seconds


def test_another_endpoint_may_do(gateway, place):
    bad = place.origin(pki.Authority('Other').issue('x', ['IP:127.0.0.1']))
    good = place.origin()
    g = gateway(place.conf(bad.port, good.port))
    assert [get(g.port, '/', 'POST', body=b'x').status
            for _ in range(10)] == [200] * 10
    assert len(good.requests) == 10 and not bad.requests


def test_it_counts_against_the_endpoint(gateway, place):
    bad = place.origin(pki.Authority('Other').issue('x', ['IP:127.0.0.1']))
    good = place.origin()
    g = gateway(place.conf(
        bad.port, good.port,
        extra='passive = { failures = 2; time = "60s"; }; '
              'balance = "round_robin"; '), workers=1)
    for _ in range(12):
        assert get(g.port).status == 200
    wait_until(lambda: len(bad.failed) == 2, 5, 'what it has seen')
    assert [(c['event'], c['cause'])
            for c in g.ctl_json('health', 's')['history']
            if c['endpoint'] == f'127.0.0.1:{bad.port}'] == [
                ('added', 'configuration'), ('ejected', 'tls')]


def test_names(gateway, place):
    o = place.origin(place.ca.issue('x', ['localhost', 'other.test']))
    body = place.conf(o.port).replace('127.0.0.1:', 'LocalHost:')
    g = gateway(body)
    wait_until(lambda: get(g.port).status == 200, 5, 'an endpoint')
    assert set(o.names) == {'localhost'}
    g.reload(place.conf(o.port, tls='server_name = "other.test";'))
    assert get(g.port).status == 200
    assert o.names[-1] == 'other.test'
    g.reload(place.conf(o.port, tls='server_name = "third.test";',
                        extra=ONE))
    assert tls_failed(get(g.port))
    # An address is not sent as a name.
    g.reload(place.conf(o.port, tls='verify = false;'))
    assert get(g.port).status == 200
    assert o.names[-1] is None


def test_no_tls_there(gateway, place):
    with socket.create_server(('127.0.0.1', 0)) as s:
        def serve():
            conn, _ = s.accept()
            with conn:
                conn.recv(65536)
                conn.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n')
        threading.Thread(target=serve, daemon=True).start()
        g = gateway(place.conf(s.getsockname()[1], extra=ONE))
        assert tls_failed(get(g.port))


def test_one_that_never_ends_its_handshake(gateway, place):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen(16)
        g = gateway(place.conf(s.getsockname()[1], extra=ONE),
                    top='timeouts = { connect = "300ms"; };\n')
        r = get(g.port)
        assert r.status == 504 and reason(r) == 'connect_timeout'


def test_h2_is_not_agreed_to(gateway, place):
    o = place.origin()
    g = gateway(place.conf(o.port, h2=True, extra=ONE))
    r = get(g.port)
    assert r.status == 502
    assert reason(r) in ('upstream_protocol', 'upstream_tls_failed')
    o.tls.set_alpn_protocols([])
    r = get(g.port)
    assert r.status == 502 and reason(r) == 'upstream_protocol'
    wait_until(lambda: (get(g.port), 'ALPN' in g.log_text())[1], 5,
               'a line in the log')


# --- what it shows

@both
def test_mutual_tls(gateway, place, h2):
    own = pki.Authority('Gateway CA')
    asked = own.write(place.folder / 'gateway-ca.pem')
    cert, key = own.issue('gateway', client=True).write(place.folder, 'gw')
    # With 1.3 the client learns too late that it was not believed.
    o = place.origin(h2=h2, ask=asked, version=ssl.TLSVersion.TLSv1_2)
    shown = f'certificate = "{cert}"; key = "{key}";'
    g = gateway(place.conf(o.port, h2=h2, tls=shown, extra=ONE))
    assert get(g.port).status == 200
    g.reload(place.conf(o.port, h2=h2, extra=ONE))
    assert get(g.port).status == 502
    g.reload(place.conf(o.port, h2=h2, tls=shown, extra=ONE))
    assert get(g.port).status == 200
    if not h2:
        assert dict(p[0] for p in o.certs[0]['subject']) == \
            {'commonName': 'gateway'}


# --- sessions

@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(gateway, place, version):
    o = place.origin(version=version)
    g = gateway(place.conf(o.port, extra='pool = { max_idle = 0; }; '),
                workers=1)
    for _ in range(10):
        assert get(g.port).status == 200
    assert o.resumed == [False] + [True] * 9
    assert g.metric('upstream_tls_handshakes_total') == 10
    assert g.metric('upstream_tls_resumed_total') == 9


def test_no_session_outlives_its_policy(gateway, place):
    """What was not verified is not resumed where it has to be."""
    bad = pki.Authority('Other').issue('x', ['IP:127.0.0.1'])
    o = place.origin(bad)
    g = gateway(place.conf(o.port, tls='verify = false;',
                           extra='pool = { max_idle = 0; }; '), workers=1)
    assert [get(g.port).status for _ in range(3)] == [200] * 3
    g.reload(place.conf(o.port, extra=ONE))
    for _ in range(3):
        assert tls_failed(get(g.port))


# --- reloads

@both
def test_another_ca_holds_for_new_connections(gateway, place, h2):
    o = place.origin(h2=h2)
    g = gateway(place.conf(o.port, h2=h2, extra=ONE), workers=1)
    assert get(g.port).status == 200
    g.reload(place.conf(o.port, h2=h2, extra=ONE + RANDOM))
    assert get(g.port).status == 200
    assert o.connections == 1  # nothing has changed
    pki.Authority('New').write(place.ca_file)
    g.reload(place.conf(o.port, h2=h2, extra=ONE))
    assert tls_failed(get(g.port))
    place.ca.write(place.ca_file)
    g.reload(place.conf(o.port, h2=h2, extra=ONE))
    assert get(g.port).status == 200
    # The one that the gateway did not believe in ended early.
    assert o.connections == (2 if h2 else 3)


@both
def test_what_is_under_way_survives_reloads(gateway, place, h2):
    def slow(*x):
        time.sleep(0.01)
        x[0].reply(200, b'ok')
    o = place.origin(handler=slow, h2=h2)
    own = pki.Authority('Gateway CA')
    g = gateway(place.conf(o.port, h2=h2))
    stop, bad, count = threading.Event(), [], [0]

    def load():
        with Wire(g.port) as w:
            while not stop.is_set():
                r = w.ask('/', 'POST', body=b'x')
                count[0] += 1
                if r.status != 200:
                    bad.append(r)
    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    for n in range(8):
        cert, key = own.issue('gateway', client=True).write(
            place.folder, f'gw{n}')
        g.reload(place.conf(o.port, h2=h2, tls=f'certificate = "{cert}"; '
                                               f'key = "{key}";'))
        seen = count[0]
        wait_until(lambda: count[0] > seen + 10, 10, 'more requests')
    stop.set()
    for t in threads:
        t.join(10)
    assert not bad


def test_from_plain_to_tls(gateway, place, upstream):
    plain, secure = upstream(), place.origin()
    g = gateway(service(plain.port) + ROUTE)
    assert get(g.port).status == 200
    g.reload(place.conf(secure.port))
    assert get(g.port).status == 200
    g.reload(service(plain.port) + ROUTE)
    assert get(g.port).status == 200
    assert (len(plain.requests), len(secure.requests)) == (2, 1)


@both
def test_sent_again_after_a_reload(gateway, place, upstream, h2):
    """The endpoints of now, as they are spoken to now."""
    secure, reloaded = place.origin(h2=h2), threading.Event()

    def refuse(conn, _):
        reloaded.wait(60)
        conn.reply(503)
    plain = upstream(refuse)
    again = ('retry = { attempts = 2; base_delay = "1s"; jitter = false; '
             'on = [ "503" ]; }; ')
    g = gateway(service(plain.port, extra=again) + ROUTE)
    with Wire(g.port) as w:
        w.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        wait_until(lambda: plain.requests, 5, 'the first try')
        g.reload(place.conf(secure.port, h2=h2, extra=again))
        reloaded.set()
        assert w.response().status == 200
    assert (len(plain.requests), len(secure.requests)) == (1, 1)


def test_endpoints_and_manner_change_at_once(gateway, place, upstream):
    """With so many services, requests come amid a publication."""
    plain, secure = upstream(), place.origin()

    def many(port, tls):
        one = (f'{{ endpoints = ( {{ address = "127.0.0.1:{port}"; }} ); '
               f'{ONE} {tls} }};')
        return ('services = {' + ''.join(f's{n} = {one}' for n in range(500)) +
                '};\nroutes = ( { path = "/*rest"; service = "s0"; } );\n'
                'timeouts = { connect = "60s"; };\n')
    secured = many(secure.port, f'tls = {{ ca = "{place.ca_file}"; }};')
    g = gateway(many(plain.port, ''))
    stop, bad, count = threading.Event(), [], [0]

    def load():
        with Wire(g.port) as w:
            while not stop.is_set():
                r = w.ask('/')
                count[0] += 1
                if r.status != 200:
                    bad.append(r)
    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    for n in range(10):
        g.reload(many(plain.port, '') if n % 2 else secured)
        seen = count[0]
        wait_until(lambda: count[0] > seen + 10, 10, 'more requests')
    stop.set()
    for t in threads:
        t.join(10)
    assert not bad


# --- ends

def unwrapped(body):
    """An answer that is framed by the end of TLS, said or not."""
    def handler(conn, request):
        conn.send('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n' + body)
        if request.target == '/said':
            conn.sock = conn.sock.unwrap()
        conn.sock.shutdown(socket.SHUT_RDWR)
        conn.open = False
    return handler


def test_an_answer_that_ends_with_the_connection(gateway, place):
    o = place.origin(handler=unwrapped('all of it'))
    g = gateway(place.conf(o.port))
    assert get(g.port, '/said').body == b'all of it'
    with pytest.raises((Cut, ConnectionResetError)):
        get(g.port, '/cut')


def test_closed_while_idle(gateway, place):
    o = place.origin()
    g = gateway(place.conf(o.port, extra=ONE))
    for _ in range(20):
        assert get(g.port, '/', 'POST', body=b'x').status == 200
        o.drop()


def test_tickets_do_not_end_idle_ones(gateway, place):
    """TLS 1.3: the ticket comes with the answer or behind it."""
    o = place.origin(version=ssl.TLSVersion.TLSv1_3)
    g = gateway(place.conf(o.port), workers=1)
    for _ in range(5):
        assert get(g.port, '/', 'POST', body=b'x').status == 200
        time.sleep(0.05)
    assert o.connections == 1


# --- a real server

def test_nghttpd(gateway, place):
    leaf = place.ca.issue('x', ['IP:127.0.0.1'])
    cert, key = leaf.write(place.folder, 'nghttpd')
    data = os.urandom(MEGA)
    (place.folder / 'big').write_bytes(data)
    port = free_port()
    origin = subprocess.Popen(
        ['/usr/sbin/nghttpd', '-d', place.folder, str(port), key, cert],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # It may be asked before it is there.
    g = gateway(place.conf(port, h2=True, extra=NO_BREAKER), workers=1)
    try:
        wait_until(lambda: get(g.port, '/big').status == 200, 10, 'nghttpd')
        for _ in range(5):
            assert get(g.port, '/big').body == data
        origin.send_signal(signal.SIGKILL)
        origin.wait()
        assert get(g.port).status == 502
    finally:
        origin.kill()
        origin.wait()

"""TLS of clients: names and certificates, tickets, reloads, redirects."""
import json
import ssl
import socket
import subprocess
import threading
import time

import pytest

from gateway import Watch, wait_until
from secure import Shop, kill_workers, route
from wire import Wire, get


@pytest.fixture
def shop(house):
    return Shop(house.folder())


def seen(response):
    """The fields that the origin got, in lower case."""
    return {n.lower(): v for n, v in json.loads(response.body)['headers']}


def test_request(shop, gateway, upstream):
    origin = upstream()
    g = gateway(shop.listeners() + route(origin))
    with shop.client() as w:
        for _ in range(2):
            r = w.ask('/x')
            assert r.status == 200
            assert w.sock.version() == 'TLSv1.3'
            fields = seen(r)
            assert fields['x-forwarded-proto'] == 'https'
            assert fields['x-forwarded-port'] == '443'
            assert 'proto=https' in fields['forwarded']
    assert g.metric('tls_handshakes_total') == 1
    assert g.metric('tls_handshake_failures_total') == 0


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_versions(shop, gateway, upstream, version):
    gateway(shop.listeners() + route(upstream()))
    with shop.client(context=shop.context(version=version)) as w:
        assert w.ask('/').status == 200


def test_modern_refuses_old(shop, gateway, upstream):
    g = gateway(shop.listeners(more='profile = "modern";')
                + route(upstream()))
    with pytest.raises(ssl.SSLError):
        shop.client(context=shop.context(version=ssl.TLSVersion.TLSv1_2))
    wait_until(lambda: g.metric('tls_handshake_failures_total') == 1)
    assert g.metric('replies_total', why='tls_failed') == 1
    g.wait_log('TLS handshake failed')


def test_absolute_target(shop, gateway, upstream):
    """https is at home here, and http is not refused."""
    gateway(shop.listeners() + route(upstream()))
    with shop.client() as w:
        assert w.ask('https://site.example/a').status == 200
        assert w.ask('http://site.example/a').status == 200


def test_server_names(shop, gateway, upstream):
    shop.issue('other', ['other.example', '*.deep.other.example'])
    gateway(shop.listeners(files=('site', 'other')) + route(upstream()))
    for name, first in (('site.example', 'site.example'),
                        ('a.site.example', 'site.example'),
                        ('other.example', 'other.example'),
                        ('x.deep.other.example', 'other.example')):
        with shop.client(name) as w:
            assert w.names[0] == first
            assert w.ask('/', host=name).status == 200
    # One label, not two: the first certificate, which the client refuses.
    for name in ('a.b.site.example', 'unknown.example'):
        with pytest.raises(ssl.SSLCertVerificationError):
            shop.client(name)


def test_strict_names(shop, gateway, upstream):
    gateway(shop.listeners(more='strict_sni = true;') + route(upstream()))
    with shop.client() as w:
        assert w.ask('/').status == 200
    context = shop.context()
    context.check_hostname = False
    for name in ('unknown.example', None):
        with pytest.raises(ssl.SSLError) as caught:
            shop.client(name, context)
        assert 'UNRECOGNIZED_NAME' in str(caught.value) or \
            'unrecognized name' in str(caught.value)


def test_kinds_of_key(shop, gateway, upstream):
    """Two certificates of one name: the client's algorithms choose."""
    shop.issue('rsa', ['site.example'], key='RSA-2048')
    gateway(shop.listeners(files=('site', 'rsa')) + route(upstream()))
    context = shop.context(version=ssl.TLSVersion.TLSv1_2)
    for cipher in ('ECDHE-RSA-AES128-GCM-SHA256',
                   'ECDHE-ECDSA-AES128-GCM-SHA256'):
        context.set_ciphers(cipher)
        with shop.client(context=context) as w:
            assert w.sock.cipher()[0] == cipher
            assert w.ask('/').status == 200


def test_alpn(shop, gateway, upstream):
    gateway(shop.listeners(extra='protocols = [ "http/1.1" ];')
            + route(upstream()))
    with shop.client(context=shop.context(['h2', 'http/1.1'])) as w:
        assert w.sock.selected_alpn_protocol() == 'http/1.1'
        assert w.ask('/').status == 200
    with shop.client() as w:
        assert w.sock.selected_alpn_protocol() is None
        assert w.ask('/').status == 200


def test_resumption_by_any_worker(shop, gateway, upstream):
    """And by the successors of those that made the ticket."""
    g = gateway(shop.listeners() + route(upstream()), workers=4)
    context = shop.context()
    with shop.client(context=context) as w:
        assert w.ask('/').status == 200
        session = w.sock.session
    resumed = 0
    for _ in range(12):
        with shop.client(context=context, session=session) as w:
            assert w.ask('/').status == 200
            resumed += w.sock.session_reused
    assert resumed == 12
    pids = set(g.worker_pids)
    kill_workers(g)
    wait_until(lambda: len(set(g.worker_pids) - pids) == 4)
    g.wait_ready()
    with shop.client(context=context, session=session) as w:
        assert w.ask('/').status == 200
        assert w.sock.session_reused
    assert g.metric('tls_resumed_total') >= 1
    g.allow.append('was killed by signal')


def test_resumption_survives_reload(shop, gateway, upstream):
    body = shop.listeners() + route(upstream())
    g = gateway(body)
    context = shop.context()
    with shop.client(context=context) as w:
        w.ask('/')
        session = w.sock.session
    shop.issue('site', ['site.example', 'new.example'])
    g.reload(body)
    with shop.client(context=context, session=session) as w:
        assert w.ask('/').status == 200
        assert w.sock.session_reused


def test_no_tickets(shop, gateway, upstream):
    gateway(shop.listeners() + route(upstream())
            + 'tls_tickets = { lifetime = "0"; };\n')
    context = shop.context()
    with shop.client(context=context) as w:
        w.ask('/')
        session = w.sock.session
        assert session is None or not session.has_ticket


def test_reload_changes_certificates(shop, gateway, upstream):
    """New connections get the new one; those that are open go on."""
    body = shop.listeners() + route(upstream())
    g = gateway(body)
    with shop.client() as old:
        assert 'new.example' not in old.names
        shop.issue('site', ['site.example', 'new.example'])
        g.reload(body)
        assert old.ask('/').status == 200
        with shop.client('new.example') as new:
            assert 'new.example' in new.names
            assert new.ask('/').status == 200
        assert old.ask('/').status == 200


def test_reload_during_handshake(shop, gateway, upstream):
    """A handshake that has begun ends with what is there then."""
    body = shop.listeners() + route(upstream())
    g = gateway(body)
    with Wire(shop.port) as raw:
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = shop.context().wrap_bio(inside, outside,
                                      server_hostname='new.example')
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = outside.read()
        raw.send(hello[:100])
        time.sleep(0.1)
        shop.issue('site', ['site.example', 'new.example'])
        g.reload(body)
        raw.send(hello[100:])
        while True:
            inside.write(raw.sock.recv(65536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
        assert ('DNS', 'new.example') in tls.getpeercert()['subjectAltName']


def test_reloads_under_handshakes(shop, gateway, upstream):
    body = shop.listeners() + route(upstream())
    g = gateway(body, workers=2)
    failures, done = [], threading.Event()

    def hammer():
        while not done.is_set():
            try:
                with shop.client() as w:
                    assert w.ask('/').status == 200
            except Exception as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for t in threads:
        t.start()
    for n in range(8):
        shop.issue('site', ['site.example', f'n{n}.example'])
        g.reload(body)
    done.set()
    for t in threads:
        t.join()
    assert not failures, failures[:3]


def test_listener_gains_and_loses_tls(shop, gateway, upstream):
    """The address stays: those that are there go on as they began."""
    back = route(upstream())
    plain = (f'listeners = ( {{ address = "127.0.0.1:{shop.port}"; }} );\n')
    g = gateway(plain + back)
    with Wire(shop.port) as old:
        assert old.ask('/').status == 200
        g.reload(shop.listeners() + back)
        with shop.client() as new:
            assert new.ask('/').status == 200
            assert old.ask('/').status == 200
            g.reload(plain + back)
            assert get(shop.port, '/').status == 200
            assert new.ask('/').status == 200


def test_client_certificates(shop, gateway, upstream):
    shop.ca.issue('alice', client=True).write(shop.dir, 'alice')
    g = gateway(shop.listeners(
        more=f'client_verify = "require"; client_ca = "{shop.dir}/ca.pem";')
        + route(upstream()))
    with shop.client(context=shop.context(client='alice')) as w:
        assert w.ask('/').status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with shop.client() as w:
            w.ask('/')
    wait_until(lambda: g.metric('tls_handshake_failures_total') == 1)


def test_handshake_in_time(shop, gateway, upstream):
    g = gateway(shop.listeners() + route(upstream())
                + 'timeouts = { head = "300ms"; };\n')
    began = Watch()
    with Wire(shop.port) as w:
        w.send(b'\x16\x03\x01\x02\x00')
        assert w.closed()
    assert began.within(0.2, 3)
    wait_until(lambda: g.metric('replies_total', why='tls_failed') == 1)
    # Who says nothing at all is held to the same time.
    with Wire(shop.port) as w:
        assert w.closed()


def test_plain_on_secured(shop, gateway, upstream):
    g = gateway(shop.listeners() + route(upstream()))
    with Wire(shop.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        while w.more():
            pass
        assert b'HTTP' not in w.data
    wait_until(lambda: g.metric('replies_total', why='tls_failed') == 1)
    # To look whether somebody is there is no failure.
    socket.create_connection(('127.0.0.1', shop.port)).close()
    with shop.client() as w:
        assert w.ask('/').status == 200
    assert g.metric('tls_handshake_failures_total') == 1


def test_proxy_protocol_before_tls(shop, gateway, upstream):
    gateway(shop.listeners(extra='proxy_protocol = true;')
            + route(upstream()))
    with Wire(shop.port) as w:
        w.send('PROXY TCP4 192.0.2.7 192.0.2.1 1000 443\r\n')
        w.sock = shop.context().wrap_socket(w.sock,
                                            server_hostname='site.example')
        r = w.ask('/', host='site.example')
        assert seen(r)['x-forwarded-for'] == '192.0.2.7'
    # In one segment with the first bytes of the handshake.
    raw = socket.create_connection(('127.0.0.1', shop.port))
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = shop.context().wrap_bio(inside, outside,
                                  server_hostname='site.example')
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    raw.sendall(b'PROXY TCP4 192.0.2.8 192.0.2.1 1000 443\r\n'
                + outside.read())
    inside.write(raw.recv(65536))
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            inside.write(raw.recv(65536))
    raw.close()


def test_bulk(shop, gateway, upstream):
    """Large bodies, both ways, through records."""
    size = 8 << 20
    origin = upstream()
    origin.on('/up', lambda c, q: c.reply(200, str(len(q.body))))
    origin.on('/down', lambda c, q: c.reply(200, b'x' * size))
    gateway(shop.listeners() + route(origin))
    with shop.client() as w:
        assert w.ask('/up', 'POST', body=b'y' * size).body == \
            str(size).encode()
        assert w.ask('/down').body == b'x' * size


def test_slow_reader_is_held_back(shop, gateway, upstream):
    """What is not read waits at the origin, not in the gateway."""
    size = 64 << 20
    sent = []

    def pour(conn, request):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n')
        block = b'z' * 65536
        for _ in range(size // len(block)):
            conn.send(block)
            sent.append(len(block))

    origin = upstream()
    origin.on('/pour', pour)
    g = gateway(shop.listeners() + route(origin))
    with shop.client(rcvbuf=65536) as w:
        w.send('GET /pour HTTP/1.1\r\nHost: site.example\r\n\r\n')
        w.until(b'\r\n\r\n')
        last = -1
        while last != sum(sent):
            last = sum(sent)
            time.sleep(0.3)
        assert last < 32 << 20
    assert g.metric('connections') <= 1


def test_graceful_stop(shop, gateway, upstream):
    started, go = threading.Event(), threading.Event()

    def wait(conn, request):
        started.set()
        go.wait(120)
        conn.reply(200, b'late')

    origin = upstream()
    origin.on('/wait', wait)
    g = gateway(shop.listeners() + route(origin))
    idle = shop.client()
    idle.ask('/')
    with shop.client() as w:
        w.send('GET /wait HTTP/1.1\r\nHost: site.example\r\n\r\n')
        assert started.wait(120)
        g.proc.terminate()
        assert idle.closed()
        go.set()
        r = w.response()
        assert r.body == b'late' and r.get('Connection') == 'close'
        assert w.closed()


def test_redirect(shop, gateway, upstream):
    origin = upstream()
    g = gateway(shop.listeners(
        f'{{ address = "127.0.0.1:{shop.plain}"; redirect_https = true; }}')
        + route(origin))
    for target, method, host, location in (
            ('/a?b=c', 'GET', 'site.example', 'https://site.example/a?b=c'),
            ('/a', 'POST', 'site.example:80', 'https://site.example/a'),
            ('/', 'HEAD', '[::1]:8080', 'https://[::1]/'),
            ('http://x.example?q', 'GET', 'x.example',
             'https://x.example/?q'),
            ('/.well-known/acme-challenge/../x', 'GET', 'site.example',
             'https://site.example/.well-known/acme-challenge/../x')):
        r = get(shop.plain, target, method, host=host)
        assert (r.status, r.get('Location')) == (308, location)
    assert not origin.requests
    # What an authority looks for is found in the clear.
    assert get(shop.plain, '/.well-known/acme-challenge/a-B_9').status == 200
    assert get(shop.plain, '*', 'OPTIONS').status == 200
    assert get(shop.plain, '/', 'TRACE').status == 405
    assert g.metric('replies_total', why='https_redirect') == 5


def test_redirect_to_port(shop, gateway, upstream):
    gateway(shop.listeners(
        f'{{ address = "127.0.0.1:{shop.plain}"; redirect_https = true; '
        f'redirect_https_port = {shop.port}; }}') + route(upstream()))
    r = get(shop.plain, '/x', host='site.example')
    assert r.get('Location') == f'https://site.example:{shop.port}/x'
    with Wire(shop.plain) as w:
        w.send('GET / HTTP/1.0\r\n\r\n')
        assert w.response().status == 400


def test_curl(shop, gateway, upstream):
    gateway(shop.listeners() + route(upstream()))
    done = subprocess.run(
        ['curl', '-sS', '--http1.1', '--cacert', shop.dir / 'ca.pem',
         '--resolve', f'site.example:{shop.port}:127.0.0.1',
         f'https://site.example:{shop.port}/hello'],
        capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout)['target'] == '/hello'

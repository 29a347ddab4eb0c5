"""Which addresses are let in: acl."""
import ipaddress
import json
import random
import signal

import pytest

from conf import service
from gateway import wait_until
from h2wire import Client
from test_addresses import listener, v1
from test_client_limits import From, PONG, close
from wire import Wire

TRUST = 'trusted_proxies = [ "127.0.0.9" ];\n'


def acl(text):
    return f'acl = {{ {text} }};\n'


def forwarded(wire, client):
    return wire.ask(headers=[('X-Forwarded-For', client)])


def fill(port, n, source='127.0.0.1'):
    """Connects n times; those connections that are served."""
    held = []
    for _ in range(n):
        try:
            w = From(port, source)
        except ConnectionResetError:  # before connect was over
            continue
        if w.served():
            held.append(w)
    return held


def counted(g, why):
    return g.metric('replies_total', why=why)


# --- connections


def test_who_is_denied_is_closed_at_once(gateway):
    g = gateway(PONG + acl('deny = [ "127.0.0.2", "127.0.1.0/24" ];'),
                workers=2)
    assert len(fill(g.port, 3)) == 3
    assert not fill(g.port, 4, '127.0.0.2')
    assert not fill(g.port, 4, '127.0.1.77')
    assert len(fill(g.port, 1, '127.0.2.1')) == 1
    assert counted(g, 'acl_closed') == 8
    assert g.metric('connections_denied_total') == 8
    assert g.metric('connections_accepted_total') == 4


def test_with_a_list_of_allowed_all_others_are_denied(gateway):
    g = gateway(PONG + acl('allow = [ "127.0.0.0/30" ]; '
                           'deny = [ "127.0.0.2" ];'))
    assert len(fill(g.port, 1, '127.0.0.1')) == 1
    assert not fill(g.port, 1, '127.0.0.2')
    assert len(fill(g.port, 1, '127.0.0.3')) == 1
    assert not fill(g.port, 1, '127.0.0.4')


def test_behind_a_proxy_header(gateway):
    g = gateway(PONG, start=False)
    g.write(PONG + acl('deny = [ "192.0.2.0/24", "2001:db8::/32" ];') +
            listener(g.port))
    g.start()

    def served(source):
        with From(g.port) as w:
            return w.served(v1(source))
    assert not served('192.0.2.1')
    assert served('192.0.3.1')
    assert not served('2001:db8::1')
    assert served('2001:db9::1')
    assert counted(g, 'acl_closed') == 2


# --- requests


def test_clients_behind_a_trusted_proxy(gateway):
    g = gateway(PONG + acl('deny = [ "192.0.2.0/24" ];'), top=TRUST)
    with From(g.port, '127.0.0.9') as w:
        assert forwarded(w, '192.0.3.1').status == 200
        r = forwarded(w, '192.0.2.1')
        assert r.status == 403
        assert json.loads(r.body)['error_code'] == 'ACL_001'
        # The connection is the proxy's: it goes on.
        assert r.get('Connection') is None
        assert forwarded(w, '192.0.3.1').status == 200
        # Without a route, likewise.
        assert w.ask('/%2f', headers=[
            ('X-Forwarded-For', '192.0.2.1')]).status == 403
    # Nobody else's word counts.
    with From(g.port) as w:
        assert forwarded(w, '192.0.2.1').status == 200
    assert counted(g, 'acl_denied') == 2


def test_a_proxy_is_trusted_and_still_to_be_let_in(gateway):
    g = gateway(PONG + acl('allow = [ "192.0.2.0/24" ];'), top=TRUST)
    assert not fill(g.port, 1, '127.0.0.9')


def test_an_acl_of_a_route(gateway):
    routes = ('routes = ( { path = "/a"; respond = { body = "a"; }; '
              'acl = { allow = [ "127.0.0.0/30" ]; }; }, '
              '{ path = "/b"; respond = { body = "b"; }; '
              'acl = { deny = [ "192.0.2.7" ]; }; }, '
              '{ path = "/*rest"; respond = { body = "r"; }; } );\n')
    g = gateway(routes, top=TRUST)
    with From(g.port) as w:
        assert [w.ask(p).status for p in ('/a', '/b', '/c')] == \
            [200, 200, 200]
    with From(g.port, '127.0.0.5') as w:
        assert [w.ask(p).status for p in ('/a', '/b', '/a', '/c')] == \
            [403, 200, 403, 200]
    with From(g.port, '127.0.0.9') as w:
        via = [('X-Forwarded-For', '192.0.2.7')]
        assert [w.ask(p, headers=via).status
                for p in ('/a', '/b', '/c')] == [403, 403, 200]
    assert counted(g, 'acl_denied') == 4


# --- reloads


def test_a_kept_connection_is_looked_at_again_after_a_reload(gateway):
    g = gateway(PONG)
    one, two, three = held = fill(g.port, 3)
    g.reload(PONG + acl('deny = [ "127.0.0.2" ];'))
    assert one.served()
    g.reload(PONG + acl('deny = [ "127.0.0.1" ];'))
    r = one.ask()
    assert r.status == 403
    assert r.get('Connection') == 'close'
    assert one.closed()
    g.reload(PONG)
    assert two.served()
    g.reload(PONG + acl('allow = [ "127.0.0.2" ];'))
    assert not two.served()
    # Another generation with the same lists.
    g.reload(PONG + acl('allow = [ "127.0.0.2" ];') +
             'environment = "test";\n')
    assert three.ask().status == 403
    assert counted(g, 'acl_denied') == 3
    close(held)


def test_a_kept_connection_of_http2(gateway):
    g = gateway(PONG, start=False)
    body = PONG + (f'listeners = ( {{ address = "127.0.0.1:{g.port}"; '
                   'protocols = [ "h2", "http/1.1" ]; } );\n')
    g.write(body)
    g.start()
    with Client(g.port) as h:
        assert h.ask().status == 200
        g.reload(body + acl('deny = [ "127.0.0.1" ];'))
        first, second = h.request(), h.request()
        assert [h.answer(s).status for s in (first, second)] == [403, 403]
        assert h.closed()
        assert h.goaway == 0


# --- files


def nets(n, seed=7):
    """That many networks, of which none is of loopback."""
    rng = random.Random(seed)
    found = set()
    while len(found) < n:
        if len(found) % 4 == 3:
            first = rng.randrange(0x2a000000, 0x2a0fffff)
            net = ipaddress.IPv6Network((first << 96 |
                                         rng.getrandbits(16) << 80, 48))
        else:
            net = ipaddress.IPv4Network((rng.randrange(0x80000000,
                                                       0xdfffffff) &
                                         0xffffff00, 24))
        found.add(net)
    return sorted(found, key=str)


def inside(net):
    return str(net[min(net.num_addresses - 1, 77)])


def test_ten_thousand_nets_in_a_file(gateway):
    g = gateway(PONG, start=False, workers=2)
    listed = nets(10000)
    (g.dir / 'bad.txt').write_text(
        '# those\n\n' + ''.join(f'{n}\t# {i}\r\n' for i, n in
                                enumerate(listed)))
    g.write(PONG + acl('deny_files = [ "bad.txt" ]; ') + TRUST)
    g.start()
    with From(g.port, '127.0.0.9') as w:
        for net in random.Random(1).sample(listed, 60):
            assert forwarded(w, inside(net)).status == 403
        for net in set(nets(60, seed=8)) - set(listed):
            assert forwarded(w, inside(net)).status == 200
    # What the file says is a part of the configuration.
    (g.dir / 'bad.txt').write_text('192.0.2.0/24\n')
    g.reload()
    with From(g.port, '127.0.0.9') as w:
        assert forwarded(w, inside(listed[0])).status == 200
        assert forwarded(w, '192.0.2.1').status == 403
    (g.dir / 'bad.txt').write_text('# nothing of it is different\n'
                                   '192.0.2.0/24\n')
    generation = g.generation
    unchanged = g.metric('config_reloads_total', outcome='unchanged')
    g.send(signal.SIGHUP)
    wait_until(lambda: g.metric('config_reloads_total', outcome='unchanged')
               > unchanged, 10, 'a reload')
    assert g.generation == generation


def test_an_error_in_a_file_names_its_line(gateway):
    g = gateway(PONG, start=False)
    bad = g.dir / 'bad.txt'
    bad.write_text('192.0.2.0/24\n')
    body = PONG + acl('deny_files = [ "bad.txt" ]; ') + TRUST
    g.write(body)
    g.start()
    bad.write_text('192.0.2.0/24\n\n# so\n10.0.0.1/8\n198.51.100.0/24\nx\n')
    done = g.run('-t')
    assert done.returncode == 1
    assert f'{bad}:4: "10.0.0.1/8" has bits set behind the prefix' in \
        done.stderr
    assert f'{bad}:6: "x" is not a numeric address or network' in done.stderr
    g.send(signal.SIGHUP)
    g.wait_log('reload failed: nothing has changed')
    assert f'{bad}:4: ' in g.log_text()
    with From(g.port, '127.0.0.9') as w:
        assert forwarded(w, '192.0.2.1').status == 403
        assert forwarded(w, '198.51.100.1').status == 200


@pytest.mark.parametrize('text,said', [
    ('allow = [ "10.0.0.0/33" ];', 'acl.allow: "10.0.0.0/33" has no valid '
                                   'prefix length'),
    ('deny = [ "::1", "::1" ];', 'acl.deny: "::1" is there twice'),
    ('allow = [ ];', 'acl.allow: it has no address, and so lets nobody in'),
    ('allow_files = [ "/dev/null" ];', 'it is not a regular file'),
    ('deny_files = [ "none.txt" ];', 'cannot be read: No such file'),
    ('denny = [ "::1" ];', 'did you mean "deny"'),
])
def test_complaints(gateway, text, said):
    g = gateway(PONG + acl(text), start=False)
    done = g.run('-t')
    assert done.returncode == 1
    assert said in done.stderr, done.stderr


def test_a_denied_client_reaches_no_endpoint(gateway, upstream):
    o = upstream()
    g = gateway(service(o.port) + 'routes = ( { path = "/*rest"; '
                'service = "s"; acl = { deny = [ "127.0.0.2" ]; }; } );\n')
    with From(g.port, '127.0.0.2') as w:
        assert w.ask().status == 403
    assert not o.requests
    with Wire(g.port) as w:
        assert w.ask().status == 200

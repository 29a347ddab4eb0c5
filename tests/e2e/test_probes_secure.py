"""Health checks over TLS and HTTP/2, and by grpc.health.v1: what endpoints see
of them, and what becomes of an endpoint that fails them."""
import concurrent.futures
import json
import os
import signal
import socket
import time

import grpc
import pytest

import pki
from conf import service
from gateway import wait_until
from origin import field
from test_tls_upstream import Place
from wire import get

# Those that a busy machine keeps waiting are to be none that fail.
FAST = 'interval = "1s"; timeout = "1s"; healthy = 1; unhealthy = 2; '
UP = FAST + 'path = "/up"; '
ROUTE = 'routes = ( { path = "/*rest"; service = "s"; } );\n'
ALONE = 'panic_threshold = 0; '

both = pytest.mark.parametrize('h2', [False, True], ids=['h1', 'h2'])


@pytest.fixture
def place(house):
    return Place(house)


def check(text):
    return f'health_check = {{ {text} }}; {ALONE}'


def history(g):
    """[(event, cause, detail)] of the service's endpoints."""
    answer = json.loads(g.admin('/v1/services/s/history')[2])
    return [(c['event'], c['cause'], c['detail']) for c in answer['history']]


def undisturbed(g):
    return {event for event, _, _ in history(g)} == {'added'}


def await_event(g, event, cause, detail=None, seconds=10):
    """Until that is the last change of the only endpoint."""
    wait_until(lambda: history(g)[-1] == (event, cause, detail), seconds,
               f'{event}, {cause}, {detail}')


def await_served(g, ok=True):
    """And what the requests notice."""
    wait_until(lambda: (get(g.port).status == 200) == ok, 10, 'requests')


def probes_of(o, h2):
    return [r for r in o.requests if (r.path if h2 else r.target) == '/up']


def await_probes(o, h2, n=3):
    end = len(probes_of(o, h2)) + n
    wait_until(lambda: len(probes_of(o, h2)) >= end, 10, 'probes')


# --- TLS

@both
def test_probes_over_tls(gateway, place, h2):
    o = place.origin(h2=h2)
    g = gateway(place.conf(o.port, h2=h2, extra=check(UP)))
    await_probes(o, h2)
    assert get(g.port).status == 200
    wait_until(lambda: g.metric('probes_total', result='good') >= 3, 10,
               'probes that are answered')
    # On a busy machine some may have left before they were.
    assert len(o.failed) <= (g.metric('probes_total') -
                             g.metric('probes_total', result='good'))
    one = probes_of(o, h2)[-1]
    if h2:
        assert (one.method, one.path) == ('GET', '/up')
        assert one.get(':scheme') == 'https'
        assert one.get(':authority') == f'127.0.0.1:{o.port}'
        assert one.get('user-agent').startswith('penstock/')
        assert one.get('connection') is None
    assert undisturbed(g)


@both
@pytest.mark.parametrize('what, detail', [
    ('authority', 'the certificate comes from an unknown authority'),
    ('name', 'the certificate is for another name'),
    ('expired', 'the certificate has expired')])
def test_certificates_that_do_not_hold(gateway, place, h2, what, detail):
    good, leaf = place.origin(h2=h2), None
    if what == 'authority':
        leaf = pki.Authority('Other').issue('x', ['IP:127.0.0.1'])
    elif what == 'name':
        leaf = place.ca.issue('x', ['other.test'])
    else:
        leaf = place.ca.issue('x', ['IP:127.0.0.1'], days=-1, start=-9)
    bad = place.origin(leaf, h2=h2)
    g = gateway(place.conf(bad.port, good.port, h2=h2, extra=check(UP)))
    wait_until(lambda: ('down', 'probe_tls', detail) in history(g), 10,
               'a bad endpoint')
    assert {get(g.port).status for _ in range(8)} == {200}
    assert not bad.requests
    g.wait_log(r'endpoint 127.0.0.1:%d: down: probe_tls \(%s\)'
               % (bad.port, detail))
    assert detail in g.ctl('health', 's', check=False).stdout


def test_no_tls_where_there_should_be(gateway, place, house):
    o = house.h2origin()
    g = gateway(place.conf(o.port, h2=True, extra=check(UP)))
    await_event(g, 'down', 'probe_tls', 'wrong version number')
    await_served(g, False)


def test_names_that_probes_ask_for(gateway, place):
    leaf = place.ca.issue('x', ['inner.test'])
    o = place.origin(leaf)
    g = gateway(place.conf(o.port, tls='server_name = "inner.test";',
                           extra=check(UP + 'host = "shop.test";')))
    await_probes(o, False)
    assert set(o.names) == {'inner.test'}
    assert field(probes_of(o, False)[-1], 'Host') == ['shop.test']
    assert get(g.port).status == 200


@both
def test_certificates_that_probes_show(gateway, place, h2):
    own = pki.Authority('Gateway CA')
    ask = own.write(place.folder / 'gateway-ca.pem')
    cert, key = own.issue('gateway', client=True).write(place.folder, 'me')
    o = place.origin(h2=h2, ask=ask)
    g = gateway(place.conf(o.port, h2=h2, extra=check(UP)))
    wait_until(lambda: history(g)[-1][:2] == ('down', 'probe_tls'), 10,
               'a bad endpoint')
    assert history(g)[-1][2] == 'the peer sent the alert ' \
        '"certificate required"'
    g.reload(place.conf(
        o.port, h2=h2, extra=check(UP),
        tls=f'certificate = "{cert}"; key = "{key}";'))
    await_event(g, 'up', 'probe_ok')
    await_served(g)


@both
def test_reloads_change_what_probes_believe(gateway, place, h2):
    o = place.origin(h2=h2)
    other = pki.Authority('Other')
    body = place.conf(o.port, h2=h2, extra=check(UP))
    g = gateway(body)
    await_probes(o, h2)
    # The same file, other certificates.
    other.write(place.ca_file)
    g.reload(body)
    await_event(g, 'down', 'probe_tls',
                'the certificate comes from an unknown authority')
    await_served(g, False)
    place.ca.write(place.ca_file)
    g.reload(body)
    await_event(g, 'up', 'probe_ok')
    await_served(g)
    other.write(place.ca_file)
    g.reload(place.conf(o.port, h2=h2, tls='verify = false;',
                        extra=check(UP)))
    seen = len(history(g))
    await_probes(o, h2, 5)
    assert len(history(g)) == seen


def test_a_reload_without_tls(gateway, place, house):
    plain = house.origin()
    g = gateway(place.conf(plain.port, extra=check(UP)))
    # It takes the hello for a request that is still to come.
    await_event(g, 'down', 'probe_timeout')
    g.reload(service(plain.port, extra=check(UP)) + ROUTE)
    await_event(g, 'up', 'probe_ok')


def test_tcp_is_no_more_than_a_connection(gateway, place, house):
    plain = house.origin()
    g = gateway(place.conf(plain.port, extra=check(FAST + 'type = "tcp";')))
    wait_until(lambda: g.metric('probes_total', result='good') > 3, 10,
               'probes')
    assert undisturbed(g)


def test_another_port(gateway, place):
    o, aside = place.origin(), place.origin()
    g = gateway(place.conf(o.port, extra=check(UP + f'port = {aside.port};')))
    await_probes(aside, False)
    assert not o.requests
    assert get(g.port).status == 200


def test_a_successor_of_the_master(gateway, place):
    o = place.origin()
    g = gateway(place.conf(o.port, extra=check(UP)),
                allow=['killed by signal 9 '])
    await_probes(o, False)
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('master', pid)
    await_probes(o, False)
    assert undisturbed(g)


def test_silence_in_the_handshake(gateway, place, house):
    with socket.create_server(('127.0.0.1', 0)) as deaf:
        port = deaf.getsockname()[1]
        g = gateway(place.conf(port, extra=check(UP)))
        await_event(g, 'down', 'probe_timeout')
        assert g.admin('/livez')[0] == 200


# --- HTTP/2

def secure(place, house, tls, handler=None):
    """An origin of HTTP/2, and how its service is configured."""
    if tls:
        o = place.origin(handler=handler, h2=True)
        return o, lambda extra: place.conf(o.port, h2=True, extra=extra)
    o = house.h2origin(*([handler] if handler else []))
    return o, lambda extra: service(
        o.port, extra='protocol = "h2"; ' + extra) + ROUTE


tls_or_not = pytest.mark.parametrize('tls', [False, True],
                                     ids=['plain', 'tls'])


@tls_or_not
def test_rules_over_h2(gateway, place, house, tls):
    o, conf = secure(place, house, tls)
    answer = {'status': 200, 'body': 'all is fine'}
    o.on('/up', lambda x: x.reply(**answer))
    g = gateway(conf(check(UP + '''body = "~is (fine|good)$";
        expect = [ "200", "204" ];
        headers = ( { set = "X-Probe"; value = "yes"; } );''')))
    await_probes(o, True)
    one = probes_of(o, True)[-1]
    assert one.get('x-probe') == 'yes'
    assert one.get(':scheme') == ('https' if tls else 'http')
    answer['status'] = 503
    await_event(g, 'down', 'probe_status', '503')
    answer['status'] = 200
    await_event(g, 'up', 'probe_ok')
    answer['body'] = 'all is fine, or not'
    await_event(g, 'down', 'probe_body')
    answer['body'] = 'x' * 70000 + 'all is good'
    await_probes(o, True)
    assert history(g)[-1][0] == 'down'
    answer['body'] = 'x' * 60000 + 'all is good'
    await_event(g, 'up', 'probe_ok')


@tls_or_not
def test_head_over_h2(gateway, place, house, tls):
    o, conf = secure(place, house, tls)
    o.on('/up', lambda x: x.head(200, [('content-length', '70000')], True))
    g = gateway(conf(check(UP + 'method = "HEAD";')))
    await_probes(o, True)
    assert probes_of(o, True)[-1].method == 'HEAD'
    assert undisturbed(g)


@pytest.mark.parametrize('act', ['cancel', 'goaway', 'close', 'silence',
                                 'half'])
def test_bad_answers_over_h2(gateway, place, house, act):
    o, conf = secure(place, house, False)

    def bad(x):
        if act == 'cancel':
            x.cancel()
        elif act == 'goaway':
            x.conn.say_goaway(0)
        elif act == 'close':
            x.conn.close()
        elif act == 'half':
            x.head(200, [('content-length', '9')])
            x.data(b'half', True)
        else:
            time.sleep(5)
    o.on('/up', bad)
    g = gateway(conf(check(UP)))
    await_event(g, 'down',
                'probe_timeout' if act == 'silence' else 'probe_broken')
    o.on('/up', lambda x: x.reply())
    await_event(g, 'up', 'probe_ok')


def test_no_h2_there(gateway, place, house):
    o = house.origin()
    g = gateway(service(o.port, extra='protocol = "h2"; ' + check(UP)) + ROUTE)
    await_event(g, 'down', 'probe_broken')


def test_h2_that_was_not_agreed_on(gateway, place):
    o = place.origin()
    g = gateway(place.conf(o.port, h2=True, extra=check(UP)))
    await_event(g, 'down', 'probe_tls',
                'the peer does not agree to the protocol')


def test_connections_of_probes_end(gateway, place, house):
    o, conf = secure(place, house, False)
    gateway(conf(check(UP)))
    await_probes(o, True, 5)
    wait_until(lambda: o.conns[0].goaway == 0, 5, 'the end of the first')
    wait_until(lambda: o.open <= 2, 5, 'the end of most')


# --- gRPC

class Health:
    """A server of python3-grpcio whose health a test sets: {name: status}, or
    a code to fail with. None: it has no such service at all."""

    def __init__(self, statuses=None, credentials=None):
        self.statuses = statuses
        self.asked = []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        if statuses is not None:
            self.server.add_generic_rpc_handlers((
                grpc.method_handlers_generic_handler('grpc.health.v1.Health', {
                    'Check': grpc.unary_unary_rpc_method_handler(self.check)
                }),))
        if credentials:
            self.port = self.server.add_secure_port('127.0.0.1:0', credentials)
        else:
            self.port = self.server.add_insecure_port('127.0.0.1:0')
        self.server.start()

    def check(self, request, context):
        """Both messages as bytes: HealthCheckRequest has a string as field 1,
        the answer an enum."""
        name = ''
        if request:
            assert request[0] == 0x0a and request[1] == len(request) - 2
            name = request[2:].decode()
        self.asked.append((name, dict(context.invocation_metadata())))
        status = self.statuses.get(name)
        if status is None:
            context.abort(grpc.StatusCode.NOT_FOUND, 'unknown service')
        if isinstance(status, grpc.StatusCode):
            context.abort(status, 'as the test wants it')
        return bytes([0x08, status])

    def close(self):
        self.server.stop(None)


@pytest.fixture
def health(house):
    def make(*args, **kw):
        h = Health(*args, **kw)
        house.origins.append(h)
        return h
    return make


def grpc_conf(port, more='', extra=''):
    return service(port, extra='protocol = "h2"; ' + extra + check(
        FAST + 'type = "grpc"; ' + more)) + ROUTE


def test_grpc_health(gateway, health):
    h = health({'': 1})
    g = gateway(grpc_conf(h.port))
    wait_until(lambda: len(h.asked) >= 3, 10, 'probes')
    name, metadata = h.asked[-1]
    assert name == ''
    assert metadata['user-agent'].startswith('penstock/')
    assert undisturbed(g)
    for status, word in ((2, 'NOT_SERVING'), (0, 'UNKNOWN'),
                         (3, 'SERVICE_UNKNOWN')):
        h.statuses[''] = status
        await_event(g, 'down', 'probe_grpc', word)
        h.statuses[''] = 1
        await_event(g, 'up', 'probe_ok')
    h.statuses[''] = grpc.StatusCode.UNAVAILABLE
    await_event(g, 'down', 'probe_grpc', 'grpc-status 14 UNAVAILABLE')
    g.wait_log(r'down: probe_grpc \(NOT_SERVING\)')


def test_grpc_health_of_one_service(gateway, health):
    h = health({'': 2, 'shop.v1.Orders': 1})
    g = gateway(grpc_conf(h.port, 'grpc_service = "shop.v1.Orders";'))
    wait_until(lambda: len(h.asked) >= 3, 10, 'probes')
    assert {name for name, _ in h.asked} == {'shop.v1.Orders'}
    del h.statuses['shop.v1.Orders']
    await_event(g, 'down', 'probe_grpc', 'grpc-status 5 NOT_FOUND, '
                'the server does not know the service')


def test_a_server_without_health(gateway, health):
    h = health()
    g = gateway(grpc_conf(h.port))
    await_event(g, 'down', 'probe_grpc', 'grpc-status 12 UNIMPLEMENTED, '
                'the server has no health service')
    assert 'no health service' in g.ctl('health', 's', check=False).stdout


def test_grpc_health_over_tls(gateway, health, place):
    leaf = place.ca.issue('x', ['IP:127.0.0.1'])
    h = health({'': 1}, grpc.ssl_server_credentials(
        [(leaf.key_pem, leaf.pem)]))
    g = gateway(grpc_conf(h.port, extra=f'tls = {{ ca = "{place.ca_file}"; }};'
                          ' '))
    wait_until(lambda: len(h.asked) >= 3, 10, 'probes')
    assert undisturbed(g)
    h.statuses[''] = 2
    await_event(g, 'down', 'probe_grpc', 'NOT_SERVING')
    h.statuses[''] = 1
    await_event(g, 'up', 'probe_ok')
    pki.Authority('Other').write(place.ca_file)
    g.reload()
    await_event(g, 'down', 'probe_tls',
                'the certificate comes from an unknown authority')


def test_no_grpc_there(gateway, house):
    o = house.h2origin()
    g = gateway(grpc_conf(o.port))
    await_event(g, 'down', 'probe_broken')
    x = o.last
    assert (x.method, x.path) == ('POST', '/grpc.health.v1.Health/Check')
    assert x.get('content-type') == 'application/grpc'
    assert x.get('te') == 'trailers'


def test_a_proxy_before_grpc(gateway, house):
    o = house.h2origin(lambda x: x.reply(404, b''))
    g = gateway(grpc_conf(o.port))
    await_event(g, 'down', 'probe_status', '404')


def test_grpc_answers_that_are_none(gateway, house):
    """Each as bytes of a body and grpc-status: none of them is good."""
    kind = ('content-type', 'application/grpc')
    answers = [
        (b'', '0'), (b'\0\0\0\0\x02\x08', '0'),
        (b'\1\0\0\0\x02\x08\x01', '0'), (b'\0\0\0\0\x02\x08\x01', None),
        (b'\0\0\0\0\x02\x08\x01', 'x'), (b'x' * 5000, '0')]
    left = list(answers)

    def answer(x):
        body, status = left.pop(0) if left else answers[0]
        x.head(200, [kind])
        if body:
            x.data(body)
        x.end([('grpc-status', status)] if status else None)
    o = house.h2origin(answer)
    g = gateway(grpc_conf(o.port))
    wait_until(lambda: not left, 10, 'all of them')
    await_event(g, 'down', 'probe_broken')
    assert g.metric('probes_total', result='good') == 0

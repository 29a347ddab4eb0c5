"""Traces as a receiver sees them that is built on the published messages of
OTLP: spans and how they hang together, who gets which, and a receiver that does
not answer. What goes wrong with receivers is in tests/unit/tools/otlp_test.c,
what endpoints are told in test_trace_context.py."""
import json
import secrets
import time
import types

import pytest

from gateway import free_port, wait_until
from otlp_receiver import MESSAGES, Receiver
from pki import Authority
from wire import Wire

PARENT = '00f067aa0ba902b7'
RETRY = 'retry = { budget = 0; base_delay = "0"; }; breaker = { failures = 0; };'


def tracing(receiver, more=''):
    return (f'tracing = {{ endpoint = '
            f'"http://127.0.0.1:{receiver.port}/v1/traces"; '
            f'interval = "100ms"; sample = 0.0; service = "edge"; '
            f'headers = [ "X-Key: k1" ]; resource = [ "team=net" ]; '
            f'correlation_id = "X-Cause"; {more} }};\n'
            'trusted_proxies = [ "127.0.0.1" ];\n')


def answering(status):
    return lambda conn, _: conn.reply(status, b'not now')


def answering2(status):
    def answer(x):
        x.body()
        x.reply(status, b'not now')
    return answer


def slow(conn, _):
    time.sleep(0.02)
    conn.reply(200, b'', [('X-Auth-User', 'u')])


def services(o):
    """What is behind the gateway of a module, and its routes."""
    def service(name, *ports, extra=''):
        endpoints = ', '.join(f'{{ address = "127.0.0.1:{p}"; backup = '
                              f'{str(i > 0).lower()}; }}'
                              for i, p in enumerate(ports))
        return f'{name} = {{ endpoints = ( {endpoints} ); {RETRY} {extra} }};'
    return (
        'services = {'
        + service('h1', o.bad.port, o.good.port)
        + service('h2', o.bad2.port, o.good2.port, extra='protocol = "h2";')
        + service('dead', o.dead)
        + service('door', o.door.port) + '};\n'
        'authenticators = { door = { type = "forward"; service = "door"; '
        'path = "/"; }; };\n'
        'routes = ('
        '{ path = "/h1/:id"; service = "h1"; name = "first"; },'
        '{ path = "/h2/:id"; service = "h2"; },'
        '{ path = "/dead"; service = "dead"; },'
        '{ path = "/guarded"; authenticate = "door";'
        '  respond = { status = 200; body = "x"; }; },'
        '{ path = "/own"; respond = { status = 200; body = "x"; }; } );\n')


@pytest.fixture(scope='module')
def at(shared_house):
    h = shared_house
    o = types.SimpleNamespace(
        bad=h.origin(answering(503)), good=h.origin(), dead=free_port(),
        bad2=h.h2origin(answering2(503)), good2=h.h2origin(),
        door=h.origin(slow), receiver=Receiver())
    o.gateway = h.gateway(services(o), top=tracing(o.receiver))
    yield o
    o.receiver.close()


def ask(at, path, flags='01', headers=()):
    """The answer, and the id of the trace."""
    trace = secrets.token_hex(16)
    with Wire(at.gateway.port) as w:
        r = w.ask(path, headers=[
            ('traceparent', f'00-{trace}-{PARENT}-{flags}'),
            ('tracestate', 'a=1'), *headers])
    return r, trace


@pytest.mark.parametrize('path', ['/h1/7', '/h2/7'])
def test_a_request_and_its_attempts(at, path):
    r, trace = ask(at, path + '?token=secret',
                   headers=[('User-Agent', 'test/1'), ('X-Cause', 'c1')])
    assert r.status == 200
    top, first, second = at.receiver.of(trace, 3)
    assert (top.kind, top.name) == ('SERVER', f'GET {path[:3]}/:id')
    assert (top.parent, top.state, top.failed) == (PARENT, 'a=1', False)
    assert top.flags & 0xff == 1
    assert top['http.request.method'] == 'GET' and top['url.path'] == path
    assert top['http.route'] == path[:3] + '/:id'
    assert top['penstock.route'] == ('first' if path == '/h1/7' else '/h2/:id')
    assert top['http.response.status_code'] == 200
    assert top['penstock.request_id'] == r.get('X-Request-ID')
    assert top['penstock.correlation_id'] == 'c1'
    assert top['user_agent.original'] == 'test/1'
    assert top['network.protocol.version'] == '1.1'
    assert top['client.address'] == '127.0.0.1'
    assert top['penstock.attempts'] == 2
    assert 'secret' not in repr(top.attributes)
    assert top.resource['service.name'] == 'edge'
    assert top.resource['team'] == 'net' and top.scope.name == 'penstock'
    assert first.kind == second.kind == 'CLIENT'
    assert first.parent == second.parent == top.id
    assert (first['http.response.status_code'], first['error.type'],
            first.failed) == (503, '503', True)
    assert first['http.request.resend_count'] is None
    assert (second['http.response.status_code'],
            second['http.request.resend_count'], second.failed) == (200, 1,
                                                                    False)
    assert top.start <= first.start <= second.start <= second.end <= top.end
    # Each has been told just the span that its call has here.
    origins = (at.bad, at.good) if path == '/h1/7' else (at.bad2, at.good2)
    for origin, span in zip(origins, (first, second)):
        said = dict((n.lower(), v) for n, v in origin.last.headers)
        assert said['traceparent'] == f'00-{trace}-{span.id}-01'
    assert at.receiver.asked[-1][2]['X-Key'] == 'k1'


def test_connections_that_fail(at):
    r, trace = ask(at, '/dead')
    assert r.status in (502, 503)
    top, *calls = at.receiver.of(trace, 4)
    assert top.failed and top['error.type'] == 'connect_failed' == top.message
    assert [c['http.request.resend_count'] for c in calls] == [None, 1, 2]
    assert {c['error.type'] for c in calls} == {'connect_failed'}
    assert {c['server.port'] for c in calls} == {at.dead}
    assert not any(c.events for c in calls)


def test_a_filter_that_waits(at):
    r, trace = ask(at, '/guarded', headers=[('Authorization', 'Bearer x')])
    assert r.status == 200
    top, step = at.receiver.of(trace, 2, steps=('authenticate',))
    assert (step.kind, step.name, step.parent) == ('INTERNAL', 'authenticate',
                                                   top.id)
    assert step['penstock.waited'] is True
    assert step.end - step.start >= 10**7 and top.end >= step.end - 10**6


def test_only_what_is_sampled_or_failed(at):
    quiet = [ask(at, '/own', '00')[1] for _ in range(3)]
    _, failed = ask(at, '/dead', '00')
    _, last = ask(at, '/own')
    top = at.receiver.of(failed, 4)[0]
    assert top.failed and top.flags & 0xff == 0
    at.receiver.of(last, 1)
    assert not [s for s in at.receiver.spans if s.trace in quiet]


def test_a_receiver_that_rejects_some_and_is_busy(at):
    answer = MESSAGES.ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 1
    answer.partial_success.error_message = 'too many'
    at.receiver.script += [
        (503, [('Retry-After', '0')], b''),
        (200, [('Content-Type', 'application/x-protobuf')],
         answer.SerializeToString())]
    _, trace = ask(at, '/own')
    at.receiver.of(trace, 1)
    at.gateway.wait_log(r'rejected 1 of \d+ spans: too many')
    at.gateway.wait_log('the receiver takes spans again')
    wait_until(lambda: at.gateway.metric('spans_lost_total') == 1 and
               at.gateway.metric('spans_total') == len(at.receiver.spans) - 1,
               5, 'the counters')


def test_json(house, at):
    receiver = Receiver()
    g = house.gateway(services(at), top=tracing(receiver, 'protocol = "json";'))
    _, trace = ask(types.SimpleNamespace(gateway=g), '/h1/7')
    top, first, second = receiver.of(trace, 3)
    assert (top.kind, first.kind, second.parent) == ('SERVER', 'CLIENT', top.id)
    assert second['http.request.resend_count'] == 1
    assert receiver.asked[0][2]['Content-Type'] == 'application/json'
    receiver.close()


def test_https_and_a_name(house, at):
    ca = Authority()
    g = house.gateway(services(at), start=False)
    ca.write(g.dir / 'ca.pem').chmod(0o644)
    g.dir.chmod(0o755)
    good = Receiver(ca.issue('localhost').write(g.dir, 'good'))
    bad = Receiver(Authority().issue('localhost').write(g.dir, 'bad'))

    def top(receiver):
        return tracing(receiver, f'ca = "{g.dir}/ca.pem";').replace(
            'http://127.0.0.1', 'https://localhost')
    g.write(services(at), top(bad))
    g.start()
    _, trace = ask(types.SimpleNamespace(gateway=g), '/own')
    g.wait_log('tracing: no answer of https://localhost:')
    assert not bad.asked
    g.reload(services(at), top=top(good))
    good.of(trace, 1)  # what the other one did not get
    good.close()
    bad.close()


def test_a_silent_receiver_holds_nobody_up(house, at):
    receiver = Receiver()
    receiver.hold.clear()
    g = house.gateway(services(at), start=False, top=tracing(receiver))
    log = g.dir / 'access.log'
    g.dir.chmod(0o777)
    g.write(services(at), g.top + f'access_log = ( {{ path = "{log}"; }} );\n')
    g.start()
    asked = [ask(types.SimpleNamespace(gateway=g), '/own')[1]
             for _ in range(3)]

    def logged():
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line)['trace_id'] for line in lines]
    wait_until(lambda: logged() == asked, 5, 'lines of a log')
    assert not receiver.spans
    receiver.hold.set()
    for trace in asked:
        receiver.of(trace, 1)
    receiver.close()


def test_what_is_left_is_sent_at_the_end(house, at):
    receiver = Receiver()
    g = house.gateway(services(at), top=tracing(receiver).replace(
        '"100ms"', '"300s"'))
    _, trace = ask(types.SimpleNamespace(gateway=g), '/own')
    assert not receiver.spans
    g.stop()
    receiver.of(trace, 1)
    receiver.close()

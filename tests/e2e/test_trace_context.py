"""What endpoints, and clients, are told of a trace: in each call, over HTTP/1
and HTTP/2."""
import types

import pytest

from origin import field
from wire import Wire

T, S = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
PARENT = f'00-{T}-{S}-01'
RETRY = 'retry = { budget = 0; base_delay = "0"; }; breaker = { failures = 0; };'


def heads(*origins):
    """The fields that each of them got last, under lower-case names."""
    found = []
    for o in origins:
        headers = o.last.headers
        found.append({n.lower(): v for n, v in headers})
        assert len(found[-1]) == len(headers), 'a field comes twice'
    return found


def busy(conn, _):
    conn.reply(503, b'not now')


def busy2(x):
    x.body()
    x.reply(503, b'not now')


@pytest.fixture(scope='module')
def traced(shared_house):
    h = shared_house
    o = types.SimpleNamespace(bad=h.origin(busy), good=h.origin(),
                              bad2=h.h2origin(busy2), good2=h.h2origin())

    def service(name, first, second, extra=''):
        return (f'{name} = {{ endpoints = ('
                f'{{ address = "127.0.0.1:{first.port}"; }}, '
                f'{{ address = "127.0.0.1:{second.port}"; backup = true; }} );'
                f'{RETRY} {extra} }};')
    o.gateway = h.gateway(
        'services = {'
        + service('h1', o.bad, o.good)
        + service('h2', o.bad2, o.good2, 'protocol = "h2";') + '};\n'
        'routes = ( { path = "/h1"; service = "h1"; },'
        '           { path = "/h2"; service = "h2"; },'
        '           { path = "/own"; respond = { status = 200; body = "x"; };'
        ' } );\n'
        'tracing = { sample = 1.0; propagate = [ "w3c", "b3", "b3_multi" ];'
        '            correlation_id = "X-Cause"; };\n')
    return o


def both(traced, path):
    return (traced.bad, traced.good) if path == '/h1' else \
        (traced.bad2, traced.good2)


@pytest.mark.parametrize('path', ['/h1', '/h2'])
def test_each_call_is_told_a_span_of_its_own(traced, path):
    with Wire(traced.gateway.port) as w:
        r = w.ask(path, headers=[('traceparent', PARENT),
                                 ('tracestate', 'a=1'), ('tracestate', 'b=2'),
                                 ('b3', 'nonsense'), ('X-B3-SpanId', S),
                                 ('X-Cause', 'mine')])
    assert r.status == 200 and r.all('X-Cause') == ['mine']
    spans = set()
    for h in heads(*both(traced, path)):
        version, trace, span, flags = h['traceparent'].split('-')
        assert (version, trace, flags) == ('00', T, '01')
        assert h['tracestate'] == 'a=1,b=2'
        assert h['b3'].split('-')[:3] == [T, span, '1']
        assert h['x-b3-traceid'] == T and h['x-b3-spanid'] == span
        assert h['b3'].split('-')[3] == h['x-b3-parentspanid']
        assert h['x-b3-sampled'] == '1' and h['x-cause'] == 'mine'
        spans |= {span, h['x-b3-parentspanid']}
    assert len(spans) == 3 and S not in spans


def test_without_a_parent_a_trace_begins(traced):
    with Wire(traced.gateway.port) as w:
        r = w.ask('/h1', headers=[('traceparent', PARENT + '-x'),
                                  ('tracestate', 'a=1')])
    bad, good = heads(traced.bad, traced.good)
    assert 'tracestate' not in bad
    assert bad['traceparent'][:36] == good['traceparent'][:36] != PARENT[:36]
    assert good['x-cause'] == good['x-request-id'] == r.get('X-Cause')


def test_what_is_answered_here_has_a_cause(traced):
    with Wire(traced.gateway.port) as w:
        r = w.ask('/own', headers=[('X-Cause', 'mine')])
        assert r.status == 200 and r.all('X-Cause') == ['mine']
        r = w.ask('/own')
        assert r.get('X-Cause') == r.get('X-Request-ID')


def test_without_tracing_nothing_is_touched(gateway, upstream):
    o = upstream()
    g = gateway(f'services = {{ s = {{ endpoints = ( {{ address = '
                f'"127.0.0.1:{o.port}"; }} ); }}; }};\n'
                'routes = ( { path = "/"; service = "s"; } );\n')
    with Wire(g.port) as w:
        w.ask(headers=[('traceparent', PARENT + '-x'), ('tracestate', '=')])
        assert field(o.last, 'traceparent') == [PARENT + '-x']
        assert field(o.last, 'tracestate') == ['=']
        w.ask()
    assert field(o.last, 'traceparent') == []

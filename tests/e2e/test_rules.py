"""Header rules, templates, and answers from the route itself."""
import pytest

from conf import service
from origin import field
from wire import Wire, get

ROUTES = '''
  { name = "rules"; path = "/r/:id"; service = "s";
    request_headers = ( { set = "X-Set"; value = "new"; },
      { add = "X-Add"; value = "two"; }, { remove = "X-Gone"; },
      { set = "X-All"; value = "{id}|{client}|{host}|{path}|{query}|{route}|{service}|{header:X-In}|{cookie:c}"; },
      { set = "X-Id"; value = "{request_id}"; },
      { set = "X-Braces"; value = "{{id}}"; } );
    response_headers = ( { set = "X-Server"; value = "{endpoint}"; },
      { add = "X-Add"; value = "two"; }, { remove = "X-Secret"; } ); },
  { name = "respond"; path = "/ping";
    respond = { status = 201; body = "pong {query}\\n"; content_type = "text/x"; };
    response_headers = ( { set = "X-Here"; value = "{route}"; } ); },
  { name = "empty"; path = "/empty"; respond = { status = 204; }; },
  { name = "dollar"; path = "/dollar"; respond = { body = "$${{X}}"; }; },
  { name = "environ"; path = "/env";
    respond = { body = "${PEN_TEST}-${PEN_NONE:-default}"; }; }
'''


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    g = shared_house.gateway(service(origin.port) + f'routes = ({ROUTES});',
                             environ={'PEN_TEST': 'from the environment'})
    return g, origin


def test_request_rules(pair):
    g, origin = pair
    get(g.port, '/r/7', headers=[('X-Set', 'old'), ('x-set', 'older'),
                                 ('X-Add', 'one'), ('X-Gone', '1')])
    assert field(origin.last, 'x-set') == ['new']
    assert field(origin.last, 'x-add') == ['one', 'two']
    assert field(origin.last, 'x-gone') == []


def test_templates(pair):
    g, origin = pair
    r = get(g.port, '/r/7?q=1', host='api.example:80',
            headers=[('X-In', 'in'), ('Cookie', 'b=0; c=crumb')])
    all_of = field(origin.last, 'x-all')[0].split('|')
    assert all_of[0] == '7' and all_of[1] == '127.0.0.1'
    assert all_of[2].startswith('api.example')
    assert all_of[3:] == ['/r/7', 'q=1', 'rules', 's', 'in', 'crumb']
    assert field(origin.last, 'x-id') == [r.get('X-Request-ID')]
    assert field(origin.last, 'x-braces') == ['{id}']


def test_missing_values_are_empty(pair):
    g, origin = pair
    get(g.port, '/r/7')
    assert field(origin.last, 'x-all')[0].endswith('|rules|s||')


def test_a_value_cannot_split_the_head(pair):
    g, origin = pair
    r = get(g.port, '/r/a%20b%22', headers=[('X-In', 'x')])
    assert r.status == 200
    assert '\r' not in field(origin.last, 'x-all')[0]


def test_response_rules(pair):
    g, origin = pair
    origin.on('/r/8', lambda c, q: c.reply(headers=[
        ('X-Server', 'old'), ('X-Add', 'one'), ('X-Secret', '1')]))
    r = get(g.port, '/r/8')
    assert r.all('X-Server') == [f'127.0.0.1:{origin.port}']
    assert r.all('X-Add') == ['one', 'two']
    assert r.get('X-Secret') is None


def test_respond(pair):
    g, origin = pair
    before = len(origin.requests)
    with Wire(g.port) as w:
        r = w.ask('/ping?a=b')
        assert (r.status, r.body) == (201, b'pong a=b\n')
        assert r.get('Content-Type') == 'text/x'
        assert r.get('X-Here') == 'respond'
        assert r.get('X-Request-ID')
        r = w.ask('/ping', 'HEAD')
        assert r.status == 201 and r.get('Content-Length') == '6'
        assert w.ask('/empty').status == 204
        r = w.ask('/ping', 'POST', body=b'unread' * 1000)
        assert r.status == 201
    assert len(origin.requests) == before


def test_environment_in_strings(pair):
    g, _ = pair
    assert get(g.port, '/dollar').body == b'${X}'
    assert get(g.port, '/env').body == b'from the environment-default'

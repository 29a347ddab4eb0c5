"""Which route a request takes."""
import json

import pytest

from conf import service
from wire import Wire, get, raw

# Each route answers with its own name.
ROUTES = [
    ('exact', 'path = "/a/b";'),
    ('param', 'path = "/a/:x";'),
    ('deep', 'path = "/a/:x/c/:y";'),
    ('literal-deep', 'path = "/a/:x/c/d";'),
    ('rest', 'path = "/files/*rest";'),
    ('rest-long', 'path = "/files/deep/*rest";'),
    ('regex', 'path = "~^/v([0-9]+)/x$";'),
    ('regex-late', 'path = "~^/v1/x$";'),
    ('regex-files', 'path = "~^/files/[0-9]+$";'),
    ('host', 'path = "/h"; hosts = [ "one.example", "two.example" ];'),
    ('suffix', 'path = "/h"; hosts = [ "*.example" ];'),
    ('suffix-long', 'path = "/h"; hosts = [ "*.sub.example" ];'),
    ('any-host', 'path = "/h";'),
    ('fallback', 'path = "/only-any";'),
    ('host-other', 'path = "/only-one"; hosts = [ "one.example" ];'),
    ('m-get', 'path = "/m"; methods = [ "GET", "HEAD" ];'),
    ('m-put', 'path = "/m"; methods = [ "PUT" ];'),
    ('m-own', 'path = "/own"; methods = [ "BREW" ];'),
    ('c-header', 'path = "/c"; match = ( { header = "X-Version"; '
     'value = "2"; } );'),
    ('c-query', 'path = "/c"; match = ( { query = "beta"; } );'),
    ('c-cookie', 'path = "/c"; match = ( { cookie = "canary"; '
     'value = "yes"; } );'),
    ('c-two', 'path = "/c2"; match = ( { header = "X-A"; }, '
     '{ query = "b"; value = "1"; } );'),
    ('c-none', 'path = "/c";'),
    ('keep', 'path = "/keep/:x"; encoded_slash = "keep";'),
]
UP = [
    ('plain', 'path = "/up/*rest";', ''),
    ('to', 'path = "/api/users/:id";', 'rewrite = "/users/{id}";'),
    ('to-regex', 'path = "~^/w([0-9]+)/(.*)$";', 'rewrite = "/{2}?v={1}";'),
    ('to-rest', 'path = "/strip/*rest";', 'rewrite = "/{rest}";'),
    ('to-query', 'path = "/q/:a";', 'rewrite = "/x?a={a}";'),
]


@pytest.fixture(scope='module')
def router(shared_house):
    origin = shared_house.origin()
    routes = [f'{{ name = "{n}"; {r} respond = {{ status = 200; '
              f'body = "{n}"; }}; }}' for n, r in ROUTES]
    routes += [f'{{ name = "{n}"; {r} {w} service = "s"; }}'
               for n, r, w in UP]
    body = service(origin.port) + f'routes = ( {", ".join(routes)} );'
    return shared_house.gateway(body), origin


def chosen(router, path, **kw):
    r = get(router[0].port, path, **kw)
    return r.body.decode() if r.status == 200 else r.status


@pytest.mark.parametrize('path, name', [
    ('/a/b', 'exact'), ('/a/z', 'param'), ('/a/z/c/q', 'deep'),
    ('/a/z/c/d', 'literal-deep'), ('/a/', 404), ('/a', 404),
    ('/a/z/', 404), ('/A/b', 404),
    ('/files/', 'rest'), ('/files/x/y', 'rest'), ('/files', 404),
    ('/files/deep/x', 'rest-long'), ('/files/deep', 'rest'),
    ('/files/12', 'regex-files'),
    ('/v1/x', 'regex'), ('/v22/x', 'regex'), ('/v/x', 404),
    ('/v1/x/', 404), ('/own', 405), ('/', 404)])
def test_paths(router, path, name):
    assert chosen(router, path) == name


@pytest.mark.parametrize('host, name', [
    ('one.example', 'host'), ('TWO.example:8080', 'host'),
    ('three.example', 'suffix'), ('a.sub.example', 'suffix-long'),
    ('x.a.sub.example', 'suffix-long'), ('example', 'any-host'),
    ('other.org', 'any-host')])
def test_hosts(router, host, name):
    assert chosen(router, '/h', host=host) == name


def test_next_host_group_is_tried(router):
    assert chosen(router, '/only-any', host='one.example') == 'fallback'
    assert chosen(router, '/only-one', host='other.org') == 404


def test_methods(router):
    assert chosen(router, '/m') == 'm-get'
    assert chosen(router, '/m', method='PUT') == 'm-put'
    assert chosen(router, '/own', method='BREW') == 'm-own'
    r = get(router[0].port, '/m', 'DELETE')
    assert r.status == 405
    assert sorted(r.get('Allow').split(', ')) == ['GET', 'HEAD', 'PUT']
    assert get(router[0].port, '/own').get('Allow') == 'BREW'


@pytest.mark.parametrize('path, headers, name', [
    ('/c', [], 'c-none'),
    ('/c', [('X-Version', '2')], 'c-header'),
    ('/c', [('x-version', '2')], 'c-header'),
    ('/c', [('X-Version', '3')], 'c-none'),
    ('/c?beta', [], 'c-query'), ('/c?a=1&beta=', [], 'c-query'),
    ('/c?xbeta=1', [], 'c-none'),
    ('/c', [('Cookie', 'a=b; canary=yes')], 'c-cookie'),
    ('/c', [('Cookie', 'canary=no')], 'c-none'),
    ('/c2?b=1', [('X-A', '')], 'c-two'),
    ('/c2?b=2', [('X-A', 'x')], 404), ('/c2?b=1', [], 404)])
def test_conditions(router, path, headers, name):
    assert chosen(router, path, headers=headers) == name


@pytest.mark.parametrize('sent, got', [
    ('/up/a/b', '/up/a/b'), ('/up/a%20b?q=%2f', '/up/a%20b?q=%2f'),
    ('/api/users/7', '/users/7'), ('/api/users/7?x=1', '/users/7?x=1'),
    ('/api/users/a%20b', '/users/a%20b'),
    ('/w3/rest/of', '/rest/of?v=3'),
    ('/strip/x/y?z', '/x/y?z'), ('/strip/', '/'),
    ('/q/a%26b', '/x?a=a%26b'), ('/q/a&b', '/x?a=a%26b')])
def test_rewrites(router, sent, got):
    r = get(router[0].port, sent)
    assert json.loads(r.body)['target'] == got


@pytest.mark.parametrize('sent, got', [
    ('/up/./a', '/up/a'), ('/up/x/../a', '/up/a'), ('/up//a', '/up/a'),
    ('/up/%2e/a', '/up/a'), ('/up/x/%2e%2e/a', '/up/a'),
    ('/up/x/.%2E/a', '/up/a'), ('/up/%61', '/up/a'), ('/up/%7e', '/up/~'),
    ('/up/%c3%a9', '/up/%C3%A9'), ('/up/a;v=1', '/up/a;v=1'),
    ('/up/a/.', '/up/a/'), ('/up/a/..', '/up/'), ('/up/a?x=/../y',
                                                  '/up/a?x=/../y'),
    ('/up/...', '/up/...'), ('/up/a%25', '/up/a%25')])
def test_normalisation(router, sent, got):
    r = get(router[0].port, sent)
    assert r.status == 200, r
    assert json.loads(r.body)['target'] == got


@pytest.mark.parametrize('target', [
    '/up/%2f', '/up/a%2Fb', '/up/%5c', '/up/a\\b', '/up/%00', '/up/%0d%0a',
    '/up/\x01', '/up/%7f', '/up/..;/a', '/up/..;x=1/a', '/up/%2e%2e;/a',
    '/up/%zz', '/up/%2', '/up/%', '/up/a#b', '/../up/a', '/up/../../a',
    'up/a', '/up/.;/a'])
def test_refused_paths(router, target):
    g, origin = router
    before = len(origin.requests)
    r = raw(g.port, f'GET {target} HTTP/1.1\r\nHost: t\r\n\r\n')
    assert r.status == 400, r
    assert len(origin.requests) == before


def test_encoded_slash_may_be_kept(router):
    assert chosen(router, '/keep/a%2fb') == 'keep'
    assert chosen(router, '/a/x%2fb') == 400


def test_dot_segments_cannot_leave_a_route(router):
    g, origin = router
    assert get(g.port, '/up/../a/b').body == b'exact'
    assert get(g.port, '/up/%2e%2e/a/b').body == b'exact'


def test_options_star(router):
    r = raw(router[0].port, 'OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n')
    assert 200 <= r.status < 500


def test_keep_alive_over_routes(router):
    with Wire(router[0].port) as w:
        for path, name in (('/a/b', b'exact'), ('/none', None), ('/h',
                           b'any-host'), ('/m', b'm-get')):
            r = w.ask(path)
            assert (r.status, r.body) == (200, name) if name else \
                r.status == 404

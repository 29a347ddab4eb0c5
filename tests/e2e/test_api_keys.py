"""API keys: of the configuration, and those that come and go without it."""
import hashlib
import json

import pytest

from conf import service
from gateway import wait_until
from origin import field
from wire import get


def sha(key):
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def gate(house):
    origin = house.origin()
    body = service(origin.port) + f'''
authenticators = {{
  keys = {{ type = "api_key"; header = "X-API-Key"; query = "api_key";
    holders = (
      {{ name = "ci"; sha256 = "{sha('one')}"; user = "robot"; tenant = "t1";
         roles = [ "deploy", "read" ]; permissions = [ "a:b" ]; }},
      {{ name = "ci2"; sha256 = "{sha('two')}"; user = "robot"; }},
      {{ name = "late"; sha256 = "{sha('three')}"; expires = "2020-01-01"; }} ); }};
  stripped = {{ type = "api_key"; header = "X-API-Key"; query = "api_key";
    strip = true;
    holders = ( {{ name = "s"; sha256 = "{sha('one')}"; }} ); }};
}};
roles = {{ deploy = [ "a:b" ]; read = [ "a:c" ]; }};
routes = ( {{ path = "/stripped"; service = "s"; authenticate = "stripped"; }},
  {{ path = "/*rest"; service = "s"; authenticate = "keys"; }} );
'''
    g = house.gateway(body)
    g.body = body
    return g, origin


def by(key):
    return [('X-API-Key', key)]


def test_who_it_is(gate):
    g, origin = gate
    for _ in range(2):
        assert get(g.port, headers=by('one')).status == 200
        assert field(origin.last, 'x-user-id') == ['robot']
        assert field(origin.last, 'x-user-roles') == ['deploy,read']
        assert field(origin.last, 'x-user-permissions') == ['a:b']
        assert field(origin.last, 'x-tenant-id') == ['t1']
        assert field(origin.last, 'x-api-key') == ['one']
    # Two at once, for a rotation.
    assert get(g.port, headers=by('two')).status == 200
    assert field(origin.last, 'x-user-id') == ['robot']


def test_who_it_is_not(gate):
    g, origin = gate
    for key, why in (('four', 'api_key_unknown'), ('', 'api_key_unknown'),
                     (sha('one'), 'api_key_unknown'),
                     ('three', 'api_key_expired')):
        for _ in range(2):
            r = get(g.port, headers=by(key))
            assert r.status == 401 and f'"{why}"'.encode() in r.body, key
            assert r.get('WWW-Authenticate') == 'ApiKey realm="keys"'
    assert get(g.port).status == 401
    assert not origin.requests


def test_in_the_query(gate):
    g, origin = gate
    assert get(g.port, '/x?a=1&api_key=on%65&b').status == 200
    assert origin.last.target == '/x?a=1&api_key=on%65&b'
    r = get(g.port, '/x?api_key=one', headers=by('one'))
    assert r.status == 400 and b'two_credentials' in r.body
    r = get(g.port, '/x?api_key=one&api_key=one')
    assert r.status == 400 and b'two_credentials' in r.body


def test_taken_out(gate):
    g, origin = gate
    assert get(g.port, '/stripped?a=1&api_key=one&b').status == 200
    assert origin.last.target == '/stripped?a=1&b'
    assert get(g.port, '/stripped?api_key=one').status == 200
    assert origin.last.target == '/stripped'
    assert get(g.port, '/stripped?x', headers=by('one')).status == 200
    assert origin.last.target == '/stripped?x'
    assert field(origin.last, 'x-api-key') == []


def test_made_at_run_time(gate):
    g, origin = gate
    made = json.loads(g.ctl('-j', 'keys', '--user=bob', '--role=read',
                            'add', 'keys', 'new').stdout)
    key = made['key']
    assert get(g.port, headers=by(key)).status == 200
    assert field(origin.last, 'x-user-id') == ['bob']
    assert field(origin.last, 'x-user-roles') == ['read']
    # It outlives reloads.
    g.reload(g.body + 'zone = "here";')
    assert get(g.port, headers=by(key)).status == 200
    # Those of the configuration are still there.
    assert get(g.port, headers=by('one')).status == 200
    assert get(g.port, '/stripped', headers=by(key)).status == 401
    g.ctl('keys', 'remove', 'keys', 'new')
    wait_until(lambda: get(g.port, headers=by(key)).status == 401, 2,
               'the end of a key')


def test_revoked(gate):
    g, _ = gate
    assert get(g.port, headers=by('one')).status == 200
    g.ctl('revoke', 'token', 'ci')
    r = get(g.port, headers=by('one'))
    assert r.status == 401 and b'token_revoked' in r.body
    assert get(g.port, headers=by('two')).status == 200
    g.ctl('revoke', 'user', 'robot')
    assert get(g.port, headers=by('two')).status == 401
    g.ctl('unrevoke', 'user', 'robot')
    assert get(g.port, headers=by('two')).status == 200

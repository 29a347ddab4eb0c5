"""Certificates as identities: the subject, its common name, names in it."""
import ssl

import pytest

from conf import service
from origin import field
from pki import Authority
from secure import TlsWire


@pytest.fixture(scope='module')
def ca():
    return Authority('Clients')


@pytest.fixture(scope='module')
def gate(shared_house, ca):
    origin = shared_house.origin()
    g = shared_house.gateway('', start=False)
    ca.issue('site.example').write(g.dir, 'site')
    ca.write(g.dir / 'ca.pem')
    Authority('Others').write(g.dir / 'other.pem')
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; tls = {{
  certificates = ( {{ certificate = "site.pem"; key = "site.key"; }} );
  client_verify = "optional"; client_ca = "ca.pem"; }}; }} );
{service(origin.port)}
authenticators = {{
  subject = {{ type = "mtls"; subject = "subject"; open = false;
    holders = ( {{ name = "CN=boss,O=Example"; user = "the boss";
                   roles = [ "admin" ]; }} ); }};
  cn = {{ type = "mtls"; subject = "cn"; open = true;
    holders = ( {{ name = "CN=boss"; roles = [ "admin" ]; }} ); }};
  san = {{ type = "mtls"; subject = "san"; open = false;
    holders = ( {{ name = "URI:spiffe://example/pay"; user = "pay";
                   service = "pay"; }},
                {{ name = "DNS:b.example"; }} ); }};
  email = {{ type = "mtls"; subject = "email"; open = true; }};
}};
roles = {{ admin = [ "x" ]; }};
routes = (
  {{ path = "/subject"; service = "s"; authenticate = "subject"; }},
  {{ path = "/cn"; service = "s"; authenticate = "cn"; }},
  {{ path = "/san"; service = "s"; authenticate = "san"; }},
  {{ path = "/email"; service = "s"; authenticate = "email"; }},
  {{ path = "/maybe"; service = "s";
     authenticate = [ "subject", "anonymous" ]; }} );
''')
    return g.start(), origin


@pytest.fixture
def ask(gate):
    g, origin = gate

    def of(path, shown=None):
        """The answer's status, and who it was."""
        context = ssl.create_default_context(cafile=g.dir / 'ca.pem')
        if shown is not None:
            shown.write(g.dir, 'client')
            context.load_cert_chain(g.dir / 'client.pem', g.dir / 'client.key')
        with TlsWire(g.port, context) as w:
            for _ in range(2):
                r = w.ask(path, headers=[('X-User-ID', 'mallory')])
        if r.status != 200:
            return r.status, r.body.decode()
        return r.status, field(origin.last, 'x-user-id')
    return of


@pytest.fixture
def leaf(ca):
    """A certificate for a client."""
    return lambda name, **kw: ca.issue(name, client=True, **kw)


def test_subjects(ask, leaf, gate):
    _, origin = gate
    assert ask('/subject', leaf('boss', organisation='Example')) == (
        200, ['the boss'])
    assert field(origin.last, 'x-user-roles') == ['admin']
    for name, org in (('boss', None), ('boss', 'Other'),
                      ('boss,O=Example', None)):
        status, body = ask('/subject', leaf(name, organisation=org))
        assert status == 401 and 'certificate_unknown' in body


def test_common_names(ask, leaf, gate):
    _, origin = gate
    assert ask('/cn', leaf('boss')) == (200, ['boss'])
    assert field(origin.last, 'x-user-roles') == ['admin']
    assert ask('/cn', leaf('anybody')) == (200, ['anybody'])
    assert field(origin.last, 'x-user-roles') == []
    # What only looks like the name.
    assert ask('/cn', leaf('x,CN=boss')) == (200, ['x\\,CN=boss'])
    assert field(origin.last, 'x-user-roles') == []


def test_names(ask, leaf):
    assert ask('/san', leaf('x', names=['a.example', 'b.example'])) == (
        200, ['DNS:a.example'])
    assert ask('/san', leaf('x', names=[
        'URI:spiffe://example/pay'])) == (200, ['pay'])
    assert ask('/san', leaf('x', names=['c.example']))[0] == 401
    assert ask('/email', leaf('x', names=['a.example',
                                              'email:x@y'])) == (200, ['x@y'])
    assert ask('/email', leaf('x', names=['a.example']))[0] == 401


def test_without_a_certificate(ask):
    status, body = ask('/subject')
    assert status == 401 and 'no_credentials' in body
    assert ask('/maybe') == (200, [])


def test_bad_ones_are_not_anonymous(ask, leaf):
    assert ask('/maybe', leaf('nobody'))[0] == 401


def test_revoked(ask, leaf, gate):
    g, _ = gate
    assert ask('/cn', leaf('carol')) == (200, ['carol'])
    g.ctl('revoke', 'user', 'carol')
    status, body = ask('/cn', leaf('carol'))
    assert status == 401 and 'token_revoked' in body

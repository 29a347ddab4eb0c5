"""Client certificates choose routes and are told to endpoints."""
import json
import socket
import ssl

import pytest

from conf import service
from pki import Authority


@pytest.fixture(scope='module')
def ca():
    return Authority('Clients')


@pytest.fixture
def gate(house, ca):
    """A gateway that asks for certificates; its endpoint tells what came."""
    origin = house.origin()
    g = house.gateway('', start=False)
    ca.issue('site.example').write(g.dir, 'site')
    ca.write(g.dir / 'ca.pem')
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; tls = {{
  certificates = ( {{ certificate = "site.pem"; key = "site.key"; }} );
  client_verify = "optional"; client_ca = "ca.pem"; }}; }} );
{service(origin.port)}
routes = (
  {{ name = "spiffe"; path = "/"; service = "s";
     match = ( {{ client_san = "URI:spiffe://example/*"; }} );
     rewrite = "/spiffe";
     request_headers = ( {{ set = "X-Client"; value = "{{client_san}}"; }},
       {{ set = "X-Print"; value = "{{client_fingerprint}}"; }},
       {{ set = "X-Tls"; value = "{{tls_version}} {{sni}}"; }} ); }},
  {{ name = "boss"; path = "/"; service = "s";
     match = ( {{ client_subject = "CN=boss,O=Example"; }} );
     rewrite = "/boss";
     request_headers = ( {{ set = "X-Client"; value = "{{client_subject}}"; }},
       {{ set = "X-Issuer"; value = "{{client_issuer}}"; }} ); }},
  {{ name = "rest"; path = "/"; service = "s"; rewrite = "/rest";
     request_headers = ( {{ set = "X-Client"; value = "{{client_subject}}"; }}
     ); }} );
''')
    return g.start()


def ask(g, leaf=None):
    """What the endpoint has got: its target, and a dictionary of fields."""
    context = ssl.create_default_context(cafile=g.dir / 'ca.pem')
    if leaf is not None:
        leaf.write(g.dir, 'client')
        context.load_cert_chain(g.dir / 'client.pem', g.dir / 'client.key')
    with socket.create_connection(('127.0.0.1', g.port), 5) as plain:
        with context.wrap_socket(plain, server_hostname='site.example') as s:
            s.sendall(b'GET / HTTP/1.1\r\nHost: site.example\r\n'
                      b'X-Client: CN=boss,O=Example\r\n'
                      b'Connection: close\r\n\r\n')
            answer = b''
            while more := s.recv(65536):
                answer += more
    assert answer.startswith(b'HTTP/1.1 200'), answer
    doc = json.loads(answer.partition(b'\r\n\r\n')[2])
    fields = {}
    for name, value in doc['headers']:
        assert name.lower() not in fields, f'{name} is there twice'
        fields[name.lower()] = value
    return doc['target'], fields


def test_by_name(gate, ca):
    leaf = ca.issue('w', names=['DNS:w.example', 'URI:spiffe://example/w,1'],
                    client=True)
    target, fields = ask(gate, leaf)
    assert target == '/spiffe'
    # A comma inside a name does not part names.
    assert fields['x-client'] == (
        'DNS:w.example,URI:spiffe://example/w\\2c1')
    assert fields['x-print'] == leaf.fingerprint
    assert fields['x-tls'] == 'TLSv1.3 site.example'


def test_no_name_within_a_name(gate, ca):
    leaf = ca.issue('w', names=['URI:http://x/,URI:spiffe://example/w'],
                    client=True)
    assert ask(gate, leaf)[0] == '/rest'


def test_by_subject(gate, ca):
    leaf = ca.issue('boss', organisation='Example', client=True)
    target, fields = ask(gate, leaf)
    assert target == '/boss'
    assert fields['x-client'] == 'CN=boss,O=Example'
    assert fields['x-issuer'] == 'CN=Clients'
    leaf = ca.issue('boss', organisation='Example Ltd', client=True)
    assert ask(gate, leaf)[0] == '/rest'


def test_forged_header_is_replaced(gate, ca):
    target, fields = ask(gate)
    assert target == '/rest' and fields.get('x-client', '') == ''
    target, fields = ask(gate, ca.issue('small', client=True))
    assert target == '/rest' and fields['x-client'] == 'CN=small'


def test_what_does_not_hold_is_refused(gate, ca):
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        ask(gate, Authority('Others').issue('boss', organisation='Example',
                                            client=True))
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        ask(gate, ca.issue('boss', organisation='Example', client=True,
                           days=-1, start=-3))

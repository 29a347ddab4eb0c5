"""Services that are asked about credentials, and gateways that ask them."""
import json
import threading
import time
import urllib.parse

from gateway import wait_until
from origin import field
from tokens import bearer
from wire import Wire, get

HOUR = 3600


class H2Request:
    def __init__(self, x):
        self.body, self.headers = x.body(), x.headers


def patient(options):
    """Of an authenticator: those that a test says, and to wait for answers as
    long as may be, if it says nothing of that."""
    return options if 'timeout' in options else f'timeout = "60s"; {options}'


class Issuer:
    """Says what it knows of tokens (RFC 7662): `known[token]` are claims."""

    def __init__(self, house, make=None):
        self.known = {}
        self.forms = []
        self.gate = threading.Event()  # open unless a test closes it
        self.gate.set()
        self.answers = None  # instead: a function of (connection, request)
        self.origin = (make or house.origin)(self.answer)

    def answer(self, conn, request=None):
        if request is None:  # an Exchange of HTTP/2
            request = H2Request(conn)
        form = urllib.parse.parse_qs(request.body.decode())
        self.forms.append(form)
        self.gate.wait(1200)
        if self.answers is not None:
            self.answers(conn, request)
            return
        claims = self.known.get(form['token'][0])
        says = {'active': False} if claims is None else \
            {'active': True, **claims}
        conn.reply(200, json.dumps(says),
                   [('content-type', 'application/json')])

    @property
    def asked(self):
        return len(self.forms)

    def knows(self, token, **claims):
        self.known[token] = {'sub': 'alice', 'exp': int(time.time()) + HOUR,
                             **claims}

    def authenticator(self, more='', name='idp'):
        more = patient(more)
        return (f'{name} = {{ type = "introspection"; service = "{name}"; '
                f'path = "/introspect"; {more} }};')


def service_text(name, *ports, more=''):
    endpoints = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    return f'{name} = {{ endpoints = ( {endpoints} ); {more} }};'


def configuration(services, authenticators, authenticate='"idp"', more='',
                  routes=''):
    return (f'services = {{ {" ".join(services)} }};\n'
            f'authenticators = {{ {" ".join(authenticators)} }};\n{more}\n'
            f'routes = ( {routes} {{ path = "/*rest"; service = "s"; '
            f'authenticate = {authenticate}; }} );')


def ask(g, token, path='/', **kw):
    return get(g.port, path, headers=bearer(token), **kw)


def send(g, token, path='/'):
    """A request on a wire of its own, whose answer is not waited for."""
    w = Wire(g.port, timeout=60)
    w.send(f'GET {path} HTTP/1.1\r\nHost: t\r\n'
           f'Authorization: Bearer {token}\r\n\r\n')
    return w


def wait_waiting(g, n):
    wait_until(lambda: g.metric('auth_waiting') == n, 10, f'{n} that wait')


def error_of(response):
    return json.loads(response.body)['error']


def told(origin, name):
    """What the upstream was told at last."""
    return field(origin.last, name)


"""Does explain say what then happens? Configurations and requests at random,
each request explained first and then sent.

    world = World(random.Random(7), house)
    world.compare(world.request())      # AssertionError where they differ
"""
import contextlib
import json
import subprocess
import time

import jwt

from gateway import CTL, free_port
from test_client_limits import From
from wire import Cut

SECRET = 'x' * 40
HOSTS = ('a.example', 'b.example', 'x.c.example') * 3 + ('nobody.example',)
SEGMENTS = ('one', 'two', 'three', '%C3%A9', 'a.b', '..', 'x%2fy', '')
METHODS = ('GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS',
           'PATCH', 'TRACE', 'BREW')
SOURCES = ('127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.66', '127.0.0.77')
CLIENTS = ('192.0.2.1', '192.0.2.2', '198.51.100.7', '2001:db8::1', 'rubbish')
TRUSTED = '127.0.0.9'
BANNED, BANNED_CLIENT = '127.0.0.66', '198.51.100.7'


def names(options):
    return '[ ' + ', '.join(f'"{o}"' for o in options) + ' ]'


def says(name):
    def answer(conn, request):
        if request.method == 'HEAD':
            conn.send(f'HTTP/1.1 200 OK\r\nX-From: {name}\r\n'
                      'Content-Length: 0\r\n\r\n')
        else:
            conn.reply(200, name, [('X-From', name)])
    return answer


class World:
    SERVICES = ('s0', 's1', 's2', 'drained', 'opened')

    def __init__(self, rng, house, workers=2):
        self.rng, self.house = rng, house
        self.ports = [house.origin(says(n)).port for n in self.SERVICES[:3]]
        self.dead = free_port()
        self.gateway = house.gateway(self.conf(), workers=workers)
        self.gateway.ctl('ban', BANNED)
        self.gateway.ctl('ban', BANNED_CLIENT)
        self.open_breaker()
        self.explainer = self.start()
        self.asked = 0

    def start(self):
        return subprocess.Popen(
            [CTL, '-s', self.gateway.socket, 'explain', '-'], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)

    def close(self):
        self.explainer.stdin.close()
        assert self.explainer.wait(60) == 0
        self.explainer.stdout.close()

    def again(self):
        """Another configuration in the same gateway."""
        self.gateway.reload(self.conf())
        self.open_breaker()

    # --- what there is

    def conf(self):
        one = 'endpoints = ( {{ address = "127.0.0.1:{}"; }} );'.format
        services = [f's{i} = {{ {one(p)} }};'
                    for i, p in enumerate(self.ports)]
        services += [
            f'drained = {{ endpoints = ( {{ address = "127.0.0.1:'
            f'{self.ports[0]}"; state = "drain"; }} ); }};',
            f'opened = {{ {one(self.dead)} retry = {{ attempts = 1; }}; '
            'breaker = { failures = 1; open = "1h"; }; };']
        self.paths = []
        routes = [self.route(i) for i in range(self.rng.randint(4, 14))]
        routes.append('{ name = "open"; hosts = [ "open.example" ]; '
                      'path = "/"; service = "opened"; }')
        return (
            f'trusted_proxies = [ "{TRUSTED}" ];\n'
            f'acl = {{ deny = [ "127.0.0.77", "192.0.2.2" ]; }};\n'
            f'limits = {{ headers = 40; uri = "300"; request_body = "1k"; }};\n'
            'services = { ' + ' '.join(services) + ' };\n'
            # Nothing flows in between a question and a request.
            'rate_limits = { few = { key = "address"; rate = "1/day"; '
            'burst = 4; }; keyed = { key = [ "header:X-Key" ]; '
            'rate = "5/day"; algorithm = "fixed_window"; }; '
            'user = { key = "user"; rate = "1/day"; burst = 6; }; };\n'
            'authenticators = { t = { type = "jwt"; algorithms = [ "HS256" ]; '
            f'keys = ( {{ id = "k"; secret = "{SECRET}"; }} ); }}; }};\n'
            'roles = { admin = [ "x:*" ]; viewer = [ "x:read" ]; };\n'
            'cors = { page = { origins = [ "https://page.example" ]; '
            'methods = [ "GET", "PUT" ]; }; };\n'
            f'routes = ( {", ".join(routes)} );\n')

    def path(self):
        rng, parts = self.rng, []
        for i in range(rng.randint(1, 3)):
            parts.append(rng.choice((rng.choice(SEGMENTS[:3]), f':p{i}')))
        if rng.random() < 0.3:
            parts.append('*rest')
        self.paths.append(parts)
        return '/' + '/'.join(parts)

    def target(self, guarded):
        """What a route does in the end."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.2:
            return (f'respond = {{ status = {rng.choice((200, 301, 404, 503))}; '
                    'body = "x"; };')
        if kind < 0.4:
            arms = ', '.join(f'{{ service = "s{i}"; weight = '
                             f'{rng.randint(0, 3) + (i == 0)}; }}'
                             for i in range(3))
            return (f'split = ( {arms} ); split_key = "cookie:who"; '
                    + ('rewrite = "/r/{path}";' if kind < 0.25 else ''))
        return (f'service = "{rng.choice(self.SERVICES)}"; '
                + ('upgrade = [ "websocket" ];' if kind > 0.9 else '')
                + ('retry_unsafe = true;' if kind > 0.8 and guarded else ''))

    def route(self, number):
        rng, keys = self.rng, [f'name = "r{number}";']
        if rng.random() < 0.6:
            hosts = rng.sample(('a.example', 'b.example', '*.c.example'),
                               rng.randint(1, 2))
            keys.append(f'hosts = {names(hosts)};')
        keys.append(f'path = "{self.path()}";')
        if rng.random() < 0.5:
            keys.append('methods = ' + names(rng.sample(
                ('GET', 'POST', 'PUT', 'DELETE', 'BREW'), 2)) + ';')
        if rng.random() < 0.2:
            keys.append(rng.choice((
                'match = ( { header = "X-Key"; } );',
                'match = ( { query = "q"; value = "1"; } );',
                'match = ( { cookie = "who"; value = "me*"; } );')))
        guarded = rng.random() < 0.35
        if guarded:
            keys.append('authenticate = "t";')
            if rng.random() < 0.7:
                keys.append('authorize = { any_role = [ "'
                            + rng.choice(('admin', 'viewer')) + '" ]; };')
        if rng.random() < 0.4:
            keys.append('rate_limits = ' + names(rng.sample(
                ['few', 'keyed'] + ['user'] * guarded,
                rng.randint(1, 2))) + ';')
        if rng.random() < 0.2:
            keys.append('acl = { deny = [ "127.0.0.3", "192.0.2.0/24" ]; };')
        if rng.random() < 0.25:
            keys.append('cors = "page";')
        if rng.random() < 0.1:
            keys.append('encoded_slash = "keep";')
        return '{ ' + ' '.join(keys + [self.target(guarded)]) + ' }'

    def open_breaker(self):
        for _ in range(5):
            with contextlib.closing(From(self.gateway.port)) as w:
                r = w.ask('/', host='open.example')
            if json.loads(r.body)['error'] == 'breaker_open':
                return
        raise AssertionError(f'the breaker stays closed: {r}')

    # --- what is asked

    def token(self):
        rng, kind = self.rng, self.rng.random()
        claims = {'exp': int(time.time()) + (-900 if kind < 0.1 else 900),
                  'sub': rng.choice(('joe', 'ann'))}
        if rng.random() < 0.8:
            claims['roles'] = rng.sample(('admin', 'viewer', 'other'),
                                         rng.randint(1, 2))
        key = 'y' * 40 if kind > 0.95 else SECRET
        text = jwt.encode(claims, key, 'HS256', headers={'kid': 'k'})
        return text[:-3] if 0.9 < kind < 0.93 else text

    def headers(self, method):
        rng, out = self.rng, []
        if rng.random() < 0.5:
            out.append(('Authorization', 'Bearer ' + self.token()))
        if rng.random() < 0.4:
            out.append(('X-Key', rng.choice('abc')))
        if rng.random() < 0.4:
            out.append(('Cookie', 'who=' + rng.choice(('me', 'me2', 'you'))))
        if rng.random() < 0.25:
            out.append(('Origin', rng.choice(('https://page.example',
                                              'https://other.example'))))
        if method == 'OPTIONS' and rng.random() < 0.6:
            out.append(('Access-Control-Request-Method',
                        rng.choice(('GET', 'PUT', 'BREW'))))
        if rng.random() < 0.04:
            out.append(rng.choice((
                ('Max-Forwards', '0'), ('Max-Forwards', 'x'),
                ('Content-Length', 'many'), ('Host', 'twice.example'),
                ('Bad Name', 'x'), ('Expect', 'something'),
                ('X-Long', 'y' * 20000), ('Transfer-Encoding', 'gzip'),
                ('Connection', 'Upgrade'))))
        if rng.random() < 0.01:
            out += [(f'X-Many-{i}', 'x') for i in range(45)]
        return out

    def segment(self):
        return self.rng.choice(
            SEGMENTS[:5] if self.rng.random() < 0.95 else SEGMENTS)

    def some_path(self):
        """Mostly one that a route is for."""
        rng = self.rng
        if rng.random() < 0.2:
            return '/' + '/'.join(self.segment()
                                  for _ in range(rng.randint(1, 3)))
        return '/' + '/'.join(self.segment() if p[0] in ':*' else p
                              for p in rng.choice(self.paths))

    def request(self):
        rng = self.rng
        method = rng.choice(METHODS)
        path = self.some_path()
        if rng.random() < 0.2:
            path += '?q=' + rng.choice('12')
        if rng.random() < 0.02:
            path = rng.choice(('*', '/' + 'z' * 400, '/#', '/a b', '/\\',
                               '/%00', 'nowhere', '/%zz'))
        address = rng.choice(SOURCES[:3] if rng.random() < 0.9 else SOURCES)
        headers = self.headers(method)
        if rng.random() < 0.25:
            address = TRUSTED
            headers.append(('X-Forwarded-For', rng.choice(CLIENTS)))
        size = 0
        if method in ('POST', 'PUT', 'PATCH') and rng.random() < 0.5:
            size = rng.choice((1, 1000, 2000))
        host = 'open.example' if rng.random() < 0.03 else rng.choice(HOSTS)
        return {'method': method, 'url': path, 'address': address,
                'headers': [('Host', host)] + headers, 'body_size': size}

    # --- what becomes of it

    def explain(self, request):
        self.explainer.stdin.write(json.dumps(request) + '\n')
        self.explainer.stdin.flush()
        line = self.explainer.stdout.readline()
        assert line, 'the explainer has ended'
        return json.loads(line)

    def send(self, request):
        """The answer, or None: the connection was closed instead."""
        lines = ['{method} {url} HTTP/1.1'.format(**request)]
        lines += [f'{n}: {v}' for n, v in request['headers']]
        if request['body_size']:
            lines.append(f'Content-Length: {request["body_size"]}')
        data = '\r\n'.join(lines) + '\r\n\r\n' + 'x' * request['body_size']
        try:
            with contextlib.closing(
                    From(self.gateway.port, request['address'])) as w:
                w.send(data)
                return w.response(request['method'])
        except (Cut, ConnectionResetError, BrokenPipeError):
            return None

    @staticmethod
    def why(answer, said):
        """The reason that an answer bears; those without one are believed."""
        if 'problem+json' in (answer.get('Content-Type') or '') \
                and answer.body:
            return json.loads(answer.body)['error']
        return said

    def compare(self, request):
        self.asked += 1
        told = self.explain(request)
        answer = self.send(request)
        out = told['outcome']
        seen = None
        if answer is None:
            seen = {'kind': 'closed'}
            same = out['kind'] == 'closed'
        elif out['kind'] == 'forward':
            seen = {'status': answer.status, 'from': answer.get('X-From')}
            same = answer.status == 200 and \
                answer.get('X-From') == out['service']
        else:
            seen = {'status': answer.status,
                    'why': self.why(answer, out['why']),
                    'from': answer.get('X-From'),
                    'left': answer.get('X-RateLimit-Remaining')}
            fields = {n.lower(): v for n, v in out.get('fields', [])}
            same = out['kind'] == 'answer' and \
                seen['status'] == out['status'] and \
                seen['why'] == out['why'] and seen['from'] is None and \
                seen['left'] == fields.get('x-ratelimit-remaining')
        assert same, json.dumps(
            {'request': request, 'told': told, 'seen': seen}, indent=1) \
            + self.gateway.conf.read_text()
        return out['kind'], out['why']

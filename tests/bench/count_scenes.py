"""What is counted: two gateways, and what their clients ask of them."""
import itertools
import ssl

from count_load import Client, H2Client
from h2wire import block, plain
from pki import Authority
from tokens import Issuer, Key, bearer

TOP = 'log = { level = "warn"; target = "stderr"; };\n'
BARE_BODY = '''
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{up}"; }} );
  pool = {{ max_idle = 256; }}; }}; }};
routes = ( {{ path = "/*rest"; service = "s"; }} );
'''
FULL_TOP = TOP + '''
access_log = ( { path = "%s/access.log"; format = "json"; } );
tracing = { propagate = [ "w3c" ]; };
'''
FULL_BODY = '''
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{up}"; }} );
  pool = {{ max_idle = 256; }}; breaker = {{ failures = 5; }}; }}; }};
authenticators = {{ {authenticator} }};
roles = {{ viewer = [ "users:read" ];
  admin = {{ permissions = [ "users:*" ]; inherits = "viewer"; }}; }};
rate_limits = {{
  user = {{ key = "user"; rate = "100000000/min"; }};
  address = {{ key = "address"; rate = "100000000/min"; }};
  none = {{ key = "address"; rate = "1/day"; burst = 1; }}; }};
routes = (
  {{ path = "/orgs/:org/users/*rest"; service = "s"; authenticate = "main";
    authorize = {{ permissions = "users:read"; tenant = "{{org}}"; }};
    rate_limits = [ "user", "address" ]; }},
  {{ path = "/admin/*rest"; service = "s"; authenticate = "main";
    authorize = {{ any_role = "admin"; }}; }},
  {{ path = "/limited/*rest"; service = "s"; rate_limits = "none"; }} );
'''
ISSUED = 1_700_000_000  # of tokens, in seconds: any time that has been
BANNED = '192.0.2.77'
TRACE = 'Traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'


def get(path, *fields):
    lines = ''.join(f'{name}: {value}\r\n' for name, value in fields)
    return (f'GET {path} HTTP/1.1\r\nHost: count.test\r\n'
            f'User-Agent: count/1\r\nAccept: */*\r\n{lines}\r\n').encode()


class Scenario:
    """So many connections, each of which asks so many times."""

    def __init__(self, make, connections, rounds, streams=1):
        self.clients = [make() for _ in range(connections)]
        self.rounds = rounds
        self.requests = connections * rounds * streams

    def close(self):
        for client in self.clients:
            client.close()


class NewTokens(Client):
    """A client, each of whose requests has the token of a user of its own:
    both from `numbers`, which no two clients share."""

    def __init__(self, port, issuer, numbers):
        super().__init__(port, b'', 200)
        self.issuer, self.numbers = issuer, numbers

    def ask(self):
        user = f'user-{next(self.numbers)}'
        token = self.issuer.sign(
            sub=user, email=f'{user}@count.test', roles=['viewer'],
            tenant_id='t1', iss='https://issuer.test', aud='api',
            jti=user, iat=ISSUED)
        self.request = get('/orgs/t1/users/1', *bearer(token, TRACE))
        super().ask()


class Scene:
    """What a gateway is asked, and what is done to it before."""

    def prepare(self, gateway):
        pass


class Bare(Scene):
    """Nothing but the proxying."""
    name = 'bare'

    def __init__(self, folder):
        self.folder = folder
        site = Authority().issue('count.test', names=['count.test'])
        self.certificate, self.key = site.write(folder, 'site')

    def texts(self, up, ports):
        secure, h2c = ports
        top = TOP + (
            'listeners = ( { address = "127.0.0.1:%d"; }, { address = '
            '"127.0.0.1:%d"; tls = { certificates = ( { certificate = "%s"; '
            'key = "%s"; } ); }; }, { address = "127.0.0.1:%d"; '
            'protocols = [ "h2" ]; } );\n')
        return BARE_BODY.format(up=up), lambda port: top % (
            port, secure, self.certificate, self.key, h2c)

    def scenarios(self, port, ports):
        secure, h2c = ports
        asked, last = get('/users/1'), get('/users/1', ('Connection', 'close'))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def made(request, to=port, **how):
            return lambda: Client(to, request, 200, **how)
        fields = block(*plain('/users/1', 'count.test'),
                       ('user-agent', 'count/1'), ('accept', '*/*'))
        return {
            'plain': Scenario(made(asked), 64, 8),
            'alone': Scenario(made(asked), 1, 384),
            'once': Scenario(made(last, once=True), 16, 16),
            'tls': Scenario(made(asked, secure, context=context), 16, 16),
            'handshake': Scenario(made(last, secure, context=context,
                                       once=True), 4, 16),
            'h2c': Scenario(lambda: H2Client(h2c, fields, 200, 16), 4, 6, 16),
        }


class Full(Scene):
    """All that a request can have, and what is refused of it."""
    name = 'full'

    def __init__(self, folder):
        self.folder = folder
        self.issuer = Issuer(Key('rs', 'RS256'))
        self.issuer.write(folder)

    def texts(self, up, ports):
        body = FULL_BODY.format(
            up=up, authenticator=self.issuer.authenticator()
            .replace('"rs.pem"', f'"{self.folder}/rs.pem"'))
        top = FULL_TOP % self.folder
        return body, lambda port: top

    def scenarios(self, port, ports):
        def made(path, status, *fields):
            return lambda: Client(port, get(path, *fields), status)
        token = self.issuer.sign(sub='alice', roles=['viewer'],
                                 tenant_id='t1', email='alice@count.test')
        numbers = itertools.count(10_000)
        return {
            'full': Scenario(made('/orgs/t1/users/1', 200,
                                  *bearer(token, TRACE)), 64, 8),
            'new': Scenario(lambda: NewTokens(port, self.issuer, numbers),
                            64, 8),
            '401': Scenario(made('/orgs/t1/users/1', 401), 16, 16),
            '403': Scenario(made('/admin/users/1', 403, *bearer(token)),
                            16, 16),
            '429': Scenario(made('/limited/users/1', 429), 16, 16),
        }


class Banned(Scene):
    """A client that is turned away, of whom a trusted proxy tells."""
    name = 'banned'

    def __init__(self, folder):
        pass

    def texts(self, up, ports):
        top = TOP + 'trusted_proxies = [ "127.0.0.1" ];\n'
        return BARE_BODY.format(up=up), lambda port: top

    def prepare(self, gateway):
        gateway.ctl('ban', BANNED)

    def scenarios(self, port, ports):
        request = get('/users/1', ('X-Forwarded-For', BANNED))
        return {'banned': Scenario(lambda: Client(port, request, 403), 64, 8)}

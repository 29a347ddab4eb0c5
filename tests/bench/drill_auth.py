"""What it costs to know who asks: CPU of the worker for a request of each kind
beside one that nobody has to be known for, and refusals per second of CPU."""
import base64
import hashlib
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from drill_kit import Upstreams, must_be_zero, pss_kb, say
from gateway import Gateway
from origin import Origin
from tokens import Issuer, Key, authenticators

TOP = 'log = { level = "warn"; target = "stderr"; };\n'
ROUNDS, SECONDS, CONNECTIONS = 7, 1, 16
SECRET = b'a secret of more than thirty-two bytes'
TOKENS = 100_000
ROLES = '''
roles = { viewer = [ "users:read" ]; editor = [ "users:write" ];
  admin = { permissions = [ "users:*", "orgs:*" ];
            inherits = [ "viewer" ]; }; };
'''


def introspect(conn, request):
    conn.reply(200, json.dumps({'active': True, 'sub': 'alice',
                                'exp': int(time.time()) + 3600}))


def hs256(secret, **claims):
    """One that costs little to make."""
    def text(part):
        return base64.urlsafe_b64encode(part).rstrip(b'=')
    signed = (text(b'{"alg":"HS256","kid":"hs"}') + b'.' +
              text(json.dumps(claims).encode()))
    mac = hashlib.new('sha256')
    pads = [bytes(c ^ x for c in secret.ljust(64, b'\0')) for x in (0x36, 0x5c)]
    mac.update(pads[0] + signed)
    digest = hashlib.sha256(pads[1] + mac.digest()).digest()
    return (signed + b'.' + text(digest)).decode()


class Kinds:
    """A gateway with a route for each kind of authenticator."""

    def __init__(self, folder, up, idp):
        folder = pathlib.Path(folder)
        self.keys = {a: Issuer(Key(a.lower(), a)) for a in ('RS256', 'ES256')}
        names = []
        texts = ['keys = { type = "api_key"; header = "X-API-Key"; holders = '
                 '( { name = "ci"; user = "ci"; sha256 = "'
                 f'{hashlib.sha256(b"key").hexdigest()}"; }} ); }};',
                 'basic = { type = "basic"; htpasswd = "users"; };',
                 'asked = { type = "introspection"; service = "idp"; '
                 'path = "/"; ttl = "10m"; };']
        for alg, them in self.keys.items():
            them.write(folder)
            texts += [them.authenticator(alg.lower()),
                      them.authenticator(f'{alg.lower()}_fresh',
                                         more='cache = false;')]
        for name, more in (('hs256', ''), ('hs256_fresh', 'cache = false;')):
            texts.append(f'{name} = {{ type = "jwt"; algorithms = [ "HS256" ]; '
                         f'keys = ( {{ id = "hs"; secret_file = "secret"; }} );'
                         f' {more} }};')
        names = [re.match(r'\w+', t).group() for t in texts]
        (folder / 'secret').write_bytes(SECRET)
        (folder / 'users').write_text('alice:' + subprocess.run(
            ['openssl', 'passwd', '-6', 'secret'], check=True,
            capture_output=True, text=True).stdout)
        routes = ', '.join(f'{{ path = "/{n}/*rest"; service = "s"; rewrite = '
                           f'"/health"; authenticate = "{n}"; }}'
                           for n in names)
        body = (f'services = {{ s = {{ endpoints = ( {{ address = '
                f'"127.0.0.1:{up}"; }} ); }}; idp = {{ endpoints = ( {{ '
                f'address = "127.0.0.1:{idp}"; }} ); }}; }};\n'
                + authenticators(*texts) + ROLES + f'''
routes = ( {{ path = "/plain/*rest"; service = "s"; rewrite = "/health"; }},
  {{ path = "/orgs/:org/x"; service = "s"; rewrite = "/health";
    authenticate = "rs256"; authorize = {{ any_role = [ "admin" ];
    permissions = [ "users:read", "users:write" ]; tenant = "{{org}}"; }}; }},
  {routes} );
''')
        self.gw = Gateway(folder, body, top=TOP)

    def requests(self):
        """name -> (path, field)"""
        claims = {'sub': 'alice', 'roles': ['admin', 'viewer'],
                  'tenant_id': 't1', 'email': 'alice@example.com'}
        tokens = {a.lower(): them.sign(**claims)
                  for a, them in self.keys.items()}
        tokens['hs256'] = hs256(SECRET, exp=int(time.time()) + 3600, **claims)
        basic = base64.b64encode(b'alice:secret').decode()
        found = {'plain': ('/plain/x', 'X-Nothing: of it')}
        for name, token in tokens.items():
            bearer = f'Authorization: Bearer {token}'
            found[name] = f'/{name}/x', bearer
            found[f'{name}, no cache'] = f'/{name}_fresh/x', bearer
        found['rs256, roles'] = '/orgs/t1/x', found['rs256'][1]
        found['api_key'] = '/keys/x', 'X-API-Key: key'
        found['basic'] = '/basic/x', f'Authorization: Basic {basic}'
        found['introspection'] = '/asked/x', 'Authorization: Bearer opaque'
        return found

    def bad(self):
        """name -> (path, field), all of them refused."""
        found = {'garbage': ('/rs256/x', 'Authorization: Bearer x.y.z'),
                 'noise': ('/rs256/x', f'Authorization: Bearer {"A1-_" * 200}')}
        past = int(time.time()) - 3600
        for alg, them in self.keys.items():
            path = f'/{alg.lower()}/x'
            other = Issuer(Key('other', alg)).sign(sub='alice')
            mine = Issuer(Key(alg.lower(), alg)).sign(sub='alice')
            for name, token in (('unknown kid', other),
                                ('bad signature', mine),
                                ('expired', them.sign(sub='alice', exp=past))):
                found[f'{name} {alg}'] = path, f'Authorization: Bearer {token}'
        found['bad signature HS256'] = (
            '/hs256/x', 'Authorization: Bearer ' +
            hs256(SECRET + b'x', sub='alice', exp=past + 7200))
        found['expired HS256'] = (
            '/hs256/x', 'Authorization: Bearer ' +
            hs256(SECRET, sub='alice', exp=past))
        return found


def cpu_us(pids):
    return sum(int(pathlib.Path(f'/proc/{p}/schedstat').read_text()
                   .split()[0]) for p in pids) / 1e3


def wrk(port, path, *more, seconds=SECONDS):
    """(requests, those that were not 2xx)"""
    text = subprocess.run(
        ['wrk', '-t1', f'-c{CONNECTIONS}', f'-d{seconds}', *more,
         f'http://127.0.0.1:{port}{path}'],
        check=True, capture_output=True, text=True).stdout
    bad = re.search(r'Non-2xx or 3xx responses: (\d+)', text)
    return (int(re.search(r'(\d+) requests in', text).group(1)),
            int(bad.group(1)) if bad else 0)


def turns(gw, requests, refused):
    """{name: [us of CPU for a request]}, in turns; whoever else is at work on
    the machine disturbs all of them."""
    spent = {name: [] for name in requests}
    wrong = 0
    for turn in range(ROUNDS + 1):
        for name, (path, field) in requests.items():
            before = cpu_us(gw.worker_pids)
            done, bad = wrk(gw.port, path, '-H', field,
                            seconds=SECONDS)
            wrong += done - bad if refused else bad
            if turn:
                spent[name].append((cpu_us(gw.worker_pids) - before) / done)
    must_be_zero('identity: other answers than expected', wrong)
    return spent


class Stage:
    def __enter__(self):
        self.ups = Upstreams([0])
        self.idp = Origin(introspect)
        self.folder = tempfile.TemporaryDirectory()
        self.kinds = Kinds(self.folder.name, self.ups.ports[0], self.idp.port)
        self.kinds.gw.start()
        return self.kinds

    def __exit__(self, *_):
        try:
            self.kinds.gw.finish()
        finally:
            self.ups.close()
            self.idp.close()
            self.folder.cleanup()


async def identity_drill():
    """One good credential again and again, of each kind."""
    with Stage() as kinds:
        spent = turns(kinds.gw, kinds.requests(), refused=False)
    say(f'identity: us of CPU per request, medians of {ROUNDS} (and the '
        'least), and beyond plain proxying in the same round')
    for name, costs in spent.items():
        more = statistics.median(c - p for c, p in zip(costs, spent['plain']))
        say(f'  {name:20} {statistics.median(costs):6.2f} ({min(costs):6.2f})  '
            f'{more:+6.2f}')


async def refusal_drill():
    """Tokens that are not good, as fast as they come."""
    with Stage() as kinds:
        spent = turns(kinds.gw, kinds.bad(), refused=True)
    say('refusals: 401s per second of CPU, medians')
    for name, costs in spent.items():
        us = statistics.median(costs)
        say(f'  {name:20} {1e6 / us:8.0f}  ({us:6.2f} us each)')


LUA = '''
local tokens, at = {{}}, {at}
for line in io.lines("{file}") do tokens[#tokens + 1] = line end
function request()
	at = at % #tokens + 1
	return wrk.format("GET", "/hs256/x",
	    {{ ["Authorization"] = "Bearer " .. tokens[at] }})
end
'''


async def many_tokens_drill():
    """So many different tokens that no cache holds them all."""
    with Stage() as kinds:
        folder = pathlib.Path(kinds.gw.dir)
        end = int(time.time()) + 3600
        with open(folder / 'tokens', 'w', encoding='ascii') as f:
            for n in range(TOKENS):
                f.write(hs256(SECRET, sub=f'user{n}', exp=end, jti=f'{n:032}',
                              roles=['admin', 'viewer'], tenant_id='t1',
                              email=f'user{n}@example.com') + '\n')
        before, all_before = (pss_kb(kinds.gw.worker_pids),
                              pss_kb(kinds.gw.family()))
        seen, done = [], 0
        while done < 2 * TOKENS:
            (folder / 'load.lua').write_text(
                LUA.format(file=folder / 'tokens', at=done % TOKENS))
            n, bad = wrk(kinds.gw.port, '/hs256/x', '-s',
                         folder / 'load.lua', seconds=5)
            must_be_zero('tokens: refused', bad)
            done += n
            seen.append(pss_kb(kinds.gw.worker_pids) - before)
        grown = pss_kb(kinds.gw.family()) - all_before
        hits = kinds.gw.metric('auth_cache_hits_total')
        shared = kinds.gw.metric('auth_cache_shared_hits_total')
    say(f'tokens: {done} requests with {TOKENS} tokens in turn, {hits:.0f} '
        f'hits of the worker\'s own, {shared:.0f} of the shared memory; its '
        f'PSS grew by {", ".join(map(str, seen))} kB, that of all processes by '
        f'{grown}')


DRILLS = {'identity': identity_drill, 'refusals': refusal_drill,
          'tokens': many_tokens_drill}

"""Identities under load: key sets that change, tokens that are revoked."""
import asyncio
import random
import tempfile
import uuid

from drill_kit import Load, Upstreams, must_be_zero, say
from gateway import Gateway
from idp import Key, Provider

TOP = 'log = { level = "warn"; target = "stderr"; };\n'
CHANGES, CLIENTS, WORKERS = 100, 32, 4
COOLDOWN_S = 0.1


class Bearers(Load):
    """
    Each request bears one of `good`, or of `doomed`, which somebody is about
    to revoke, or of `gone`, where the call that revoked it has returned. The
    answer has to be what held when the request was sent.
    """

    def __init__(self, port, good):
        super().__init__(port, count=CLIENTS, okay=(200, 401))
        self.good, self.doomed, self.gone = good, [], []
        self.under_way = {}  # client -> (token, what is expected)
        self.refused, self.let_in = [], 0

    @property
    def request(self):
        pick = random.random()
        token, want = random.choice(self.good), 200
        if self.gone and pick < .3:
            token, want = random.choice(self.gone[-20:]), 401
        elif self.doomed and pick < .5:
            token, want = random.choice(self.doomed), None
        self.under_way[asyncio.current_task()] = token, want
        return ('GET /users/1 HTTP/1.1\r\nHost: drill\r\n'
                f'Authorization: Bearer {token}\r\n\r\n').encode()

    @request.setter
    def request(self, _):
        pass

    def answered(self, status, text):
        _, want = self.under_way.pop(asyncio.current_task())
        if want == 200 and status != 200:
            self.refused.append((status, text[-300:]))
        if want == 401 and status != 401:
            self.let_in += 1

    async def until_no_other(self):
        """Until no request is under way with a token that is not good now."""
        while any(token not in self.good and want == 200
                  for token, want in self.under_way.values()):
            await asyncio.sleep(.001)


def jwks_config(up, url):
    return f'''
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{up}"; }} ); }}; }};
authenticators = {{ main = {{ type = "jwt"; algorithms = [ "ES256" ];
  jwks = {{ url = "{url}"; cooldown = "{int(COOLDOWN_S * 1000)}ms"; }}; }}; }};
routes = ( {{ path = "/*rest"; service = "s"; authenticate = "main"; }} );
'''


async def revoke(gw, load, number):
    """One token, by its id or by its user, that flows until it is revoked."""
    by_user = random.random() < .5
    user = f'doomed{number}'
    token_id = uuid.uuid4().hex
    token = load.key.token(sub=user, jti=token_id)
    load.doomed.append(token)
    await asyncio.sleep(random.uniform(0, .05))
    await asyncio.to_thread(gw.ctl, 'revoke', *(
        ('user', user) if by_user else ('token', token_id)))
    load.gone.append(token)
    load.doomed.remove(token)


async def change(provider, load, number):
    """Another key; the one before stays, what is older goes."""
    old, load.key = load.key, Key(f'k{number}')
    # Of those that stay, the tokens of the last key alone.
    load.good = [old.token(jti=uuid.uuid4().hex)]
    load.gone.clear()
    await load.until_no_other()
    while load.doomed:
        await asyncio.sleep(.001)
    await asyncio.sleep(COOLDOWN_S)
    provider.keys = [old, load.key]
    # At once, before anybody has fetched the set.
    load.good = load.good + [load.key.token(jti=uuid.uuid4().hex)
                             for _ in range(4)]


async def rotation_drill():
    """Keys change, tokens of the newest flow at once, others are revoked."""
    ups = Upstreams([0])
    provider = Provider(Key('k'))
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, jwks_config(ups.ports[0], provider.url()),
                         workers=WORKERS, top=TOP)
            gw.start()
            try:
                load = Bearers(gw.port, [provider.keys[0].token(jti='first')])
                load.key = provider.keys[0]
                load.start()
                for number in range(CHANGES):
                    await change(provider, load, number)
                    await asyncio.gather(*(
                        revoke(gw, load, f'{number}-{n}')
                        for n in range(random.randint(1, 2))))
                    await asyncio.sleep(random.uniform(.02, .1))
                await load.stop()
                counted = {n: gw.metric(f'auth_{n}_total') for n in (
                    'cache_hits', 'cache_shared_hits', 'verifications')}
            finally:
                gw.finish()
        say(f'rotation: {CHANGES} changes of the key set, fetched '
            f'{len(provider.asked)} times; {load.done} requests on {CLIENTS} '
            f'connections to {WORKERS} workers: {load.status[200]} let in, '
            f'{load.status[401]} not; good ones refused {len(load.refused)}, '
            f'revoked ones let in {load.let_in}; '
            f'{counted["cache_hits"]:.0f} hits, '
            f'{counted["cache_shared_hits"]:.0f} of other workers, '
            f'{counted["verifications"]:.0f} verified')
        for status, text in load.refused[:3]:
            say('  ', status, text)
        must_be_zero('rotation: refused', len(load.refused))
        must_be_zero('rotation: let in', load.let_in)
        must_be_zero('rotation: failed', len(load.fails))
        must_be_zero('rotation: no hit', not counted['cache_hits'])
    finally:
        provider.close()
        ups.close()


DRILLS = {'rotation': rotation_drill}

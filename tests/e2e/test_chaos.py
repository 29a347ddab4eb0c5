"""Nobody gets another's answer, and nothing is left behind, whatever the peers
do while the configuration changes and workers die."""
import asyncio
import json
import os
import random
import signal

import pytest

from chaos import Storm
from chaos_origin import ChaosOrigin
from conf import NO_BREAKER, service
from gateway import SANITIZED, rss_kb, wait_until

SECONDS = float(os.environ.get('CHAOS_SECONDS', '4'))
SEED = os.environ.get('CHAOS_SEED') or str(random.randrange(1 << 32))
LANES = 24
FILLER = b'f' * 30000
GROWTH_KB = 6144
TOP = ('timeouts = { head = "10s"; body = "10s"; response = "10s"; };\n'
       'limits = { request_head = "16k"; };\n')


def configuration(turn, ports):
    """Differs from turn to turn; what the clients see does not."""
    used = ports if turn % 3 == 0 else [ports[turn % 3 - 1]]
    idle = ('', 'pool = { max_idle = 2; };')[turn % 2]
    return service(*used, extra=NO_BREAKER + idle) + (
        'routes = ( { path = "/own/:token"; respond = { body = "{token} '
        f'{FILLER.decode()}"; }}; }}, {{ path = "/*rest"; service = "s"; '
        f'request_headers = ( {{ set = "X-Turn"; value = "{turn}"; }} ); }} );')


async def change(gateway, ports, over):
    turn = 0
    while not over.is_set():
        turn += 1
        gateway.write(configuration(turn, ports))
        os.kill(gateway.keeper, signal.SIGHUP)
        await asyncio.sleep(0.12)


async def kill(gateway, rng, over):
    while not over.is_set():
        await asyncio.sleep(1.2)
        pids = gateway.worker_pids
        if pids:
            gateway.kill([rng.choice(pids)])


async def weather(make_gateway, killing):
    origins = [await ChaosOrigin(f'{SEED} {i}').start() for i in range(2)]
    ports = [o.port for o in origins]
    gateway = await asyncio.to_thread(make_gateway, configuration(0, ports))
    storm = Storm(SEED, gateway.port, FILLER, killing)
    before = sum(map(rss_kb, gateway.worker_pids))
    others = [change(gateway, ports, storm.over)]
    if killing:
        others.append(kill(gateway, random.Random(SEED), storm.over))
    running = asyncio.gather(storm.run(LANES), *others)
    await asyncio.sleep(SECONDS)
    storm.over.set()
    await running
    await asyncio.to_thread(settled, gateway)
    grown = sum(map(rss_kb, gateway.worker_pids)) - before
    return storm, origins, grown


def pins(gateway):
    generations = json.loads(gateway.admin('/v1/generations')[2])
    return sum(g['pins'] for g in generations['generations'])


def settled(gateway):
    """Nothing of what was begun is left."""
    wait_until(lambda: len(gateway.worker_pids) == gateway.workers, 10,
               'all workers')
    wait_until(lambda: gateway.metric('requests_active') == 0, 10,
               'no active request')
    wait_until(lambda: gateway.metric('connections') == 0, 10,
               'no open connection')
    wait_until(lambda: not pins(gateway), 10, 'no pinned configuration')


@pytest.mark.parametrize('killing', [False, True], ids=['reloads', 'kills'])
def test_storm(gateway, killing):
    print(f'CHAOS_SEED={SEED}')

    def make(body):
        return gateway(body, top=TOP, workers=2,
                       allow=['killed by signal 9 '] if killing else [])
    storm, origins, grown = asyncio.run(weather(make, killing))
    wrong = storm.wrong + [w for o in origins for w in o.wrong]
    print(storm.started, 'clients', dict(storm.counts))
    assert not wrong, '\n'.join(wrong[:5])
    assert storm.counts[200] > 50
    if not SANITIZED and not killing:
        assert grown < GROWTH_KB

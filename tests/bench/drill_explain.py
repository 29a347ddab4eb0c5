"""Whether explain says what then happens: 10,000 requests at random, on
configurations at random, each explained before it is sent."""
import collections
import random
import time

from drill_kit import must_be_zero, say

from conftest import House  # of tests/e2e, which drill_kit has found
from agree import World

REQUESTS, EACH = 10000, 200


async def explain_agrees():
    seed = random.randrange(1 << 32)
    rng, house = random.Random(seed), House()
    seen, differ, explaining = collections.Counter(), [], 0
    say(f'explain against what happens: {REQUESTS} requests, '
        f'{REQUESTS // EACH} configurations, seed {seed}')
    world = World(rng, house)
    try:
        for number in range(1, REQUESTS + 1):
            request = world.request()
            began = time.monotonic()
            world.explain(request)
            explaining += time.monotonic() - began
            try:
                seen[world.compare(request)] += 1
            except AssertionError as error:
                differ.append(str(error))
            if number % EACH == 0 and number != REQUESTS:
                world.again()
        world.close()
    finally:
        house.end()
    for (kind, why), n in seen.most_common():
        say(f'  {n:6} {kind} {why}')
    say(f'  an explanation takes {explaining / REQUESTS * 1e6:.0f} us')
    for text in differ[:3]:
        say(text)
    must_be_zero('requests of which explain says something else', len(differ))


DRILLS = {'explain': explain_agrees}

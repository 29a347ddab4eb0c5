"""Active health checks: what endpoints are asked, and what requests notice."""
import collections
import os
import signal
import socket
import threading
import time

import pytest

from gateway import wait_until
from origin import Origin, field
from wire import get

FAST = 'interval = "250ms"; timeout = "250ms";'
# For those that are well, and must not seem to be down for some time.
PATIENT = 'interval = "2s"; timeout = "2s";'
STEADY = 'interval = "750ms"; timeout = "750ms";'


def endpoints(*rows, check='', extra=''):
    """A service "s" of (address, keys) rows, each tried in turn."""
    listed = ', '.join(f'{{ address = "{address}"; {keys} }}'
                       for address, keys in rows)
    check = f'health_check = {{ {check} }};' if check else ''
    return (f'services = {{ s = {{ endpoints = ( {listed} ); {check} {extra} '
            'balance = "round_robin"; }; };\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def local(*origins):
    return [(f'127.0.0.1:{o.port}', '') for o in origins]


class Probed(Origin):
    """Answers requests with its name, and probes (at /up) as scripted.

    A script is a list of handlers, one per probe; when it is over, `usual`
    answers. So a test knows how many probes of a kind there were in a row.
    """

    def __init__(self, name, address='127.0.0.1'):
        self.script = collections.deque()
        self.usual = status(200)
        self.probes = []  # their requests
        super().__init__(lambda conn, _: conn.reply(body=name), name=name,
                         address=address)
        self.on('/up', self.probe)

    def probe(self, conn, request):
        with self.lock:
            act = self.script.popleft() if self.script else self.usual
            self.probes.append(request)
        act(conn, request)

    def play(self, *script):
        """Until all of the script and one probe more has been answered."""
        with self.lock:
            self.script.extend(script)
            end = len(self.probes) + len(script)
        wait_until(lambda: len(self.probes) > end, 20, 'probes')

    def more(self, n=1):
        end = len(self.probes) + n
        wait_until(lambda: len(self.probes) >= end, 20, 'probes')


def status(code, body='fine'):
    return lambda conn, _: conn.reply(code, body)


def silence(conn, _):
    conn.more()


def leave(conn, _):
    conn.end()


def garbage(conn, _):
    conn.send('no HTTP at all\r\n\r\n')


def torn(conn, _):
    conn.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    conn.end()


@pytest.fixture
def trio(house):
    """Three endpoints: one that is down does not make most of them sick."""
    found = [Probed(name) for name in 'abc']
    house.origins.extend(found)
    return found


def served(g, n=12):
    """Whose answers n requests got; all of them got one."""
    answers = [get(g.port) for _ in range(n)]
    assert {r.status for r in answers} == {200}
    return ''.join(sorted({r.body.decode() for r in answers}))


def await_served(g, names, seconds=10):
    wait_until(lambda: served(g) == names, seconds, f'requests to {names} only')


def test_fall_and_rise(trio, gateway):
    a = trio[0]
    good, bad = status(200), status(503)
    g = gateway(endpoints(*local(*trio), check=FAST + '''path = "/up";
        healthy = 3; unhealthy = 4;'''))
    a.more(3)

    def spared():
        """Never four in a row, but where a busy machine adds one that comes
        too late."""
        await_served(g, 'abc')
        before = g.metric('probes_total', result='bad')
        a.play(bad, bad, bad, good, bad, bad, bad, good)
        names = served(g)
        added = g.metric('probes_total', result='bad') - before - 6
        assert names == 'abc' or added > 0
        return names == 'abc'
    wait_until(spared, 60, 'three bad ones in a row, and no more')
    a.usual = bad
    a.more(5)
    await_served(g, 'bc')
    a.play(good, good, bad, good, good, bad)
    assert served(g, 30) == 'bc'
    a.usual = good
    a.more(4)
    await_served(g, 'abc')


@pytest.mark.parametrize('act', [silence, leave, garbage, torn, status(404),
                                 status(200, 'not what is wanted')])
def test_bad_answers(trio, gateway, act):
    g = gateway(endpoints(*local(*trio), check=FAST + '''path = "/up";
        body = "fine"; healthy = 1; unhealthy = 2;'''))
    await_served(g, 'abc')
    trio[0].usual = act
    await_served(g, 'bc')
    trio[0].usual = status(200)
    await_served(g, 'abc')


def test_expected_statuses_and_expression(trio, gateway):
    a, b, c = trio
    a.usual = status(302, 'load: 17')
    b.usual = status(204, '')
    c.usual = status(299, 'load: 170')
    g = gateway(endpoints(*local(*trio), check=FAST + '''path = "/up";
        expect = [ "200", "299-302" ]; body = "~^load: [0-9]{1,2}$";
        unhealthy = 1; ''', extra='panic_threshold = 0;'))
    await_served(g, 'a')


def test_what_an_endpoint_is_asked(trio, gateway):
    a = trio[0]
    g = gateway(endpoints(*local(*trio), check=FAST + '''path = "/up?x=1";
        headers = ( { set = "X-Probe"; value = "yes"; } );'''))
    a.on('/up?x=1', a.probe)
    a.more()
    probes = list(a.probes)
    request = probes[-1]
    assert (request.method, request.target) == ('GET', '/up?x=1')
    assert field(request, 'host') == [f'127.0.0.1:{a.port}']
    assert field(request, 'x-probe') == ['yes']
    assert field(request, 'connection') == ['close']
    assert field(request, 'user-agent')[0].startswith('penstock/')
    assert len({r.connection for r in probes}) == len(probes)

    g.reload(endpoints(*local(*trio), extra='host = "shop.example";',
                       check=FAST + 'path = "/up"; method = "HEAD";'))
    a.more(2)
    assert field(a.probes[-1], 'host') == ['shop.example']
    assert a.probes[-1].method == 'HEAD'

    g.reload(endpoints(
        *local(*trio), extra='host = "shop.example";', check=FAST + '''
        path = "/up"; host = "probe.example"; headers = (
        { set = "User-Agent"; value = "me"; } );'''))
    a.more(2)
    assert field(a.probes[-1], 'host') == ['probe.example']
    assert field(a.probes[-1], 'user-agent') == ['me']


def test_connections_on_another_port(trio, gateway, upstream, house):
    """An endpoint serves all the time; what is probed is its other port."""
    other = Probed('d', '127.0.0.2')
    house.origins.append(other)
    front = upstream(name='front')
    door = upstream(name='door', port=front.port, address='127.0.0.2')
    g = gateway(endpoints(
        *local(*trio), (f'127.0.0.2:{other.port}', ''),
        check=f'type = "tcp"; port = {door.port}; unhealthy = 2;' + FAST))
    wait_until(lambda: door.connections > 3, 10, 'probes')
    assert served(g) == 'abcd'
    door.close()
    await_served(g, 'abc')
    again = upstream(name='again', port=door.port, address='127.0.0.2')
    await_served(g, 'abcd')
    assert not front.requests and not door.requests and not again.requests


class Doors(threading.Thread):
    """Accepts for the whole net 127.0.0.0/8, and keeps when for whom."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket()
        self.sock.bind(('0.0.0.0', 0))
        self.sock.listen(4096)
        self.port = self.sock.getsockname()[1]
        self.seen = []
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.seen.append((time.monotonic(), conn.getsockname()[0]))
            conn.close()

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@pytest.fixture
def doors(house):
    d = Doors()
    house.origins.append(d)
    return d


def most_within(times, seconds):
    """The most of these that lie within any such stretch."""
    most, first = 0, 0
    for last, t in enumerate(times):
        while times[first] < t - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_many_are_spread(doors, gateway):
    g = gateway(endpoints((f'127.0.0.1:{doors.port}', '')))
    turns = iter(range(1, 100))

    def spread():
        """Of endpoints that are new. A busy machine, which lets the master or
        us not go on for a while, makes some come together."""
        net = f'127.{next(turns)}.'
        rows = [(f'{net}{i // 100}.{i % 100 + 1}:{doors.port}', '')
                for i in range(200)]
        g.reload(endpoints(*rows, check='type = "tcp"; interval = "2s";'))

        def of_them():
            return [seen for seen in doors.seen if seen[1].startswith(net)]
        # Two within two seconds lead to the first verdict; then the interval.
        seen = wait_until(lambda: len(of_them()) >= 800 and of_them()[:800],
                          30, 'four rounds')
        times = collections.defaultdict(list)
        for t, address in seen:
            times[address].append(t)
        assert len(times) == 200
        gaps = [own[3] - own[2] for own in times.values() if len(own) > 3]
        return (most_within([t for t, _ in seen], 0.05) <= 70
                and {len(own) for own in times.values()} <= {3, 4, 5, 6}
                and 1.4 < min(gaps) and max(gaps) - min(gaps) > 0.1)
    wait_until(spread, 40, 'probes that are spread')


def test_reload_adds_alters_removes(trio, gateway):
    a = trio[0]
    a.usual = status(503)
    g = gateway(endpoints(*local(*trio)))
    assert served(g) == 'abc'
    assert not a.probes
    g.reload(endpoints(*local(*trio), check=FAST + 'path = "/up";'))
    await_served(g, 'bc')
    # The altered check finds it well.
    a.on('/other', a.probe)
    g.reload(endpoints(*local(*trio), check=FAST + '''path = "/other";
        expect = [ "503" ]; unhealthy = 100;'''))
    await_served(g, 'abc')
    assert a.probes[-1].target == '/other'
    g.reload(endpoints(*local(*trio), check=FAST + 'path = "/up";'))
    await_served(g, 'bc')
    # Without a check nobody says so any more, and nobody asks.
    g.reload(endpoints(*local(*trio)))
    await_served(g, 'abc')

    def quiet():
        """For four intervals; one was under way."""
        asked = len(a.probes)
        time.sleep(1)
        return len(a.probes) == asked
    wait_until(quiet, what='no more probes')


def test_reload_that_changes_nothing_keeps_what_is_known(trio, gateway):
    a = trio[0]
    a.usual = status(503)
    check = PATIENT + 'path = "/up"; healthy = 2; unhealthy = 2;'
    g = gateway(endpoints(*local(*trio), check=check))
    await_served(g, 'bc')
    for n in range(5):
        g.reload(endpoints(*local(*trio), check=check,
                           extra=f'slow_start = "{n + 1}ms";'))
        assert served(g) == 'bc'


def test_drained_is_probed_and_maintained_is_not(trio, gateway):
    a, b, c = trio
    rows = local(*trio)
    drained = [rows[0], (rows[1][0], 'state = "drain";'),
               (rows[2][0], 'state = "maint";')]
    g = gateway(endpoints(*drained, check=FAST + 'path = "/up";'))
    b.more(4)
    assert a.probes and not c.probes
    assert served(g) == 'a'
    g.reload(endpoints(*rows, check=FAST + 'path = "/up";'))
    c.more(2)
    await_served(g, 'abc')


@pytest.mark.parametrize('act', [status(503), silence])
def test_master_dies(trio, gateway, act):
    """Again and again, in the middle of probes too."""
    a = trio[0]
    a.usual = act
    g = gateway(endpoints(*local(*trio), check=STEADY + 'path = "/up";'),
                workers=2, allow=['killed by signal 9 '])
    await_served(g, 'bc')
    for _ in range(4):
        pid = g.master_pid
        probes = len(a.probes)
        os.kill(pid, signal.SIGKILL)
        while len(a.probes) < probes + 2:
            assert served(g) == 'bc'
        g.wait_successor('master', pid)
    a.usual = status(200)
    await_served(g, 'abc')


def test_master_dies_and_the_check_is_gone(trio, gateway):
    trio[0].usual = status(503)
    g = gateway(endpoints(*local(*trio), check=FAST + 'path = "/up";'),
                allow=['killed by signal 9 '])
    await_served(g, 'bc')
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('master', pid)
    g.wait_ready()
    g.reload(endpoints(*local(*trio)))
    await_served(g, 'abc')

"""Sick endpoints, bounds over all workers, listeners that come and go."""
import asyncio
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time

from conf import NO_BREAKER
from drill_balance import GET, config
from drill_kit import Load, Stream, Upstreams, must_be_zero, say
from dns import Dns
from gateway import Gateway, free_port, wait_until
from origin import Counting
from wire import Wire

POST = (b'POST /echo HTTP/1.1\r\nHost: drill\r\nContent-Length: 2\r\n\r\nhi')
CHECK = ('health_check = { path = "/health"; interval = "500ms"; '
         'timeout = "300ms"; healthy = 2; unhealthy = 2; }; '
         'passive = { failures = 3; time = "1s"; }; ' + NO_BREAKER +
         'timeouts = { connect = "300ms"; response = "2s"; }; ')


def gateway(folder, text, workers=2, top=''):
    return Gateway(folder, text, workers=workers,
                   allow=['killed by signal 9 '],
                   top='log = { level = "warn"; target = "stderr"; };\n'
                   'timeouts = { drain = "1s"; };\n' + top)


async def trouble(name, harm, request=GET, keys=CHECK):
    """20 s of load on four endpoints; harm(upstreams, i) once a second."""
    ups = Upstreams([2, 2, 2, 2])
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = gateway(folder, config(ups.ports, 'p2c', keys=keys))
            gw.start()
            try:
                load = Load(gw.port, request=request, count=32)
                load.start()
                await asyncio.sleep(1.5)
                for i in range(16):
                    await harm(ups, i)
                await load.stop()
                active = gw.metric('endpoint_active')
            finally:
                gw.finish()
        kinds = {}
        for _, _, error in load.fails:
            kinds[error[:60]] = kinds.get(error[:60], 0) + 1
        say(f'{name}: {load.done} requests, {len(load.fails)} failed '
            f'{kinds or ""}, p50 {load.p_ms(.5):.1f} ms, '
            f'p99 {load.p_ms(.99):.1f} ms, longest {load.p_ms(1):.0f} ms; '
            f'active afterwards: {active:.0f}')
        must_be_zero(f'{name}: active', active)
        return len(load.fails)
    finally:
        for p in ups.procs:
            p.send_signal(signal.SIGCONT)
        ups.close()


async def kill_harm(ups, i):
    ups.kill(i % 4)
    await asyncio.sleep(0.5)
    ups.start(i % 4)
    await asyncio.sleep(0.5)


async def hang_harm(ups, i):
    ups.procs[i % 4].send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.7)
    ups.procs[i % 4].send_signal(signal.SIGCONT)
    await asyncio.sleep(0.3)


async def flap_harm(ups, i):
    for _ in range(5):
        ups.kill(i % 2)
        await asyncio.sleep(0.1)
        ups.start(i % 2)
        await asyncio.sleep(0.1)


async def trouble_drill():
    must_be_zero('killed upstreams, GET: failed',
                 await trouble('killed upstreams, GET', kill_harm))
    await trouble('killed upstreams, POST', kill_harm, request=POST)
    retry = ('retry = { on = [ "connect", "reset", "timeout", "502", "503", '
             '"504" ]; }; timeouts.response')
    slow = CHECK.replace('timeouts = { connect = "300ms"; response = "2s"; }; ',
                         'timeouts = { connect = "300ms"; response = "400ms"; };')
    must_be_zero('hanging upstreams, GET: failed', await trouble(
        'hanging upstreams, GET, retry on timeout', hang_harm,
        keys=slow + retry.split('timeouts')[0]))
    await trouble('hanging upstreams, GET', hang_harm)
    must_be_zero('flapping upstreams, GET: failed',
                 await trouble('flapping upstreams, GET', flap_harm))


async def permits_drill():
    """max_connections = 8 for 64 clients of 4 workers that are killed."""
    def answer(conn, _):
        time.sleep(0.005)
        conn.reply()
    origins = [Counting(answer), Counting(answer)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = gateway(folder, config(
                [o.port for o in origins], 'least_connections',
                keys='pool = { max_connections = 8; };'), workers=4)
            gw.start()
            try:
                load = Load(gw.port, count=64, okay=(200, 503))
                load.start()
                for i in range(20):
                    await asyncio.sleep(0.5)
                    os.kill(gw.worker_pids[i % len(gw.worker_pids)],
                            signal.SIGKILL)
                await asyncio.sleep(1)
                await load.stop()
                wait_until(lambda: gw.metric('endpoint_active') == 0, 5)
                rows = gw.ctl_json('endpoints')['endpoints']
            finally:
                gw.finish()
        most = max(o.most for o in origins)
        say(f'permits: {load.done} requests through 4 workers, 20 of them '
            f'killed; status {dict(load.status)}; '
            f'most connections to one endpoint {most} of 8; '
            f'active afterwards {[e["active"] for e in rows]}, '
            f'permits out {[e["connections"] for e in rows]} = pooled '
            f'{[e["pooled"] for e in rows]}')
        must_be_zero('permits: over the bound', most > 8)
        must_be_zero('permits: lost', sum(
            e['connections'] - e['pooled'] for e in rows))
    finally:
        for o in origins:
            o.close()


class Many:
    """One listener that is 10,000 endpoints: 127.0.0.0/8 on one port."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = free_port()
        self.sock.bind(('0.0.0.0', self.port))
        self.sock.listen(4096)
        self.stamps = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            self.stamps.append(time.monotonic())
            try:
                s.recv(4096)
                s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n'
                          b'Connection: close\r\n\r\n')
            except OSError:
                pass
            s.close()

    def close(self):
        self.sock.close()


def cpu_seconds(pid):
    f = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf('SC_CLK_TCK')


async def probes_drill():
    many = Many()
    try:
        for kind, count in (('http', 10000), ('tcp', 10000)):
            rows = ', '.join(
                f'{{ address = "127.1.{i // 250}.{i % 250 + 1}:{many.port}"; }}'
                for i in range(count))
            text = (f'services = {{ s = {{ endpoints = ( {rows} ); '
                    f'health_check = {{ type = "{kind}"; interval = "5s"; }};'
                    ' }; };\nroutes = ( { path = "/*r"; service = "s"; } );\n')
            with tempfile.TemporaryDirectory() as folder:
                gw = gateway(folder, text, workers=1)
                gw.start()
                try:
                    await asyncio.sleep(12)
                    master = gw.master_pid
                    many.stamps.clear()
                    began, cpu = time.monotonic(), cpu_seconds(master)
                    await asyncio.sleep(20)
                    cpu = cpu_seconds(master) - cpu
                    wall = time.monotonic() - began
                    stamps = sorted(many.stamps)
                    sick = sum(v == 0 for (n, _), v in gw.metrics().items()
                               if n == 'penstock_endpoint_healthy')
                finally:
                    gw.finish()
            burst = max(sum(1 for t in stamps[i:i + 2000] if t < s + 0.01)
                        for i, s in enumerate(stamps[::20]
                                              ) for i in [i * 20])
            say(f'probes: {count} endpoints, {kind} every 5 s: '
                f'{len(stamps) / wall:.0f} probes/s, master {100 * cpu / wall:.1f} '
                f'% of a CPU, {1e6 * cpu / max(1, len(stamps)):.0f} us each; '
                f'at most {burst} accepted within 10 ms; not healthy: {sick}')
            must_be_zero('probes: not healthy', sick)
    finally:
        many.close()


async def masters_drill():
    """kill -9 of the master, 20 times, in mid-probe and mid-reload."""
    ups = Upstreams([1, 1, 1, 1, 1])
    keys = CHECK.replace('500ms', '100ms').replace('300ms', '100ms')
    lost = 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = gateway(folder, config(ups.ports, 'p2c', keys=keys))
            gw.start()
            try:
                gw.ctl('drain', f's/127.0.0.1:{ups.ports[0]}')
                ups.kill(1)

                def states():
                    return [e['state'] for e in
                            gw.ctl_json('endpoints')['endpoints']]
                wait_until(lambda: states()[1] == 'down', 10)
                load = Load(gw.port)
                load.start()
                for i in range(20):
                    if i % 2:
                        gw.write(config(ups.ports, 'p2c', [1 + i] * 5,
                                        keys=keys))
                        gw.send(signal.SIGHUP)
                    await asyncio.sleep(0.003 * i)
                    os.kill(gw.master_pid, signal.SIGKILL)
                    for _ in range(1000):
                        await asyncio.sleep(0.02)
                        if gw.admin_status('/readyz') == 200:
                            break
                    now = states()
                    lost += now[0] != 'drain' or now[1] != 'down'
                load.served.clear()
                await asyncio.sleep(1)
                await load.stop()
            finally:
                gw.finish()
        say(f'masters: killed 20 times under load, 10 in mid-reload: '
            f'{load.done} requests, {len(load.fails)} failed; health or drain '
            f'lost {lost} times; afterwards served by {dict(load.served)}')
        must_be_zero('masters: failed', len(load.fails))
        must_be_zero('masters: states lost', lost)
        must_be_zero('masters: went to drained', load.served['up0'])
    finally:
        ups.close()


async def listeners_drill():
    """100 listeners come and go while clients connect to all that is there."""
    ups = Upstreams([0])
    port = free_port()
    extra = free_port()
    text = config(ups.ports, 'p2c')

    def listen(both):
        second = f', {{ address = "127.0.0.1:{extra}"; }}' if both else ''
        return (f'listeners = ( {{ address = "127.0.0.1:{port}"; }}{second} '
                ');\n')
    counts = {'answered': 0, 'refused': 0, 'reset': 0, 'unanswered': 0}
    stop = threading.Event()

    def connect():
        while not stop.is_set():
            try:
                sock = socket.create_connection(('127.0.0.1', extra), 5)
            except OSError:
                counts['refused'] += 1
                time.sleep(0.005)
                continue
            try:
                sock.settimeout(5)
                sock.sendall(GET.replace(b'Host', b'Connection: close\r\nHost'))
                data = sock.recv(65536)
                counts['answered' if data.startswith(b'HTTP/1.1 200')
                       else 'unanswered'] += 1
            except ConnectionResetError:
                counts['reset'] += 1
            except OSError:
                counts['unanswered'] += 1
            sock.close()
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = gateway(folder, text + listen(False), workers=4)
            gw.port = port
            gw.start()
            threads = [threading.Thread(target=connect) for _ in range(8)]
            for t in threads:
                t.start()
            try:
                for i in range(200):
                    gw.write(text + listen(i % 2 == 0))
                    gw.send(signal.SIGHUP)
                    await asyncio.sleep(0.12)
                await asyncio.sleep(1.5)
            finally:
                stop.set()
                for t in threads:
                    t.join()
                gw.finish()
        say(f'listeners: 100 added and removed under connections: {counts}')
        must_be_zero('listeners: reset', counts['reset'])
        must_be_zero('listeners: unanswered', counts['unanswered'])
    finally:
        ups.close()


async def handover_drill():
    """The most that one of four workers has, of long connections."""
    ups = Upstreams([0])
    try:
        for count in (8, 40, 200):
            with tempfile.TemporaryDirectory() as folder:
                gw = gateway(folder, config(ups.ports, 'p2c'), workers=4)
                gw.start()
                held = []
                try:
                    for _ in range(count):
                        w = Wire(gw.port)
                        assert w.ask('/users/1').status == 200
                        held.append(w)
                    rows = [w['connections'] for w in
                            gw.ctl_json('workers')['workers']
                            if w['role'] == 'worker']
                finally:
                    for w in held:
                        w.close()
                    gw.finish()
            say(f'handover: {count} long connections on 4 workers: {rows}, '
                f'{max(rows) / (count / 4):.2f} of the average')
    finally:
        ups.close()


async def names_drill():
    """SRV records that change twice a second, then no DNS at all."""
    ups = Upstreams([1, 1, 1, 1])
    dns = Dns()
    name = '_http._tcp.drill.test'

    def serve(members):
        dns.host('drill.test', '127.0.0.1', ttl=1)
        dns.srv(name, *((1, 1, ups.ports[i], 'drill.test')
                        for i in members), ttl=1)
    serve([0, 1, 2])
    text = (f'services = {{ s = {{ endpoints = ( {{ address = "{name}"; }} ); '
            '}; };\nroutes = ( { path = "/*rest"; service = "s"; } );\n')
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = gateway(folder, text, top='resolver = { '
                         f'servers = [ "{dns.address}" ]; min_ttl = "200ms"; '
                         'max_ttl = "200ms"; timeout = "200ms"; };\n')
            gw.start()
            try:
                load, stream = Load(gw.port), Stream(gw.port)
                load.start()
                stream.start()
                for i in range(30):
                    serve([j for j in range(4) if j != i % 4])
                    await asyncio.sleep(0.5)
                seen = dict(load.served)
                dns.close()
                load.served.clear()
                await asyncio.sleep(8)
                await load.stop()
                intact = stream.broken is None
            finally:
                gw.finish()
        say(f'names: 30 changes of the records in 15 s, then 8 s without DNS: '
            f'{load.done} requests, {len(load.fails)} failed, p99 '
            f'{load.p99_ms():.1f} ms; served by {seen}, then '
            f'{dict(load.served)}; stream of {stream.lines} lines '
            f'{"intact" if intact else stream.broken}')
        must_be_zero('names: failed', len(load.fails))
        must_be_zero('names: stream broken', not intact)
    finally:
        ups.close()


DRILLS = {'trouble': trouble_drill, 'permits': permits_drill,
          'probes': probes_drill, 'masters': masters_drill,
          'names': names_drill, 'listeners': listeners_drill, 'handover': handover_drill}

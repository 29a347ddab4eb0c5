"""An upstream that fails half of everything under load: how much more it gets
to do for that. Run as `drill_retry.py PORT WAY` it is that upstream."""
import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
import tempfile

WAYS = {'503': 'answers half of them 503', 'reset': 'resets half of them'}
SECONDS = 6
COUNT = 48


# --- the upstream, a process of its own

class Half:
    def __init__(self, way):
        self.way, self.seen = way, 0

    async def serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b'\r\n\r\n')
                if head.startswith(b'GET /seen'):
                    text = b'%d' % self.seen
                    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n'
                                 b'\r\n%s' % (len(text), text))
                    continue
                self.seen += 1
                if self.seen % 2 == 0:
                    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
                                 b'\r\nok')
                elif self.way == '503':
                    writer.write(b'HTTP/1.1 503 No\r\nContent-Length: 2\r\n'
                                 b'\r\nno')
                else:
                    writer.get_extra_info('socket').setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
                    writer.close()
                    return


async def upstream(port, way):
    server = await asyncio.start_server(Half(way).serve, '127.0.0.1', port,
                                        backlog=512)
    print('listens', flush=True)
    await server.serve_forever()


# --- the drill

def config(port, retry):
    return (f'services = {{ s = {{ endpoints = ( {{ address = '
            f'"127.0.0.1:{port}"; }} ); breaker = {{ failures = 0; }}; '
            f'retry = {{ attempts = 10; base_delay = "1ms"; {retry} }}; }}; '
            '};\nroutes = ( { path = "/*rest"; service = "s"; } );\n')


async def storm(way, retry, budget):
    from drill_kit import Load, must_be_zero, say
    from gateway import Gateway, free_port
    from wire import get
    port = free_port()
    proc = subprocess.Popen([sys.executable, __file__, str(port), way],
                            stdout=subprocess.PIPE)
    try:
        proc.stdout.readline()
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, config(port, retry), workers=4,
                         top='log = { level = "warn"; target = "stderr"; };')
            gw.start()
            try:
                load = Load(gw.port, count=COUNT, okay=(200, 502, 503))
                load.start()
                await asyncio.sleep(SECONDS)
                await load.stop()
                refused = gw.metric('upstream_retries_refused_total')
                counted = gw.metric('upstream_retries_total')
            finally:
                gw.finish()
        seen = int(get(port, '/seen').body)
    finally:
        proc.kill()
        proc.wait()
        proc.stdout.close()
    asked = sum(load.status.values()) + len(load.fails)
    say(f'  {retry or "budget = 0.2 (default)"}: {asked} requests, '
        f'{seen} at the upstream: {seen / asked:.3f} times; '
        f'{load.status[200] / asked:.1%} good, p99 {load.p99_ms():.0f} ms; '
        f'{counted:.0f} sent again, {refused:.0f} not')
    if budget:
        must_be_zero(f'retry_storm {way} {retry}: beyond the budget',
                     max(0, int(seen - asked * (1 + budget))))


async def retry_storm():
    from drill_kit import say
    for way, text in WAYS.items():
        say(f'retry_storm: an upstream that {text}, 4 workers, {COUNT} '
            f'clients, {SECONDS} s')
        await storm(way, 'budget = 0;', 0)
        await storm(way, '', 0.2)
        await storm(way, 'budget = 0.05;', 0.05)


DRILLS = {'retry_storm': retry_storm}

if __name__ == '__main__':
    asyncio.run(upstream(int(sys.argv[1]), sys.argv[2]))

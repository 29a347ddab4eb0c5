"""One endpoint of three does something wrong: what clients see of it.

Each answer repeats the token of its request, so that a byte of another's, or
one too many, is noticed. Run as `drill_faults.py PORT MODE` it is the origin.
"""
import asyncio
import collections
import contextlib
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile

SIZE = 20000
MODES = ('good', 'killed', 'hanging', 'resetting', 'silent', 'flapping')


def pattern(token):
    unit = token + b'.'
    return unit * (SIZE // len(unit))


# --- the origin, a process of its own

def reset(writer):
    writer.get_extra_info('socket').setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    writer.close()


async def serve(reader, writer, mode):
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while mode != 'silent':
            head = await reader.readuntil(b'\r\n\r\n')
            body = pattern(head.split(b' ')[1].rsplit(b'/', 1)[1])
            if mode == 'hanging':
                await asyncio.sleep(60)
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                         % len(body) + body[:len(body) // 2])
            await writer.drain()
            await asyncio.sleep(0.002)
            if mode == 'resetting':
                reset(writer)
                return
            writer.write(body[len(body) // 2:])
            await writer.drain()
        await asyncio.sleep(60)


async def origin(port, mode):
    async def one(reader, writer):
        await serve(reader, writer, mode)
    while True:
        server = await asyncio.start_server(one, '127.0.0.1', port,
                                            reuse_address=True)
        print('listens', flush=True)
        if mode != 'flapping':
            await server.serve_forever()
        await asyncio.sleep(0.2)
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.2)


# --- clients

class Clients:
    def __init__(self, port):
        self.port, self.running = port, True
        self.seen = collections.Counter()
        self.made = 0

    async def ask(self, reader, writer):
        """One request; True when the connection can go on."""
        self.made += 1
        token = b'%08d' % self.made
        writer.write(b'GET /t/%s HTTP/1.1\r\nHost: d\r\n\r\n' % token)
        head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 20)
        status = int(head[9:12])
        length = int(head.lower().split(b'content-length: ')[1].split()[0])
        try:
            body = await asyncio.wait_for(reader.readexactly(length), 20)
        except asyncio.IncompleteReadError as error:
            whole = error.partial == pattern(token)[:len(error.partial)]
            self.seen['cut' if whole else 'WRONG'] += 1
            return False
        if status != 200:
            self.seen[str(status)] += 1
        else:
            self.seen['whole' if body == pattern(token) else 'WRONG'] += 1
        return b'onnection: close' not in head

    async def one(self):
        while self.running:
            reader, writer = await asyncio.open_connection(
                '127.0.0.1', self.port)
            try:
                while self.running and await self.ask(reader, writer):
                    pass
                if reader._buffer:  # pylint: disable=protected-access
                    self.seen['TWICE'] += 1
            except (OSError, asyncio.IncompleteReadError):
                self.seen['closed without an answer'] += 1
            except asyncio.TimeoutError:
                self.seen['UNANSWERED'] += 1
            writer.close()

    async def run(self, seconds, also):
        tasks = [asyncio.create_task(self.one()) for _ in range(24)]
        await also(seconds)
        self.running = False
        await asyncio.gather(*tasks)


class Process:
    def __init__(self, port, mode):
        self.args = [sys.executable, __file__, str(port), mode]
        self.start()

    def start(self):
        self.proc = subprocess.Popen(self.args, stdout=subprocess.PIPE)
        self.proc.stdout.readline()

    def stop(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()


async def faults_drill():
    from drill_health import config, gateway
    from drill_kit import free_port, must_be_zero, say
    keys = ('passive = { failures = 3; time = "1s"; }; '
            'timeouts = { connect = "300ms"; response = "1s"; };')
    for mode in MODES:
        ports = [free_port() for _ in range(3)]
        procs = [Process(ports[0], mode if mode != 'killed' else 'good'),
                 Process(ports[1], 'good'), Process(ports[2], 'good')]

        async def weather(seconds, mode=mode, victim=procs[0]):
            for _ in range(int(seconds)):
                await asyncio.sleep(0.6)
                if mode == 'killed':
                    victim.stop()
                    victim.start()
                await asyncio.sleep(0.4)
        try:
            with tempfile.TemporaryDirectory() as folder:
                gw = gateway(pathlib.Path(folder), config(
                    ports, 'round_robin', keys=keys))
                gw.start()
                try:
                    clients = Clients(gw.port)
                    await clients.run(10, weather)
                finally:
                    gw.finish()
        finally:
            for p in procs:
                p.stop()
        say(f'faults: one of three {mode}: {clients.made} requests: '
            f'{dict(clients.seen)}')
        for bad in ('WRONG', 'TWICE', 'UNANSWERED'):
            must_be_zero(f'faults: {mode}: {bad}', clients.seen[bad])


DRILLS = {'faults': faults_drill}

if __name__ == '__main__':
    asyncio.run(origin(int(sys.argv[1]), sys.argv[2]))

"""TLS, HTTP/2 and gRPC as their clients see them: every mixture of protocols,
new certificates under load, long streams, WebSockets over HTTP/2."""
import asyncio
import concurrent.futures
import pathlib
import re
import ssl
import struct
import subprocess
import tempfile
import time

import grpc
import h2.config
import h2.connection
import h2.events

from drill_kit import must_be_zero, pss_kb, say
from drill_tunnel import BINARY, CLOSE, Echo, frame
from gateway import BUILD, Gateway, free_port, wait_until
import pki

NAME = 'gateway.test'
REQUESTS = 20000
SECONDS = 15
RELOADS = 100
MESSAGES = 10000
SOCKETS, CONNECTIONS = 1000, 10


class Stage:
    """A folder with an authority and certificates, and what was started."""

    def __init__(self):
        self.temp = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temp.name)
        self.ca = pki.Authority()
        self.ca.write(self.folder / 'ca.pem')
        self.certify('site')
        self.started = []

    def certify(self, name):
        leaf = self.ca.issue(NAME, names=[NAME, 'IP:127.0.0.1'])
        leaf.write(self.folder, name)
        return leaf

    def start(self, *argv):
        self.started.append(subprocess.Popen(
            [str(a) for a in argv], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for p in self.started:
            p.terminate()
            p.wait()
        self.temp.cleanup()


def listeners(ports, folder, cert='site'):
    tls = (f'tls = {{ certificates = ( {{ certificate = "{folder}/{cert}.pem";'
           f' key = "{folder}/{cert}.key"; }} ); }}')
    return f'''listeners = (
  {{ address = "127.0.0.1:{ports['http/1.1']}"; }},
  {{ address = "127.0.0.1:{ports['h2']}"; protocols = [ "h2" ]; }},
  {{ address = "127.0.0.1:{ports['http/1.1 over TLS']}";
     protocols = [ "http/1.1" ]; {tls}; }},
  {{ address = "127.0.0.1:{ports['h2 over TLS']}";
     protocols = [ "h2" ]; {tls}; }} );
'''


KINDS = 'http/1.1', 'h2', 'http/1.1 over TLS', 'h2 over TLS'


def start_origins(stage):
    """{kind: port}: the demo, nghttpd without and with TLS, nginx with TLS."""
    ports = {kind: free_port() for kind in KINDS}
    root = stage.folder / 'root'
    root.mkdir()
    (root / 'health').write_text('x' * 512)
    root.chmod(0o755)
    stage.start(BUILD / 'demo-upstream', ports['http/1.1'], 'up')
    stage.start('nghttpd', '--no-tls', '-d', root, '-a', '127.0.0.1',
                ports['h2'])
    stage.start('nghttpd', '-d', root, '-a', '127.0.0.1', ports['h2 over TLS'],
                stage.folder / 'site.key', stage.folder / 'site.pem')
    conf = stage.folder / 'nginx.conf'
    temp = ' '.join(f'{k}_temp_path {stage.folder}/n{i};' for i, k in enumerate(
        ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')))
    conf.write_text(f'''daemon off; user root; worker_processes 1;
pid {stage.folder}/nginx.pid; error_log stderr crit; events {{ }}
http {{ access_log off; {temp} keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{ports['http/1.1 over TLS']} ssl; root {root};
    ssl_certificate {stage.folder}/site.pem;
    ssl_certificate_key {stage.folder}/site.key; }} }}
''')
    stage.start('nginx', '-e', 'stderr', '-c', conf)
    return ports


def services(ports):
    out = []
    for i, kind in enumerate(KINDS):
        protocol = 'h2' if kind.startswith('h2') else 'http/1.1'
        tls = ('tls = { ca = "ca.pem"; };' if 'TLS' in kind else '')
        out.append(f's{i} = {{ endpoints = ( {{ address = '
                   f'"127.0.0.1:{ports[kind]}"; }} ); protocol = "{protocol}";'
                   f' {tls} pool = {{ max_idle = 256; }}; }};')
    routes = ', '.join(f'{{ path = "/{i}/*rest"; service = "s{i}"; '
                       f'rewrite = "/{{rest}}"; }}' for i in range(len(KINDS)))
    return (f'services = {{ {" ".join(out)} }};\nroutes = ( {routes} );\n')


def h2load(url, h1):
    argv = ['h2load', '-n', str(REQUESTS), '-c', '16', '-t', '1',
            '-m', '1' if h1 else '32', url]
    if h1:
        argv.insert(1, '--h1')
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    return (int(re.search(r'(\d+) 2xx', done.stdout).group(1)),
            re.search(r'finished in ([\w.]+),', done.stdout).group(1))


def curl(stage, kind, port, path):
    how = []
    if kind.startswith('h2'):
        how = ['--http2' if 'TLS' in kind else '--http2-prior-knowledge']
    else:
        how = ['--http1.1']
    scheme = 'https' if 'TLS' in kind else 'http'
    done = subprocess.run(
        ['curl', '-sS', '--cacert', stage.folder / 'ca.pem', *how, '-o',
         '/dev/null', '-w', '%{http_version} %{response_code}',
         f'{scheme}://127.0.0.1:{port}{path}'],
        capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


async def mixture_drill():
    with Stage() as stage:
        origins = start_origins(stage)
        ports = {kind: free_port() for kind in KINDS}
        gw = Gateway(stage.folder, services(origins),
                     top=listeners(ports, stage.folder))
        gw.port = ports['http/1.1']
        gw.start()
        try:
            for kind in KINDS:
                for i, origin in enumerate(KINDS):
                    path = f'/{i}/health'
                    wanted = ('2' if kind.startswith('h2') else '1.1') + ' 200'
                    # Origins have to be up.
                    wait_until(lambda: curl(stage, kind, ports[kind], path)
                               == wanted, 10,
                               f'{kind} -> {origin}: '
                               + curl(stage, kind, ports[kind], path))
                    scheme = 'https' if 'TLS' in kind else 'http'
                    good, took = h2load(
                        f'{scheme}://127.0.0.1:{ports[kind]}{path}',
                        not kind.startswith('h2'))
                    say(f'mixture: {kind} -> {origin}: {good} of {REQUESTS} '
                        f'in {took}, and curl')
                    must_be_zero(f'mixture: {kind} -> {origin}',
                                 REQUESTS - good)
        finally:
            gw.finish()


class Visitors:
    """Clients over TLS: some stay, some come anew for each request."""

    def __init__(self, port, context):
        self.port, self.context, self.running = port, context, True
        self.done = self.handshakes = 0
        self.fails, self.serials = [], set()

    async def connect(self):
        reader, writer = await asyncio.open_connection(
            '127.0.0.1', self.port, ssl=self.context, server_hostname=NAME)
        self.handshakes += 1
        self.serials.add(
            writer.get_extra_info('peercert')['serialNumber'])
        return reader, writer

    async def ask(self, reader, writer):
        writer.write(b'GET /health HTTP/1.1\r\nHost: gateway.test\r\n\r\n')
        head = await reader.readuntil(b'\r\n\r\n')
        if not head.startswith(b'HTTP/1.1 200'):
            raise ValueError(head[:60])
        n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
        await reader.readexactly(n)
        self.done += 1

    async def one(self, stays):
        while self.running:
            try:
                reader, writer = await self.connect()
                await self.ask(reader, writer)
                while stays and self.running:
                    await self.ask(reader, writer)
                writer.close()
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                self.fails.append(repr(error))


async def certificate_drill():
    with Stage() as stage:
        up = free_port()
        stage.start(BUILD / 'demo-upstream', up, 'up')
        ports = {kind: free_port() for kind in KINDS}
        body = (f'services = {{ s = {{ endpoints = ( {{ address = '
                f'"127.0.0.1:{up}"; }} ); }}; }};\n'
                'routes = ( { path = "/*rest"; service = "s"; } );\n')
        gw = Gateway(stage.folder, body, workers=2,
                     top=listeners(ports, stage.folder))
        gw.start()
        try:
            context = ssl.create_default_context(
                cafile=stage.folder / 'ca.pem')
            visitors = Visitors(ports['http/1.1 over TLS'], context)
            tasks = [asyncio.create_task(visitors.one(i < 24))
                     for i in range(32)]
            pids, first = gw.worker_pids, gw.generation
            for _ in range(RELOADS):
                stage.certify('site')
                before, deadline = gw.generation, time.monotonic() + 5
                gw.send(1)
                while gw.generation == before and time.monotonic() < deadline:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.05)
            visitors.running = False
            await asyncio.wait(tasks, timeout=10)
            made = gw.generation - first
            say(f'certificates: {made} reloads, each with a new certificate: '
                f'{visitors.done} requests, {visitors.handshakes} handshakes, '
                f'{len(visitors.serials)} certificates seen, '
                f'{len(visitors.fails)} failed; workers '
                f'{"the same" if pids == gw.worker_pids else "CHANGED"}')
            for fail in visitors.fails[:3]:
                say('  ', fail)
            must_be_zero('certificates: failed', len(visitors.fails))
            must_be_zero('certificates: reloads missing', RELOADS - made)
        finally:
            gw.finish()


def bytes_of(x):
    return x


class EchoMethod(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.stream_stream_rpc_method_handler(
            lambda messages, context: messages, bytes_of, bytes_of)


def talk(channel):
    method = channel.stream_stream('/drill.Echo/Echo', bytes_of, bytes_of)
    sent = [struct.pack('!I', i) * 25 for i in range(MESSAGES)]
    back, began = 0, time.monotonic()
    call = method(iter(sent), timeout=120)
    for i, message in enumerate(call):
        back += message == sent[i]
    return back, call.code().name, time.monotonic() - began


async def grpc_drill():
    with Stage() as stage:
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        server.add_generic_rpc_handlers((EchoMethod(),))
        plain = server.add_insecure_port('127.0.0.1:0')
        secured = server.add_secure_port(
            '127.0.0.1:0', grpc.ssl_server_credentials(
                [((stage.folder / 'site.key').read_bytes(),
                  (stage.folder / 'site.pem').read_bytes())]))
        server.start()
        ports = {kind: free_port() for kind in KINDS}
        for up, tls in (plain, ''), (secured, 'tls = { ca = "ca.pem"; };'):
            body = (f'services = {{ s = {{ endpoints = ( {{ address = '
                    f'"127.0.0.1:{up}"; }} ); protocol = "h2"; {tls} }}; }};\n'
                    'routes = ( { path = "/*rest"; service = "s"; } );\n')
            gw = Gateway(stage.folder, body, top=listeners(
                ports, stage.folder))
            gw.start()
            try:
                for kind in 'h2', 'h2 over TLS':
                    at = f'127.0.0.1:{ports[kind]}'
                    channel = grpc.insecure_channel(at)
                    if 'TLS' in kind:
                        channel = grpc.secure_channel(
                            at, grpc.ssl_channel_credentials(
                                (stage.folder / 'ca.pem').read_bytes()))
                    with channel:
                        back, code, took = await asyncio.to_thread(
                            talk, channel)
                    say(f'grpc: {kind} -> h2{" over TLS" if tls else ""}: '
                        f'{back} of {MESSAGES} messages back, {code}, '
                        f'{took:.1f} s')
                    must_be_zero('grpc: messages', MESSAGES - back)
            finally:
                gw.finish()
        server.stop(0)


class H2Client:
    """One connection of HTTP/2; each stream is a WebSocket."""

    def __init__(self):
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True))
        self.incoming, self.status, self.room = {}, {}, asyncio.Event()
        self.connect_allowed = asyncio.Event()

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection(
            '127.0.0.1', port)
        self.h2.initiate_connection()
        self.flush()
        self.task = asyncio.create_task(self.read())
        await asyncio.wait_for(self.connect_allowed.wait(), 5)

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    async def read(self):
        while True:
            data = await self.reader.read(65536)
            if not data:
                break
            for event in self.h2.receive_data(data):
                self.take(event)
            self.flush()
        for queue in self.incoming.values():
            queue.put_nowait(b'')

    def take(self, event):
        if isinstance(event, h2.events.RemoteSettingsChanged):
            if self.h2.remote_settings.enable_connect_protocol:
                self.connect_allowed.set()
        elif isinstance(event, h2.events.ResponseReceived):
            self.status[event.stream_id].set_result(
                dict(event.headers).get(b':status'))
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(
                event.flow_controlled_length, event.stream_id)
            self.incoming[event.stream_id].put_nowait(event.data)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.incoming[event.stream_id].put_nowait(b'')
        elif isinstance(event, h2.events.WindowUpdated):
            self.room.set()

    async def websocket(self):
        stream = self.h2.get_next_available_stream_id()
        self.incoming[stream] = asyncio.Queue()
        self.status[stream] = asyncio.get_running_loop().create_future()
        self.h2.send_headers(stream, [
            (':method', 'CONNECT'), (':protocol', 'websocket'),
            (':scheme', 'http'), (':path', '/echo'), (':authority', 'drill'),
            ('sec-websocket-version', '13')])
        self.flush()
        status = await asyncio.wait_for(self.status[stream], 20)
        if status != b'200':
            raise ValueError(status)
        return stream

    async def send(self, stream, data):
        while self.h2.local_flow_control_window(stream) < len(data):
            self.room.clear()
            await self.room.wait()
        self.h2.send_data(stream, data)
        self.flush()


class StreamReader:
    def __init__(self, queue):
        self.queue, self.data = queue, b''

    async def readexactly(self, n):
        while len(self.data) < n:
            more = await asyncio.wait_for(self.queue.get(), 30)
            if not more:
                raise asyncio.IncompleteReadError(self.data, n)
            self.data += more
        got, self.data = self.data[:n], self.data[n:]
        return got

    async def frame(self):
        first, second = await self.readexactly(2)
        n = second & 0x7f
        if n == 126:
            n, = struct.unpack('!H', await self.readexactly(2))
        return first & 15, await self.readexactly(n)


async def one_socket(client, number, tally):
    stream = await client.websocket()
    tally['open'] += 1
    reader = StreamReader(client.incoming[stream])
    while tally['running']:
        payload = struct.pack('!II', number, tally['sent']) * 20
        await client.send(stream, frame(BINARY, payload, b'mask'))
        tally['sent'] += 1
        same = await reader.frame() == (BINARY, payload)
        tally['back'] += same
        await asyncio.sleep(0.2)
    await client.send(stream, frame(CLOSE, struct.pack('!H', 1000), b'mask'))
    closed = (await reader.frame())[0] == CLOSE
    tally['closed'] += closed
    client.h2.end_stream(stream)
    client.flush()


async def websocket_drill():
    echo = Echo()
    server = await asyncio.start_server(echo.serve, '127.0.0.1', 0,
                                        backlog=1024)
    up = server.sockets[0].getsockname()[1]
    with Stage() as stage:
        ports = {kind: free_port() for kind in KINDS}
        body = (f'services = {{ s = {{ endpoints = ( {{ address = '
                f'"127.0.0.1:{up}"; }} ); }}; }};\n'
                'routes = ( { path = "/*rest"; service = "s"; } );\n')
        gw = Gateway(stage.folder, body, workers=2,
                     top=listeners(ports, stage.folder))
        gw.start()
        try:
            before = pss_kb(gw.family())
            tally = dict(open=0, sent=0, back=0, closed=0, running=True)
            clients = [H2Client() for _ in range(CONNECTIONS)]
            for client in clients:
                await client.open(ports['h2'])
            tasks = [asyncio.create_task(
                one_socket(clients[i % CONNECTIONS], i, tally))
                for i in range(SOCKETS)]
            await asyncio.sleep(SECONDS)
            pss = pss_kb(gw.family())
            tally['running'] = False
            await asyncio.wait(tasks, timeout=30)
            failed = [t.exception() for t in tasks
                      if not t.done() or t.exception()]
            say(f'websockets: {tally["open"]} over {CONNECTIONS} connections '
                f'of HTTP/2: {tally["sent"]} messages sent, {tally["back"]} '
                f'back, {tally["closed"]} closed in order, {len(failed)} '
                f'failed {failed[:2]}; PSS {before} -> {pss} kB, '
                f'{(pss - before) / SOCKETS:.1f} each')
            must_be_zero('websockets: not open', SOCKETS - tally['open'])
            must_be_zero('websockets: lost', tally['sent'] - tally['back'])
            must_be_zero('websockets: not closed', SOCKETS - tally['closed'])
            for client in clients:
                client.writer.close()
                client.task.cancel()
        finally:
            gw.finish()
    server.close()


DRILLS = {'mixture': mixture_drill, 'certificates': certificate_drill,
          'grpc': grpc_drill, 'websocket2': websocket_drill}

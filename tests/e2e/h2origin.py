"""An origin that speaks HTTP/2 by python3-h2, as a test scripts it, and that
keeps what it got.

    o = H2Origin()                       # answers 200 with an echo, as JSON
    o.on('/slow', lambda x: ...)         # x is an Exchange; runs in a thread
    o.on('/up', handler, streamed=True)  # from the head on, x.body() reads

Settings go by their codes of RFC 9113; a connection is x.conn.
"""
import json
import queue
import select
import socket
import ssl
import struct
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from origin import Listening

MAX_STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS
WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
CONNECT = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL

class Exchange:
    """One stream, from its head on."""

    def __init__(self, conn, stream, headers):
        self.conn = conn
        self.stream = stream
        self.headers = [(n.decode(), v.decode('latin-1')) for n, v in headers]
        self.method = self.get(':method')
        self.path = self.get(':path')
        self.trailers = []
        self.reset = None  # the code, when the gateway gave it up
        self.parts = queue.Queue()  # of the body; None ends it

    def get(self, name):
        return next((v for n, v in self.headers if n == name), None)

    def part(self, timeout=60):
        """More of the body, acknowledged as it is taken; None at its end."""
        data = self.parts.get(timeout=timeout)
        if data and self.path in self.conn.origin.streamed:
            self.conn.took(self.stream, len(data))
        return data

    def body(self):
        parts = []
        while True:
            data = self.part()
            if data is None:
                return b''.join(parts)
            parts.append(data)

    def head(self, status=200, headers=(), end=False):
        self.conn.head(self.stream,
                       [(':status', str(status)), *headers], end)

    def data(self, data, end=False):
        self.conn.data(self.stream, data, end)

    def end(self, trailers=None):
        if trailers:
            self.conn.head(self.stream, trailers, True)
        else:
            self.data(b'', True)

    def reply(self, status=200, body=b'ok', headers=(), length=True):
        if isinstance(body, str):
            body = body.encode()
        headers = list(headers)
        if length:
            headers.append(('content-length', str(len(body))))
        self.head(status, headers, not body)
        if body:
            self.data(body, True)

    def cancel(self, code=h2.errors.ErrorCodes.INTERNAL_ERROR):
        with self.conn.lock:
            self.conn.h2.reset_stream(self.stream, code)
            self.conn.push()


class H2Connection:
    def __init__(self, origin, sock, number):
        self.origin = origin
        self.sock = sock
        self.number = number
        self.exchanges = {}
        self.pings = 0
        self.goaway = None
        self.resumed = getattr(sock, 'session_reused', None)
        self.lock = threading.RLock()
        self.room = threading.Condition(self.lock)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding=False,
            validate_inbound_headers=False, validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.local_settings = h2.settings.Settings(
            client=False,
            initial_values={MAX_STREAMS: 100, **origin.settings})

    # --- out

    def push(self):
        out = self.h2.data_to_send()
        if out:
            self.raw(out)

    def raw(self, data):
        """Under the lock: one thread at a time may use a TLS socket."""
        view = memoryview(data)
        with self.lock:
            while len(view):
                try:
                    view = view[self.sock.send(view):]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    select.select([], [self.sock], [], 10)

    def frame(self, kind, flags, stream, payload=b''):
        self.raw(struct.pack('>I', len(payload))[1:] +
                 bytes([kind, flags]) + struct.pack('>I', stream) + payload)

    def head(self, stream, headers, end):
        with self.lock:
            self.h2.send_headers(stream, headers, end_stream=end)
            self.push()

    def data(self, stream, data, end):
        view = memoryview(data)
        while True:
            with self.room:
                while len(view) and \
                        self.h2.local_flow_control_window(stream) <= 0:
                    if not self.room.wait(120):
                        raise TimeoutError('no window')
                n = min(len(view), self.h2.max_outbound_frame_size,
                        self.h2.local_flow_control_window(stream))
                last = n == len(view)
                self.h2.send_data(stream, bytes(view[:n]),
                                  end_stream=end and last)
                self.push()
            view = view[n:]
            if last:
                return

    def took(self, stream, n):
        with self.lock:
            try:
                self.h2.acknowledge_received_data(n, stream)
                self.push()
            except (h2.exceptions.ProtocolError, OSError):
                pass

    def say_goaway(self, last, code=0):
        """GOAWAY, after which this side goes on as if it had not."""
        self.frame(7, 0, 0, struct.pack('>II', last, code))

    def settings(self, values):
        with self.lock:
            self.h2.update_settings(values)
            self.push()

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack('ii', 1, 0))
            self.sock.close()
            return
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # --- in

    def serve(self):
        self.sock.setblocking(False)
        with self.lock:
            self.h2.initiate_connection()
            self.push()
        while True:
            if not getattr(self.sock, 'pending', int)():
                select.select([self.sock], [], [])
            with self.lock:
                try:
                    data = self.sock.recv(65536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                if not data:
                    return
                for event in self.h2.receive_data(data):
                    self.event(event)
                self.push()
                self.room.notify_all()

    def event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.begin(event)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        else:
            x = self.exchanges.get(getattr(event, 'stream_id', None))
            if x is not None:
                self.stream_event(x, event)

    def stream_event(self, x, event):
        if isinstance(event, h2.events.DataReceived):
            # Padding, if any, is not waited for.
            if event.data:
                x.parts.put(event.data)
                if x.path not in self.origin.streamed:
                    self.took(x.stream, len(event.data))
        elif isinstance(event, h2.events.TrailersReceived):
            x.trailers = [(n.decode(), v.decode()) for n, v in event.headers]
        elif isinstance(event, h2.events.StreamEnded):
            x.parts.put(None)
            self.go(x, False)
        elif isinstance(event, h2.events.StreamReset):
            x.reset = event.error_code
            x.parts.put(None)

    def begin(self, event):
        x = Exchange(self, event.stream_id, event.headers)
        self.exchanges[event.stream_id] = x
        with self.origin.lock:
            self.origin.requests.append(x)
            self.origin.active += 1
            self.origin.most = max(self.origin.most, self.origin.active)
        self.go(x, True)

    def go(self, x, at_head):
        path = (x.path or '').split('?')[0]
        if at_head == (path in self.origin.streamed):
            threading.Thread(target=self.handle, args=(x, path),
                             daemon=True).start()

    def handle(self, x, path):
        try:
            self.origin.handlers.get(path, self.origin.default)(x)
        except (OSError, h2.exceptions.ProtocolError, queue.Empty):
            pass  # the gateway gave it up
        finally:
            with self.origin.lock:
                self.origin.active -= 1


def echo(x):
    """What came, as JSON."""
    body = x.body()
    x.reply(200, json.dumps({
        'method': x.method, 'path': x.path, 'headers': x.headers,
        'trailers': x.trailers, 'body': body.decode('latin-1')}),
        [('content-type', 'application/json')])


class H2Origin(Listening):
    """With tls: an ssl.SSLContext of a server. Its requests are Exchanges."""

    def __init__(self, handler=echo, port=0, tls=None, settings=None,
                 address='127.0.0.1'):
        self.settings = settings or {}
        self.tls = tls
        self.conns = []
        self.failed = []  # handshakes
        self.active = self.most = 0  # requests at once
        self.open = 0  # connections
        super().__init__(handler, port, address)

    def serve(self, conn):
        try:
            if self.tls is not None:
                conn = self.tls.wrap_socket(conn, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.failed.append(error)
            conn.close()
            return
        with self.lock:
            on = H2Connection(self, conn, len(self.conns) + 1)
            self.conns.append(on)
            self.open += 1
        try:
            on.serve()
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            conn.close()
            with self.lock:
                self.open -= 1

    @property
    def connections(self):
        return len(self.conns)

    def drop(self):
        for conn in list(self.conns):
            conn.close()

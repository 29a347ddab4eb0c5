"""A client of HTTP/2 that does what a test says, frame by frame."""
import socket
import ssl
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR = 0, 1, 2
CANCEL, CALM = 8, 11


def frame(kind, flags=0, stream=0, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack(
        '>BBI', kind, flags, stream) + payload


def literal(name, value, index=b'\x00'):
    """A field as HPACK has it when it saves nothing."""
    def text(s):
        s = s.encode('latin-1') if isinstance(s, str) else s
        assert len(s) < 127 or len(s) - 127 < 16384
        if len(s) < 127:
            return bytes([len(s)]) + s
        n = len(s) - 127
        return bytes([127, n & 127 | 128, n >> 7]) + s
    return index + text(name) + text(value)


def block(*fields):
    return b''.join(literal(n, v) for n, v in fields)


def plain(path='/', host='test', method='GET', scheme='http'):
    return [(':method', method), (':scheme', scheme), (':authority', host),
            (':path', path)]


class Raw:
    """Frames as bytes."""

    def __init__(self, port, context=None, name='site.example', timeout=60,
                 settings=b'', start=True):
        self.sock = socket.create_connection(('127.0.0.1', port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.data = b''
        self.seen = []
        if start:
            self.send(PREFACE + frame(SETTINGS, payload=settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def headers(self, stream, fields, end=True):
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0),
                        stream, block(*fields)))

    def read(self):
        """The next frame: kind, flags, stream, payload; None at the end."""
        while True:
            if len(self.data) >= 9:
                n = int.from_bytes(self.data[:3], 'big')
                if len(self.data) >= 9 + n:
                    kind, flags, stream = struct.unpack(
                        '>BBI', self.data[3:9])
                    payload = self.data[9:9 + n]
                    self.data = self.data[9 + n:]
                    self.seen.append((kind, flags, stream, payload))
                    return self.seen[-1]
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return None
            if not more:
                return None
            self.data += more

    def until(self, kind, stream=None):
        """The first frame of this kind, or None at the end."""
        while True:
            f = self.read()
            if f is None or (f[0] == kind and stream in (None, f[2])):
                return f

    def goaway(self):
        """Its code; None when the connection ends without one."""
        f = self.until(GOAWAY)
        return f and struct.unpack('>II', f[3][:8])[1]

    def reset(self, stream):
        f = self.until(RST_STREAM, stream)
        return f and struct.unpack('>I', f[3])[0]


class Answer:
    def __init__(self):
        self.status, self.headers, self.body = None, {}, b''
        self.interim, self.trailers = [], None
        self.reset, self.ended = None, False

    @property
    def over(self):
        return self.ended or self.reset is not None


class Client:
    """By python3-h2: keeps the windows open unless it is told not to."""

    def __init__(self, port, context=None, name='site.example', timeout=60,
                 settings=None, auto=True, rcvbuf=None):
        sock = socket.socket()
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.settimeout(timeout)
        sock.connect(('127.0.0.1', port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=name)
            assert sock.selected_alpn_protocol() == 'h2'
        self.sock = sock
        self.auto = auto
        self.scheme = 'https' if context is not None else 'http'
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding='latin-1'))
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings(settings)
        self.answers = {}
        self.goaway = None
        self.data = b''
        self.open = True
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def request(self, path='/', method='GET', headers=(), body=None,
                host='site.example', end=True, more=()):
        """Begins one; its stream. `end`: nothing follows but `body`."""
        stream = self.h2.get_next_available_stream_id()
        fields = [(':method', method), (':scheme', self.scheme),
                  (':authority', host), (':path', path), *more, *headers]
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, fields, end and body is None)
        self.flush()
        if body is not None:
            self.send(stream, body, end)
        return stream

    def send(self, stream, data, end=False):
        """DATA, as windows let it."""
        while True:
            n = min(len(data), self.h2.local_flow_control_window(stream),
                    self.h2.max_outbound_frame_size)
            if n or not data:
                self.h2.send_data(stream, data[:n], end and n == len(data))
                self.flush()
                data = data[n:]
                if not data:
                    return
            elif not self.step() or self.answers[stream].over:
                return

    def step(self):
        """Reads once; False at the end."""
        try:
            data = self.sock.recv(262144)
        except ConnectionResetError:
            data = b''
        if not data:
            self.open = False
            return False
        for event in self.h2.receive_data(self.without_goaway(data)):
            self.take(event)
        self.flush()
        return True

    def without_goaway(self, data):
        """Whole frames. The library would take nothing after a GOAWAY, but
        what was under way is still answered."""
        self.data += data
        kept = b''
        while len(self.data) >= 9:
            n = 9 + int.from_bytes(self.data[:3], 'big')
            if len(self.data) < n:
                break
            if self.data[3] == GOAWAY:
                self.goaway = struct.unpack('>I', self.data[13:17])[0]
            else:
                kept += self.data[:n]
            self.data = self.data[n:]
        return kept

    def take(self, event):
        kind = type(event).__name__
        a = self.answers.get(getattr(event, 'stream_id', None))
        if a is None:
            return
        if kind == 'ResponseReceived':
            a.headers = dict(event.headers)
            a.status = int(a.headers[':status'])
        elif kind == 'InformationalResponseReceived':
            a.interim.append(dict(event.headers))
        elif kind == 'DataReceived':
            a.body += event.data
            if self.auto:
                self.h2.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id)
        elif kind == 'TrailersReceived':
            a.trailers = dict(event.headers)
        elif kind == 'StreamEnded':
            a.ended = True
        elif kind == 'StreamReset':
            a.reset = int(event.error_code)

    def wait(self, condition, what='condition'):
        while not condition():
            assert self.step(), f'closed before {what}'

    def answer(self, stream):
        a = self.answers[stream]
        self.wait(lambda: a.over, f'the answer on {stream}')
        return a

    def ask(self, *args, **kw):
        return self.answer(self.request(*args, **kw))

    def closed(self):
        """Reads to the end."""
        while self.step():
            pass
        return True


def settle(seconds=0.2):
    time.sleep(seconds)

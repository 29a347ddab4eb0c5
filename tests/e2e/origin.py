"""An origin whose every byte a test can script, and that keeps what it got."""
import collections
import json
import re
import socket
import struct
import threading

from gateway import free_port
from wire import Wire

Request = collections.namedtuple(
    'Request', 'method target version headers body raw_head connection')


def field(request, name):
    """The values of a field, in order."""
    return [v for n, v in request.headers if n.lower() == name.lower()]


class Connection(Wire):
    """The origin's side of a connection."""

    def __init__(self, sock, number):  # pylint: disable=super-init-not-called
        self.sock = sock
        self.data = b''
        self.number = number
        self.open = True

    def request_head(self):
        raw, line, headers = self.head()
        method, target, version = line.split(' ')
        return Request(method, target, version, headers, b'', raw, self.number)

    def request_body(self, request):
        if 'chunked' in ','.join(field(request, 'transfer-encoding')).lower():
            return self.chunks()[0]
        length = field(request, 'content-length')
        return self.exactly(int(length[0])) if length else b''

    def reply(self, status=200, body=b'ok', headers=(), reason='Thing',
              length=True):
        if isinstance(body, str):
            body = body.encode()
        lines = [f'HTTP/1.1 {status} {reason}']
        lines += [f'{n}: {v}' for n, v in headers]
        if length:
            lines.append(f'Content-Length: {len(body)}')
        self.send('\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body)

    def end(self):
        self.open = False
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.end()


def echo(conn, request):
    """What came, as JSON."""
    if request.method == 'HEAD':
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
        return
    conn.reply(200, json.dumps({
        'method': request.method, 'target': request.target,
        'headers': request.headers,
        'body': request.body.decode('latin-1')}),
        [('Content-Type', 'application/json')])


class Listening:
    """What origins of all protocols share. Serves until closed."""

    def __init__(self, handler, port, address):
        self.default = handler
        self.handlers = {}  # path: handler
        self.streamed = set()  # paths whose handler reads the body itself
        self.requests = []
        self.lock = threading.Lock()
        self.sock = socket.socket(
            socket.AF_INET6 if ':' in address else socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port or free_port()))
        self.port = self.sock.getsockname()[1]
        self.sock.listen(512)
        threading.Thread(target=self.accept, daemon=True).start()

    def on(self, path, handler, streamed=False):
        self.handlers[path] = handler
        if streamed:
            self.streamed.add(path)

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(self.accepted(sock),),
                             daemon=True).start()

    def accepted(self, sock):
        """What is served: the socket, or what is made of it in their order."""
        return sock

    def serve(self, conn):
        raise NotImplementedError

    @property
    def last(self):
        return self.requests[-1]

    def drop(self):
        """Ends every connection; new ones are still accepted."""
        raise NotImplementedError

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.drop()


class Origin(Listening):
    """Handlers get (connection, request)."""

    def __init__(self, handler=echo, port=0, name='origin',
                 address='127.0.0.1'):
        self.name = name
        self.connections = 0
        self.live = []
        super().__init__(handler, port, address)

    def accepted(self, sock):
        with self.lock:
            self.connections += 1
            conn = Connection(sock, self.connections)
            self.live.append(conn)
        return conn

    def serve(self, conn):
        try:
            while conn.open:
                request = conn.request_head()
                path = re.split(r'[?]', request.target)[0]
                if path not in self.streamed:
                    request = request._replace(body=conn.request_body(request))
                with self.lock:
                    self.requests.append(request)
                self.handlers.get(path, self.default)(conn, request)
        except Exception:  # the peer's end, in its many forms
            pass
        finally:
            conn.sock.close()
            with self.lock:
                self.live.remove(conn)

    def drop(self):
        with self.lock:
            for conn in self.live:
                try:
                    conn.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


TCP_ESTABLISHED = 1  # tcpi_state


class Counting(Origin):
    """Knows how many connections were open at the worst moment."""

    def __init__(self, *args, **kw):
        self.most = 0
        super().__init__(*args, **kw)

    def serve(self, conn):
        with self.lock:
            self.most = max(self.most, sum(map(is_open, self.live)))
        super().serve(conn)


def is_open(conn):
    """The gateway has not closed its side, whatever is still to be read."""
    try:
        info = conn.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:
        return False
    return info[0] == TCP_ESTABLISHED

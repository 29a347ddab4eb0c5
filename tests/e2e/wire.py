"""A client that sends exact bytes and reads exact answers."""
import contextlib
import socket


class Response:
    def __init__(self, line, headers, body, raw_head, trailers=()):
        self.version, status, *reason = line.split(' ', 2)
        self.status = int(status)
        self.reason = reason[0] if reason else ''
        self.headers = headers  # [(name, value)], as sent
        self.body = body
        self.raw_head = raw_head
        self.trailers = list(trailers)

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name, otherwise=None):
        values = self.all(name)
        return values[0] if values else otherwise

    def __repr__(self):
        return f'<Response {self.status} {self.headers} {self.body[:200]!r}>'


class Cut(Exception):
    """The peer ended within a message; what came is in args."""


class Wire:
    def __init__(self, port, timeout=60, address='127.0.0.1', rcvbuf=None):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout)
        self.sock.connect((address, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode('latin-1')
        self.sock.sendall(data)

    def more(self):
        data = self.sock.recv(262144)
        self.data += data
        return bool(data)

    def until(self, mark):
        while mark not in self.data:
            if not self.more():
                raise Cut(self.data)
        head, _, self.data = self.data.partition(mark)
        return head

    def exactly(self, n):
        parts, have = [self.data[:n]], min(n, len(self.data))
        self.data = self.data[n:]
        while have < n:
            part = self.sock.recv(min(262144, n - have))
            if not part:
                raise Cut(b''.join(parts))
            parts.append(part)
            have += len(part)
        return b''.join(parts)

    def chunks(self):
        parts = []
        while True:
            size = int(self.until(b'\r\n').split(b';')[0], 16)
            if size == 0:
                break
            parts.append(self.exactly(size))
            assert self.exactly(2) == b'\r\n'
        trailers = []
        while True:
            line = self.until(b'\r\n').decode('latin-1')
            if not line:
                return b''.join(parts), trailers
            trailers.append(tuple(line.split(': ', 1)))

    def head(self):
        raw = self.until(b'\r\n\r\n')
        line, *fields = raw.decode('latin-1').split('\r\n')
        headers = [tuple(f.split(':', 1)) for f in fields]
        return raw, line, [(n, v.strip()) for n, v in headers]

    def response(self, method='GET'):
        raw, line, headers = self.head()
        r = Response(line, headers, b'', raw)
        if method == 'HEAD' or r.status in (204, 304) or r.status < 200:
            return r
        if (r.get('Transfer-Encoding') or '').lower() == 'chunked':
            r.body, r.trailers = self.chunks()
        elif r.get('Content-Length') is not None:
            r.body = self.exactly(int(r.get('Content-Length')))
        else:
            while self.more():
                pass
            r.body, self.data = self.data, b''
        return r

    def ask(self, path='/', method='GET', headers=(), body=None, host='test'):
        lines = [f'{method} {path} HTTP/1.1', f'Host: {host}']
        lines += [f'{n}: {v}' for n, v in headers]
        if body is not None:
            lines.append(f'Content-Length: {len(body)}')
        self.send('\r\n'.join(lines) + '\r\n\r\n')
        if body:
            self.send(body)
        return self.response(method)

    def closed(self):
        """True when the peer ends, and sends nothing more before."""
        try:
            return not self.data and self.sock.recv(1) == b''
        except ConnectionResetError:
            return True


def get(port, path='/', method='GET', **kw):
    """One request on a connection of its own."""
    with contextlib.closing(Wire(port)) as w:
        return w.ask(path, method, **kw)


def raw(port, data):
    """Sends bytes on a connection of its own, reads one answer."""
    with contextlib.closing(Wire(port)) as w:
        w.send(data)
        return w.response()

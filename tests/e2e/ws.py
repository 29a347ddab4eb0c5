"""WebSocket in bytes: frames, handshakes, an origin that echoes; tunnels."""
import base64
import hashlib
import os
import socket
import struct

from gateway import wait_until
from origin import field
from wire import Wire

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
LISTED = '{ path = "/*rest"; service = "s"; upgrade = [ "thing" ]; }'


def tunnels(g):
    return g.metric('tunnels_active')


def wait_tunnels(g, n):
    wait_until(lambda: tunnels(g) == n, 10, f'{n} tunnels')


def replies(g, why):
    return g.metric('replies_total', why=why)


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def frame(payload=b'', opcode=BINARY, mask=False, fin=True):
    n = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    flag = 0x80 if mask else 0
    if n < 126:
        head += bytes([flag | n])
    elif n < 65536:
        head += struct.pack('!BH', flag | 126, n)
    else:
        head += struct.pack('!BQ', flag | 127, n)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def masked(payload, key):
    pad = key * (len(payload) // 4 + 1)
    n = len(payload)
    return (int.from_bytes(payload, 'big')
            ^ int.from_bytes(pad[:n], 'big')).to_bytes(n, 'big')


def read_frame(wire):
    """(opcode, payload, masked) of the next frame."""
    first, second = wire.exactly(2)
    n = second & 0x7f
    if n == 126:
        n, = struct.unpack('!H', wire.exactly(2))
    elif n == 127:
        n, = struct.unpack('!Q', wire.exactly(8))
    key = wire.exactly(4) if second & 0x80 else None
    payload = wire.exactly(n)
    return first & 0x0f, masked(payload, key) if key else payload, bool(key)


def switch(conn, request, accept=None, protocol='websocket', more=(),
           connection='Upgrade', behind=b''):
    """Answers 101."""
    lines = ['HTTP/1.1 101 Switching Protocols', f'Upgrade: {protocol}',
             f'Connection: {connection}', *more]
    key = field(request, 'sec-websocket-key')
    if accept is None and key:
        accept = accept_of(key[0])
    if accept:
        lines.append(f'Sec-WebSocket-Accept: {accept}')
    conn.send('\r\n'.join(lines).encode() + b'\r\n\r\n' + behind)


def echo(conn, request):
    """An origin's handler: every message comes back, until a close frame."""
    switch(conn, request)
    while True:
        opcode, payload, mask = read_frame(conn)
        assert mask
        conn.send(frame(payload, opcode))
        if opcode == CLOSE:
            conn.end()
            return


class WebSocket(Wire):
    """A client: asks to switch, then sends and reads messages."""

    def __init__(self, port, path='/', **kw):
        super().__init__(port, **kw)
        self.answer = self.upgrade(path)

    def upgrade(self, *args, method='GET', **kw):
        self.ask_to_switch(*args, method=method, **kw)
        return self.response(method)

    def ask_to_switch(self, path='/', protocol='websocket', method='GET',
                      version='HTTP/1.1', key=KEY, wsversion='13',
                      connection='Upgrade', more=()):
        lines = [f'{method} {path} {version}', 'Host: test',
                 f'Upgrade: {protocol}', *more]
        if connection:
            lines.append(f'Connection: {connection}')
        if key is not None:
            lines.append(f'Sec-WebSocket-Key: {key}')
        if wsversion is not None:
            lines.append(f'Sec-WebSocket-Version: {wsversion}')
        self.send('\r\n'.join(lines) + '\r\n\r\n')

    def say(self, payload, opcode=BINARY):
        self.send(frame(payload, opcode, mask=True))

    def hear(self):
        return read_frame(self)[:2]

    def echoes(self, payload):
        self.say(payload)
        opcode, got = self.hear()
        assert opcode == BINARY
        return got == payload

    def ended(self):
        """True when the peer ends within the timeout; what came is dropped."""
        try:
            while self.more():
                self.data = b''
        except ConnectionResetError:
            pass
        return True

    def end_sending(self):
        self.sock.shutdown(socket.SHUT_WR)


class Asks(WebSocket):
    """The same, on a connection that has asked for nothing yet."""

    def __init__(self, port, **kw):  # pylint: disable=super-init-not-called
        Wire.__init__(self, port, **kw)

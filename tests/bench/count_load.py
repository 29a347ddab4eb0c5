"""The two ends of a counted gateway: clients and an upstream in one process,
which takes turns with the worker (gate.c). All that a turn of the worker can
meet is sent before the turn begins, so that counts repeat.
"""
import re
import socket
import ssl
import struct

ANSWER = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
          b'Content-Length: 512\r\n\r\n' + b'x' * 512)
LENGTH = re.compile(rb'(?i)\r\ncontent-length: *(\d+)')
STALLED = 20_000  # turns without an answer

H2_PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1


class Broken(Exception):
    """The gateway did not do what was asked of it."""


class Peer:
    """Bytes to and from a socket, as far as they go without waiting."""

    def __init__(self, sock):
        self.sock, self.data, self.ended = sock, b'', False
        self.output = b''
        sock.setblocking(False)

    def send(self, data):
        self.output += data
        try:
            while self.output:
                self.output = self.output[self.sock.send(self.output):]
        except BlockingIOError:
            pass

    def pump(self):
        if self.output:
            self.send(b'')
        try:
            while more := self.sock.recv(65536):
                self.took(more)
            self.ended = True
        except BlockingIOError:
            pass

    def took(self, more):
        self.data += more

    def close(self):
        self.sock.close()


class TlsPeer(Peer):
    """The same within TLS."""

    def __init__(self, sock, context):
        super().__init__(sock)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward,
                                    server_hostname='count.test')
        self.secure, self.plain = False, b''
        self.drive()

    def send(self, data):
        self.plain += data
        self.drive()

    def took(self, more):
        self.inward.write(more)

    def pump(self):
        super().pump()
        self.drive()

    def drive(self):
        try:
            if not self.secure:
                self.tls.do_handshake()
                self.secure = True
            if self.plain:
                self.tls.write(self.plain)
                self.plain = b''
            while more := self.tls.read(65536):
                self.data += more
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        if self.outward.pending:
            super().send(self.outward.read())


def whole_message(data):
    """How many bytes the first message of HTTP/1.1 has, 0 while it is cut."""
    end = data.find(b'\r\n\r\n')
    if end < 0:
        return 0
    length = LENGTH.search(data, 0, end)
    size = end + 4 + (int(length.group(1)) if length else 0)
    return size if len(data) >= size else 0


class Upstream:
    """Answers each request that has come when it is pumped."""

    def __init__(self, answer=lambda request: ANSWER):
        self.answer = answer
        self.listening = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.listening.setblocking(False)
        self.port = self.listening.getsockname()[1]
        self.peers, self.last = [], b''

    def pump(self):
        try:
            while True:
                sock, _ = self.listening.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.peers.append(Peer(sock))
        except BlockingIOError:
            pass
        for peer in self.peers:
            peer.pump()
            while size := whole_message(peer.data):
                self.last, peer.data = peer.data[:size], peer.data[size:]
                peer.send(self.answer(self.last))
            if peer.ended:
                peer.close()
        self.peers = [p for p in self.peers if not p.ended]

    def close(self):
        for peer in self.peers:
            peer.close()
        self.listening.close()


class Client:
    """A connection of HTTP/1.1, or one that is made anew for each request."""

    def __init__(self, port, request, status, context=None, once=False):
        self.port, self.request, self.status = port, request, b'%d' % status
        self.context, self.once = context, once
        self.peer, self.done, self.strict = None, True, True

    def connect(self):
        sock = socket.create_connection(('127.0.0.1', self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = TlsPeer(sock, self.context) if self.context else Peer(sock)

    def ask(self):
        if self.peer is None:
            self.connect()
        self.done = False
        self.peer.send(self.request)

    def pump(self):
        if self.done:
            return
        self.peer.pump()
        size = whole_message(self.peer.data)
        if not size:
            if self.peer.ended:
                raise Broken('a connection ended without an answer')
            return
        if self.strict and self.peer.data[9:12] != self.status:
            raise Broken(f'{self.status}: {self.peer.data[:size]}')
        if self.once and not self.peer.ended:
            return
        self.peer.data = self.peer.data[size:]
        self.done = True
        if self.once:
            self.close()

    def close(self):
        if self.peer is not None:
            self.peer.close()
        self.peer = None


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack(
        '>BBI', kind, flags, stream) + payload


class H2Client(Client):
    """A connection of HTTP/2 with so many requests at once; the request is a
    block of fields, the status the first byte of the answer's."""

    def __init__(self, port, block, status, streams, context=None):
        super().__init__(port, block, status, context)
        self.streams, self.next, self.open = streams, 1, 0
        self.status = {200: 0x88}[status]

    def connect(self):
        super().connect()
        wide = 2 ** 31 - 1
        self.peer.send(
            H2_PREFACE + frame(SETTINGS, 0, 0, struct.pack('>HI', 4, wide)) +
            frame(WINDOW_UPDATE, 0, 0, struct.pack('>I', wide - 65535)))

    def ask(self):
        if self.peer is None:
            self.connect()
        self.done, self.open = False, self.streams
        requests = b''
        for _ in range(self.streams):
            requests += frame(HEADERS, END_STREAM | END_HEADERS, self.next,
                              self.request)
            self.next += 2
        self.peer.send(requests)

    def pump(self):
        if self.done:
            return
        self.peer.pump()
        data = self.peer.data
        while len(data) >= 9 and len(data) >= (
                end := 9 + int.from_bytes(data[:3], 'big')):
            self.frame(data[3], data[4], data[9:end])
            data = data[end:]
        self.peer.data = data
        self.done = self.open == 0

    def frame(self, kind, flags, payload):
        if kind in (SETTINGS, PING):
            if not flags & ACK:
                self.peer.send(frame(kind, ACK, 0,
                                     payload if kind == PING else b''))
        elif kind == HEADERS:
            if self.status not in payload[:4]:
                raise Broken(f'HTTP/2: {payload}')
            self.open -= flags & END_STREAM
        elif kind == DATA:
            self.open -= flags & END_STREAM
        elif kind != WINDOW_UPDATE:
            raise Broken(f'HTTP/2: frame of type {kind}: {payload}')


def play(gate, upstream, clients, rounds, strict=True):
    """So many rounds, in each of which every client asks at once. Not strict:
    with any status."""
    for _ in range(rounds):
        for client in clients:
            client.strict = strict
            client.ask()
        turns = 0
        while not all(client.done for client in clients):
            gate.turn()
            upstream.pump()
            for client in clients:
                client.pump()
            turns += 1
            if turns > STALLED:
                raise Broken('no answer: ' + upstream.last.decode('latin-1'))

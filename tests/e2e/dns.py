"""A DNS server whose every answer a test can script, over UDP and TCP."""
import ipaddress
import socket
import struct
import threading

from gateway import free_port, wait_until

A, CNAME, AAAA, SRV = 1, 5, 28, 33
SERVFAIL, NXDOMAIN = 2, 3


def encode(name):
    labels = [label.encode() for label in name.split('.') if label]
    return b''.join(bytes([len(x)]) + x for x in labels) + b'\0'


def decode(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode())
        at += 1 + data[at]
    return '.'.join(labels).lower(), at + 1


def rdata(kind, value):
    if kind in (A, AAAA):
        return ipaddress.ip_address(value).packed
    if kind == CNAME:
        return encode(value)
    priority, weight, port, target = value
    return struct.pack('!HHH', priority, weight, port) + encode(target)


class Dns:
    """Answers from `records` until closed; `ways` says how, by name."""

    def __init__(self, port=0):
        self.records = {}  # (name, type): (ttl, [value])
        # name, or None for all: 'silent', 'servfail', 'nxdomain', 'garbage',
        # 'wrong id', 'truncated' (the whole answer comes over TCP)
        self.ways = {}
        self.asked = []  # (name, type, 'udp' or 'tcp')
        self.port = port or free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(('127.0.0.1', self.port))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(('127.0.0.1', self.port))
        self.tcp.listen(16)
        self.address = f'127.0.0.1:{self.port}'
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    # --- the script

    def host(self, name, *addresses, ttl=1):
        """All addresses of a name, in place of those before."""
        by = {A: [], AAAA: []}
        for address in addresses:
            by[AAAA if ':' in address else A].append(address)
        for kind, values in by.items():
            self.records[name, kind] = (ttl, values)

    def srv(self, name, *values, ttl=1):
        """Values are (priority, weight, port, target)."""
        self.records[name, SRV] = (ttl, list(values))

    def wait_asked(self, name, more=1, seconds=10):
        """Until it has been asked for a name so many times from now on."""
        want = self.count(name) + more
        wait_until(lambda: self.count(name) >= want, seconds,
                   f'{more} questions for {name}')

    def count(self, name):
        return sum(asked[0] == name for asked in self.asked)

    # --- the server

    def reply(self, query, over):
        name, end = decode(query, 12)
        kind, = struct.unpack('!H', query[end:end + 2])
        self.asked.append((name, kind, over))
        way = self.ways.get(name, self.ways.get(None))
        if way == 'silent':
            return None
        if way == 'garbage':
            return query[:2] + b'\x81\x80\0\1\0\xff\0\0\0\0' + b'\xc0\xff' * 20
        known = any(n == name for n, _ in self.records)
        code = {'servfail': SERVFAIL, 'nxdomain': NXDOMAIN}.get(
            way, 0 if known else NXDOMAIN)
        answers = [] if code else self.answers(name, kind)
        flags = 0x8180 | code
        if way == 'truncated' and over == 'udp':
            flags, answers = flags | 0x0200, []
        number = query[:2] if way != 'wrong id' else bytes(
            [query[0] ^ 0xff, query[1]])
        return (number + struct.pack('!HHHHH', flags, 1, len(answers), 0, 0)
                + query[12:end + 4] + b''.join(answers))

    def answers(self, name, kind):
        out = []
        while (name, CNAME) in self.records:
            ttl, (target,) = self.records[name, CNAME]
            out.append(self.record(name, CNAME, ttl, target))
            name = target
        ttl, values = self.records.get((name, kind), (0, []))
        return out + [self.record(name, kind, ttl, v) for v in values]

    @staticmethod
    def record(name, kind, ttl, value):
        data = rdata(kind, value)
        return (encode(name) + struct.pack('!HHIH', kind, 1, ttl, len(data))
                + data)

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
                if not query:
                    return
                reply = self.reply(query, 'udp')
                if reply is not None:
                    self.udp.sendto(reply, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_stream, args=(sock,),
                             daemon=True).start()

    def serve_stream(self, sock):
        with sock, sock.makefile('rb') as stream:
            while len(head := stream.read(2)) == 2:
                query = stream.read(struct.unpack('!H', head)[0])
                reply = self.reply(query, 'tcp')
                if reply is not None:
                    sock.sendall(struct.pack('!H', len(reply)) + reply)

    def close(self):
        """Nobody answers there any more."""
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

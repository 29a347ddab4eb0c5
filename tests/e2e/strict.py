"""HTTP/1.1 requests read as RFC 9112 draws them, and in no other way.

Written from the RFCs, knowing nothing of the gateway's own reader, so that the
two can be held against each other. It refuses whatever anybody might read
differently; what it accepts has one meaning.
"""
import collections
import re

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb'(%s) ([!-~]+) HTTP/1\.([0-9])' % TOKEN)
FIELD = re.compile(rb'(%s):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*'
                   rb'[!-~\x80-\xff])?)?)[ \t]*' % TOKEN)
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
CHUNK_LINE = re.compile(rb'([0-9A-Fa-f]+)(?:[ \t]*;[ \t]*%s'
                        rb'(?:[ \t]*=[ \t]*(?:%s|%s))?)*'
                        % (TOKEN, TOKEN, QUOTED))
HOST = re.compile(rb'(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~!$&\'()*+,;=%]*)'
                  rb'(?::[0-9]*)?')

Request = collections.namedtuple(
    'Request', 'method target minor fields body trailers')


class Malformed(Exception):
    """Bytes that are no request."""


class Incomplete(Exception):
    """More bytes could make it one."""


def values(fields, name):
    return [v for n, v in fields if n.lower() == name]


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def line(self):
        """Up to CR LF; a CR or LF anywhere else is an error."""
        end = re.compile(rb'[\r\n]').search(self.data, self.at)
        if end is None:
            raise Incomplete
        end = end.start()
        mark = self.data[end:end + 2]
        if mark == b'\r':
            raise Incomplete
        if mark != b'\r\n':
            raise Malformed('line end')
        line = self.data[self.at:end]
        self.at = end + 2
        return line

    def exactly(self, n):
        if len(self.data) - self.at < n:
            raise Incomplete
        part = self.data[self.at:self.at + n]
        self.at += n
        return part

    def fields(self):
        found = []
        while True:
            line = self.line()
            if not line:
                return found
            m = FIELD.fullmatch(line)
            if m is None:
                raise Malformed('field line', line)
            found.append((m.group(1), m.group(2)))

    def chunks(self):
        body = b''
        while True:
            line = self.line()
            m = CHUNK_LINE.fullmatch(line)
            if m is None:
                raise Malformed('chunk', line)
            size = int(m.group(1), 16)
            if size >= 1 << 63:
                raise Malformed('chunk size', line)
            if size == 0:
                return body
            body += self.exactly(size)
            if self.exactly(2) != b'\r\n':
                raise Malformed('chunk end')

    def body(self, minor, fields):
        """RFC 9112 6.3, refusing what it lets be repaired."""
        codings = values(fields, b'transfer-encoding')
        lengths = values(fields, b'content-length')
        if codings:
            if lengths or minor == 0 or \
                    [c.lower() for c in codings] != [b'chunked']:
                raise Malformed('framing', codings, lengths)
            body = self.chunks()
            trailers = self.fields()
            for name in (b'content-length', b'transfer-encoding', b'host'):
                if values(trailers, name):
                    raise Malformed('trailer', name)
            return body, trailers
        if not lengths:
            return b'', []
        if len(lengths) != 1 or not re.fullmatch(rb'[0-9]+', lengths[0]) or \
                int(lengths[0]) >= 1 << 63:
            raise Malformed('length', lengths)
        return self.exactly(int(lengths[0])), []

    def request(self):
        if self.data[self.at:self.at + 1] == b'\r':
            if self.line():
                raise Malformed('start')
        line = self.line()
        m = REQUEST_LINE.fullmatch(line)
        if m is None or b'#' in m.group(2):
            raise Malformed('request line', line)
        method, target, minor = m.group(1), m.group(2), int(m.group(3))
        fields = self.fields()
        hosts = values(fields, b'host')
        if len(hosts) > 1 or (minor != 0 and not hosts) or \
                (hosts and not HOST.fullmatch(hosts[0])):
            raise Malformed('host', hosts)
        body, trailers = self.body(minor, fields)
        return Request(method, target, minor, fields, body, trailers)


def closes(request):
    """RFC 9112 9.3: no request may follow on its connection."""
    options = [o.strip(b' \t').lower()
               for v in values(request.fields, b'connection')
               for o in v.split(b',')]
    return b'close' in options or \
        (request.minor == 0 and b'keep-alive' not in options)


def read(data):
    """
    The requests at the start of data, and why there are no more: an error, or
    None when it ends with the last.
    """
    reader, found = Reader(data), []
    while reader.at < len(data):
        try:
            found.append(reader.request())
        except (Incomplete, Malformed) as error:
            return found, error
        if closes(found[-1]) and reader.at < len(data):
            return found, Malformed('bytes behind the last request')
    return found, None

"""A receiver of traces that is built on the published messages of OTLP: what
does not fit them is an error here."""
import atexit
import base64
import http.server
import importlib
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from gateway import wait_until

PROTO = pathlib.Path(__file__).with_name('otlp')
IDS = ('traceId', 'spanId', 'parentSpanId')


def compiled():
    """The messages, by protoc."""
    out = tempfile.mkdtemp(prefix='pen-otlp-')
    atexit.register(shutil.rmtree, out, True)
    subprocess.run(['protoc', f'-I{PROTO}', f'--python_out={out}',
                    'common.proto', 'trace.proto'], check=True)
    sys.path.insert(0, out)
    return importlib.import_module('trace_pb2')


MESSAGES = compiled()


def value(any_value):
    return getattr(any_value, any_value.WhichOneof('value'))


def attributes(of):
    found = {a.key: value(a.value) for a in of.attributes}
    assert len(found) == len(of.attributes), 'an attribute comes twice'
    return found


class Span:
    """One that was received, in Python's own words."""

    def __init__(self, message, resource, scope):
        self.resource, self.scope = resource, scope
        self.trace = message.trace_id.hex()
        self.id = message.span_id.hex()
        self.parent = message.parent_span_id.hex()
        assert len(self.trace) == 32 and len(self.id) == 16
        assert int(self.trace, 16) and int(self.id, 16)
        self.state, self.name = message.trace_state, message.name
        self.kind = MESSAGES.Span.SpanKind.Name(message.kind)[10:]
        self.start = message.start_time_unix_nano
        self.end = message.end_time_unix_nano
        assert self.name and self.start <= self.end
        self.attributes = attributes(message)
        self.events = [e.name for e in message.events]
        for e in message.events:
            assert self.start <= e.time_unix_nano <= self.end
        self.failed = message.status.code == 2
        self.message = message.status.message
        self.flags = message.flags

    def __getitem__(self, key):
        return self.attributes.get(key)

    def __repr__(self):
        return f'<{self.kind} {self.name} {self.id} of {self.parent or "-"}>'


def ids_to_base64(value):
    """As the mapping of Protocol Buffers has bytes; that of OTLP is hex."""
    if isinstance(value, list):
        return [ids_to_base64(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in IDS
            else ids_to_base64(v) for k, v in value.items()}


def read_json(body):
    from google.protobuf import json_format  # pylint: disable=C0415
    said = json.loads(body)
    for resource in said['resourceSpans']:
        for scope in resource['scopeSpans']:
            for span in scope['spans']:
                # Numbers of 64 bits are strings, enums are numbers.
                assert isinstance(span['startTimeUnixNano'], str)
                assert isinstance(span['kind'], int)
                assert span['traceId'] == span['traceId'].lower()
    return json_format.ParseDict(ids_to_base64(said),
                                 MESSAGES.ExportTraceServiceRequest())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers['Content-Length']))
        status, headers, answer = self.server.owner.receive(
            self.path, self.headers, body)
        self.send_response(status)
        for name, field in headers:
            self.send_header(name, field)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Receiver:
    """`script`: what is answered next, as (status, fields, body); then 200.
    With tls: paths of a certificate and its key."""

    def __init__(self, tls=None):
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket,
                                                     server_side=True)
        self.server.daemon_threads = True
        self.server.owner = self
        self.port = self.server.server_address[1]
        self.lock = threading.Lock()
        self.spans, self.script, self.errors, self.asked = [], [], [], []
        self.hold = threading.Event()
        self.hold.set()
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def receive(self, path, headers, body):
        self.hold.wait(120)
        with self.lock:
            self.asked.append((time.monotonic(), path, headers, len(body)))
            status, fields, answer = self.script.pop(0) if self.script else \
                (200, [], b'')
            if status == 200:
                try:
                    self.take(headers['Content-Type'], body)
                except Exception as error:  # pylint: disable=broad-except
                    self.errors.append(repr(error))
                    return 400, [], b''
            return status, fields, answer

    def take(self, kind, body):
        if kind == 'application/json':
            request = read_json(body)
        else:
            assert kind == 'application/x-protobuf', kind
            request = MESSAGES.ExportTraceServiceRequest.FromString(body)
            assert not list(request.UnknownFields())
        for r in request.resource_spans:
            for s in r.scope_spans:
                self.spans += [Span(m, attributes(r.resource), s.scope)
                               for m in s.spans]

    def of(self, trace, count, seconds=10, steps=()):
        """The spans of a trace, when there are so many: of the request, then
        of its calls as they began, then of filters that are named; any other
        may have one, too, where the machine is busy."""
        order = {'SERVER': 0, 'CLIENT': 1, 'INTERNAL': 2}

        def found():
            spans = [s for s in self.spans if s.trace == trace and
                     (s.kind != 'INTERNAL' or s.name in steps)]
            return spans if len(spans) >= count else None
        spans = wait_until(found, seconds, f'{count} spans of {trace}')
        assert len(spans) == count, spans
        return sorted(spans, key=lambda s: (order[s.kind], s.start))

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        assert not self.errors, self.errors

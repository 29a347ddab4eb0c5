"""Listeners with TLS, and clients of them."""
import os
import signal
import socket
import ssl

from gateway import free_port
from pki import Authority
from wire import Wire


class TlsWire(Wire):
    """A Wire below TLS. `context` makes it, `name` is asked for."""

    def __init__(self, port, context, name='site.example', session=None,
                 timeout=60, rcvbuf=None):
        super().__init__(port, timeout, rcvbuf=rcvbuf)
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=name,
                                            session=session)
        except Exception:
            self.sock.close()
            raise

    @property
    def names(self):
        """The DNS names in the certificate that was shown."""
        return [v for k, v in self.sock.getpeercert()['subjectAltName']
                if k == 'DNS']

    def ask(self, path='/', method='GET', headers=(), body=None,
            host='site.example'):
        return super().ask(path, method, headers, body, host)


class Shop:
    """An authority, certificates in files, and listeners that show them."""

    def __init__(self, folder, names=('site.example', '*.site.example')):
        self.dir = folder
        self.ca = Authority()
        self.ca.write(folder / 'ca.pem')
        self.port, self.plain = free_port(), free_port()
        self.issue('site', names)

    def issue(self, file, names, **kw):
        """Certificate and key in two files; the leaf."""
        leaf = self.ca.issue(names[0], names=list(names), **kw)
        leaf.write(self.dir, file)
        return leaf

    def certificates(self, *files):
        return '( ' + ', '.join(
            f'{{ certificate = "{self.dir}/{f}.pem"; '
            f'key = "{self.dir}/{f}.key"; }}' for f in files) + ' )'

    def listener(self, files=('site',), more='', extra='', port=None):
        return (f'{{ address = "127.0.0.1:{port or self.port}"; {extra} '
                f'tls = {{ certificates = {self.certificates(*files)}; '
                f'{more} }}; }}')

    def listeners(self, *others, **kw):
        return ('listeners = ( '
                + ', '.join([self.listener(**kw), *others]) + ' );\n')

    def context(self, alpn=(), version=None, client=None):
        context = ssl.create_default_context(cafile=self.dir / 'ca.pem')
        if version:
            context.minimum_version = context.maximum_version = version
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if client:
            context.load_cert_chain(self.dir / f'{client}.pem',
                                    self.dir / f'{client}.key')
        return context

    def client(self, name='site.example', context=None, session=None, **kw):
        return TlsWire(self.port, context or self.context(), name, session,
                       **kw)


def service(origin):
    return (f'services = {{ s = {{ endpoints = '
            f'( {{ address = "127.0.0.1:{origin.port}"; }} ); }}; }};\n')


def route(origin, more=''):
    return (service(origin)
            + f'routes = ( {{ path = "/*rest"; service = "s"; {more} }} );\n')


def reset(sock):
    """Ends a connection with a reset."""
    import struct
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    sock.close()


def kill_workers(gateway):
    for pid in gateway.worker_pids:
        os.kill(pid, signal.SIGKILL)

#!/usr/bin/env python3
"""The benchmark itself: what its programs count, and what its goals say.
Called by `make check`; BUILD is where its programs are."""
import contextlib
import io
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).parent),
                str(pathlib.Path(__file__).parents[1] / 'e2e')]
from bench_goals import goals_table  # noqa
from bench_kit import PROGRAMS, Wrong  # noqa
from bench_load import checked  # noqa
from gateway import free_port  # noqa

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
BUSY = b'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'


class Scripted(threading.Thread):
    """A server that gives one answer after another, each to a whole request;
    an empty one closes."""

    def __init__(self, *answers, context=None):
        super().__init__(daemon=True)
        self.answers, self.context = list(answers), context
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while self.answers:
            connection = self.listener.accept()[0]
            with contextlib.suppress(OSError):
                if self.context:
                    connection = self.context.wrap_socket(connection,
                                                          server_side=True)
                self.serve(connection)
            connection.close()
        self.listener.close()

    def serve(self, connection):
        while self.answers:
            if b'\r\n\r\n' not in connection.recv(65536):
                return
            answer = self.answers.pop(0)
            if not answer.startswith(b'HTTP/1.1') or \
                    not answer.endswith((b'ok', b'\n')):
                connection.sendall(answer)
                return
            connection.sendall(answer)


def load(port, *options):
    done = subprocess.run(
        [PROGRAMS / 'load', '-p', str(port), '-c', '1', '-d', '5', *options],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Load(unittest.TestCase):
    def failure(self, kind, *answers, options=()):
        """What these answers are called; and that it is no figure."""
        port = Scripted(*answers).port
        result = load(port, '-n', str(len(answers)), *options)
        self.assertEqual({k: n for k, n in result['failures'].items() if n},
                         {kind: 1})
        self.assertEqual(result['good'], len(answers) - 1)
        with self.assertRaises(Wrong):
            checked(result)

    def test_good(self):
        result = load(Scripted(*[GOOD] * 5).port, '-n', '5')
        self.assertEqual(checked(result, 5)['statuses'], {'200': 5})
        self.assertEqual(result['opened'], 1)

    def test_other_number(self):
        with self.assertRaises(Wrong):
            checked(load(Scripted(GOOD).port, '-n', '1'), 2)

    def test_status(self):
        self.failure('status', GOOD, BUSY, GOOD)

    def test_expected_status(self):
        result = load(Scripted(BUSY, BUSY).port, '-n', '2', '-s', '503')
        self.assertEqual(checked(result)['good'], 2)

    def test_closed(self):
        self.failure('closed', GOOD, b'', GOOD)

    def test_cut(self):
        self.failure('cut', GOOD, GOOD[:-1], GOOD)

    def test_no_http(self):
        self.failure('cut', b'220 ready\r\n\r\n', GOOD)

    def test_nobody(self):
        result = load(free_port(), '-n', '3', '-C')
        self.assertEqual(result['failures']['connect'], 3)

    def test_new_connections(self):
        port = Scripted(*[GOOD] * 3).port
        self.assertEqual(load(port, '-n', '3', '-C')['opened'], 3)

    def test_rate(self):
        result = load(Scripted(*[GOOD] * 20).port, '-n', '20', '-r', '100')
        self.assertGreater(checked(result)['seconds'], 0.18)

    def test_warm_is_not_counted(self):
        done = subprocess.run(
            [PROGRAMS / 'load', '-p', str(Scripted(*[GOOD] * 3).port), '-c',
             '1', '-n', '2', '-w', '200'], input='go\n', capture_output=True,
            text=True, timeout=30)
        ready, result = done.stdout.splitlines()
        self.assertEqual(ready, 'ready 1')
        self.assertEqual(json.loads(result)['statuses'], {'200': 2})


class Programs(unittest.TestCase):
    def setUp(self):
        self.running, self.ports = [], {}
        self.start('origin', '{}=512')
        self.start('relay', '{}', self.ports['origin'])
        self.start('relay_splice', '{}', self.ports['origin'])
        self.start('accept_close', '{}')

    def start(self, name, first, *more):
        port = self.ports[name] = free_port()
        self.running.append(subprocess.Popen(
            [PROGRAMS / name, first.format(port), *map(str, more)]))
        for _ in range(500):
            with contextlib.suppress(OSError):
                socket.create_connection(('127.0.0.1', port), 1).close()
                return
            time.sleep(0.01)
        self.fail(f'{name} does not listen')

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.wait()

    def test_relays(self):
        for name in 'origin', 'relay', 'relay_splice':
            result = load(self.ports[name], '-n', '500', '-c', '16')
            self.assertEqual(checked(result)['bytes'] // 500, 600, name)

    def test_bodies(self):
        for name in 'origin', 'relay_splice':
            checked(load(self.ports[name], '-n', '8', '-b', str(1 << 20)))

    def test_accept_close(self):
        checked(load(self.ports['accept_close'], '-n', '100', '-x'))
        answered = load(self.ports['origin'], '-n', '4', '-x', '-d', '1')
        self.assertEqual(answered['failures']['missed'], 4)


class Signed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = at = pathlib.Path(cls.folder.name)
        for words in (['req', '-x509', '-newkey', 'ec', '-pkeyopt',
                       'ec_paramgen_curve:P-256', '-nodes', '-subj',
                       '/CN=bench.test', '-keyout', at / 'key.pem', '-out',
                       at / 'cert.pem'],
                      ['genrsa', '-out', at / 'rsa', '2048']):
            subprocess.run(['openssl', *words], check=True,
                           capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_resumed(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.at / 'cert.pem', self.at / 'key.pem')
        for option, resumed, tickets in ('-T', 0, 6), ('-R', 2, 4):
            port = Scripted(*[GOOD] * 3, context=context).port
            result = checked(load(port, '-n', '3', '-C', option))
            self.assertEqual(result['resumed'], resumed)
            self.assertEqual(result['tickets'], tickets)

    def test_handshake(self):
        out = subprocess.run(
            [PROGRAMS / 'handshake', self.at / 'cert.pem', self.at / 'key.pem',
             '20', '1'], capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(out)['requests'], 20)
        self.assertGreater(json.loads(out)['cpu_us'], 100)

    def test_tokens(self):
        import jwt
        from cryptography.hazmat.primitives.serialization import \
            load_pem_private_key

        def made(count, role, seconds):
            return subprocess.run(
                [PROGRAMS / 'token_make', self.at / 'rsa', count, role,
                 seconds], capture_output=True, text=True,
                check=True).stdout.split()
        key = load_pem_private_key((self.at / 'rsa').read_bytes(),
                                   None).public_key()
        tokens = made('3', 'member', '60')
        claims = [jwt.decode(t, key, ['RS256'], audience='api')
                  for t in tokens]
        self.assertEqual([c['sub'] for c in claims],
                         ['user-1', 'user-2', 'user-3'])
        self.assertEqual(claims[0]['roles'], ['member'])
        with self.assertRaises(jwt.ExpiredSignatureError):
            jwt.decode(made('1', 'member', '0')[0], key, ['RS256'],
                       audience='api')


class Goals(unittest.TestCase):
    def said(self, scenario, **rows):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            goals_table({'quick': False, 'scenarios': {
                scenario: {'rows': rows}}})
        return out.getvalue()

    def test_met(self):
        text = self.said('plain', penstock={'cpu': 4.0}, nginx={'cpu': 7.0},
                         haproxy={'cpu': 6.0}, floor={'cpu': 3.0})
        self.assertRegex(text, r'met +plain: at most 1.4 x floor')
        self.assertRegex(text, r'NOT MET +plain: at most 0.6 x best peer')
        self.assertIn('1 met, 1 not met', text)

    def test_rounds_are_compared_each(self):
        """In the slow half of them all are slow."""
        text = self.said(
            'plain', penstock={'cpu': 8.0, 'turns': [4.0, 8.0, 8.0]},
            floor={'cpu': 3.0, 'turns': [3.0, 6.0, 3.0]})
        self.assertRegex(text, r' met +plain: at most 1.4 x floor .* = 1.33 x')

    def test_wrong_is_not_measured(self):
        text = self.said('plain', penstock={'error': 'cut'},
                         nginx={'cpu': 7.0}, floor={'cpu': 3.0})
        self.assertIn('0 met, 0 not met', text)

    def test_reload(self):
        row = {'failed': 0, 'requests': 12000, 'p99_with': 120,
               'p99_without': 100}
        text = self.said('reload', penstock=row)
        self.assertRegex(text, r'  met +reload: 0 failed')
        self.assertRegex(text, r'NOT MET +reload: p99')


if __name__ == '__main__':
    result = unittest.main(exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(1 if bad else 0)

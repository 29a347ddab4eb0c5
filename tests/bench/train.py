#!/usr/bin/env python3
"""Takes the profile of `make PGO=1`: an instrumented build does what is counted
(count_scenes.py), HTTP/2 over TLS, and bodies of 1 MB both ways. Its processes
write what they have counted as they end, each into what the others have
written; that needs files, which the filter of system calls would not let them.

Called as: PENSTOCK_BUILD=build/train tests/bench/train.py PROFILE
"""
import pathlib
import shutil
import ssl
import sys
import tempfile
import time

from count_gate import BUILD, TOOLS, Gateway, free_port
from count_load import ANSWER, Client, H2Client, Upstream, play
from count_scenes import Bare, Full, Scenario, get
from h2wire import block, plain

AGAIN = 20  # times the rounds that suffice to count
LARGE = 1 << 20
LARGE_ANSWER = (b'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n'
                b'Content-Length: %d\r\n\r\n' % LARGE + b'x' * LARGE)


def answer(request):
    return LARGE_ANSWER if request.startswith(b'GET /large') else ANSWER


class Bodies(Bare):
    """Of 1 MB, and HTTP/2 over TLS."""
    name = 'bodies'

    def scenarios(self, port, ports):
        secure, _ = ports
        context, h2 = (ssl.create_default_context() for _ in range(2))
        for c in context, h2:
            c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        h2.set_alpn_protocols(['h2'])
        down = get('/large')
        up = get('/upload', ('Content-Length', LARGE)).replace(
            b'GET', b'POST', 1) + b'x' * LARGE
        fields = block(*plain('/users/1', 'count.test', scheme='https'))
        scenarios = {
            f'{way} {how}': Scenario(
                lambda r=request, t=to, c=tls: Client(t, r, 200, c), 4, 2)
            for way, request in (('down', down), ('up', up))
            for how, to, tls in (('plain', port, None),
                                 ('tls', secure, context))}
        scenarios['h2'] = Scenario(
            lambda: H2Client(secure, fields, 200, 16, h2), 4, 6, 16)
        return scenarios


class Free:
    """No gate: a turn is a while."""

    @staticmethod
    def turn():
        time.sleep(.0005)


def train(scene_of, folder, counts):
    folder.mkdir()
    scene, upstream = scene_of(folder), Upstream(answer)
    ports = [free_port() for _ in range(2)]
    body, top = scene.texts(upstream.port, ports)
    gateway = Gateway(folder, body, environ={
        'LD_PRELOAD': str(TOOLS / 'unconfined.so'),
        'GCOV_PREFIX': str(counts)})
    gateway.write(body, top(gateway.port))
    try:
        gateway.start()
        for name, scenario in scene.scenarios(gateway.port, ports).items():
            print(f'training: {name}', flush=True)
            play(Free, upstream, scenario.clients, 1, False)
            play(Free, upstream, scenario.clients, scenario.rounds * AGAIN)
            scenario.close()
    finally:
        gateway.finish()
        upstream.close()


def keep(counts, profile):
    """As the compiler looks for it: by the object's path, in one folder."""
    found = counts / BUILD.relative_to('/')
    shutil.rmtree(profile, ignore_errors=True)
    profile.mkdir(parents=True)
    for path in found.rglob('*.gcda'):
        name = '#'.join(path.relative_to(found).parts)
        shutil.copyfile(path, profile / name)
    if not any(profile.glob('worker#*')):
        sys.exit('the workers have counted nothing')


def main():
    with tempfile.TemporaryDirectory(prefix='penstock-train.') as folder:
        folder = pathlib.Path(folder)
        for scene in (Bare, Full, Bodies):
            train(scene, folder / scene.name, folder / 'counts')
        keep(folder / 'counts', pathlib.Path(sys.argv[1]))


if __name__ == '__main__':
    main()

"""What the commands print, and how they exit."""
import re
import subprocess

import pytest

from conf import proxy
from gateway import BINARY, CTL, ROOT, free_port, wait_until
from wire import get

GOOD = proxy(1)


def penstock(*args, text=None, folder=None):
    if text is not None:
        (folder / 'p.conf').write_text(text)
        args = ('-c', folder / 'p.conf', *args)
    return subprocess.run([BINARY, *args], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def full(body):
    return 'listeners = ( { address = "127.0.0.1:1"; } );\n' + body


def test_version():
    done = penstock('-v')
    assert done.returncode == 0
    assert re.fullmatch(r'penstock \d+\.\d+\.\d+\n', done.stdout)
    assert done.stdout.strip().split()[1] in penstock('-V').stdout


def test_help():
    done = penstock('-h')
    assert done.returncode == 0 and '-t' in done.stdout


@pytest.mark.parametrize('args', [('-x',), ('-s',), ('-s', 'dance'), ('word',)])
def test_wrong_usage(args):
    done = penstock(*args)
    assert done.returncode not in (0, -6, -11) and done.stderr


def test_options():
    done = penstock('--options')
    assert done.returncode == 0
    for name in ('worker_connections', 'timeouts', 'request_head', 'max_idle',
                 'rewrite', 'restart', 'reload', '65536'):
        assert name in done.stdout, name


def test_good(tmp_path):
    done = penstock('-t', text=full(GOOD), folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_missing_file(tmp_path):
    done = penstock('-t', '-c', tmp_path / 'none.conf')
    assert done.returncode == 1 and 'none.conf' in done.stderr


@pytest.mark.parametrize('line, words', [
    ('workesr = 2;', ['workesr', 'workers']),
    ('workers = "two";', ['workers']),
    ('workers = -1;', ['workers']),
    ('workers = 010;', ['010']),
    ('workers = 5000000000;', ['workers']),
    ('timeouts = { head = "10"; };', ['head', 'unit']),
    ('timeouts = { head = "ten s"; };', ['head']),
    ('timeouts = { haed = "1s"; };', ['haed', 'head']),
    ('limits = { uri = "8q"; };', ['uri']),
    ('log = { level = "loud"; };', ['level', 'loud']),
    ('environment = "${PEN_SURELY_NOT_SET}";', ['PEN_SURELY_NOT_SET']),
    ('log = { target = "a"', ['syntax']),
])
def test_complaints(tmp_path, line, words):
    text = full(GOOD) + '\n\n' + line + '\n'
    number = text.split('\n').index(line) + 1
    done = penstock('-t', text=text, folder=tmp_path)
    assert done.returncode == 1
    first = [x for x in done.stderr.splitlines()
             if re.search(rf'p\.conf:({number}|{number + 1}): ', x)]
    assert first, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize('route, words', [
    ('{ path = "/a"; service = "usres"; }', ['usres', 's']),
    ('{ path = "/a"; }', ['service']),
    ('{ path = "a"; service = "s"; }', ['path']),
    ('{ path = "/a/:x/:x"; service = "s"; }', ['x']),
    ('{ path = "/a/:host"; service = "s"; }', ['host']),
    ('{ path = "~("; service = "s"; }', ['~(']),
    ('{ path = "/a/:x"; service = "s"; rewrite = "/{y}"; }', ['y']),
    ('{ path = "/a"; service = "s"; respond = { body = ""; }; }', ['respond']),
    ('{ path = "/a"; service = "s"; request_headers = ( { set = "A"; } ); }',
     ['value']),
    ('{ path = "/a"; service = "s"; request_headers = '
     '( { set = "A B"; value = "x"; } ); }', ['A B']),
    ('{ path = "/a"; service = "s"; match = ( { value = "x"; } ); }',
     ['match', 'header']),
    ('{ name = "n"; path = "/a"; service = "s"; },'
     '{ name = "n"; path = "/b"; service = "s"; }', ['n']),
])
def test_route_complaints(tmp_path, route, words):
    done = penstock('-t', text=full(proxy(1, routes=route)), folder=tmp_path)
    assert done.returncode == 1, done.stdout
    assert re.search(r'p\.conf:\d+: ', done.stderr), done.stderr
    assert any(word in done.stderr for word in words), done.stderr


def test_every_complaint_not_the_first(tmp_path):
    done = penstock('-t', folder=tmp_path, text=full(
        'one = 1;\ntwo = 2;\nworkers = "x";\n'
        'routes = ( { path = "bad"; service = "none"; } );'))
    assert done.returncode == 1
    for word in ('one', 'two', 'workers', 'none'):
        assert word in done.stderr, done.stderr
    assert len(re.findall(r'p\.conf:\d+: ', done.stderr)) >= 4


def test_bad_listener_and_endpoint(tmp_path):
    done = penstock('-t', folder=tmp_path, text=(
        'listeners = ( { address = "nonsense"; } );\n'
        'services = { s = { endpoints = ( { address = "1.2.3.4"; } ); }; };\n'
        'routes = ( { path = "/"; service = "s"; } );'))
    assert done.returncode == 1
    assert 'p.conf:1: ' in done.stderr and 'p.conf:2: ' in done.stderr


def test_one_name_in_two_files(tmp_path):
    (tmp_path / 'b.conf').write_text(
        '\nservices = { s = { endpoints = ( { address = "127.0.0.1:2"; } ); }; };')
    done = penstock('-t', folder=tmp_path,
                    text='include = [ "b.conf" ];\n' + full(GOOD))
    assert done.returncode == 1
    assert 'p.conf:' in done.stderr and 'b.conf:2' in done.stderr


def test_effective_configuration(tmp_path):
    done = penstock('-T', text=full(GOOD) + 'worker_connections = 77;\n',
                    folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r'worker_connections.*77.*p\.conf:\d+', done.stdout)
    assert re.search(r'idle.*75s.*default', done.stdout)
    order = [done.stdout.index(w) for w in ('forwarded', 'forward')]
    assert order == sorted(order)


def test_effective_configuration_is_stable(tmp_path):
    texts = [penstock('-T', text=full(GOOD), folder=tmp_path).stdout
             for _ in range(2)]
    assert texts[0] == texts[1]


def test_the_demo():
    done = penstock('-t', '-c', ROOT / 'etc' / 'demo.conf')
    assert done.returncode == 0, done.stderr


def test_the_example(tmp_path):
    # The user that it names is made by the package.
    text = (ROOT / 'etc' / 'penstock.conf').read_text()
    done = penstock('-t', folder=tmp_path, text=text.replace(
        'user = "penstock"', 'user = "nobody"'))
    assert done.returncode == 0, done.stderr


def test_status_names_the_environment(gateway):
    g = gateway(GOOD, top='environment = "staging";\n')
    assert g.ctl_json('status')['environment'] == 'staging'
    assert 'staging' in g.ctl('status').stdout


def test_pid_file_may_be_absent(tmp_path):
    port = free_port()
    conf = tmp_path / 'bare.conf'
    conf.write_text(
        f'listeners = ( {{ address = "127.0.0.1:{port}"; }} );\n'
        'routes = ( { path = "/*rest"; respond = { body = "hi"; }; } );\n')
    with subprocess.Popen([BINARY, '-c', conf], stderr=subprocess.DEVNULL) as p:
        try:
            wait_until(lambda: answers(port), 10, 'an answer')
            for word in ('reload', 'stop'):
                done = subprocess.run([BINARY, '-c', conf, '-s', word],
                                      capture_output=True, text=True)
                assert done.returncode == 1
                assert 'names no pid_file' in done.stderr
        finally:
            p.terminate()
        assert p.wait(60) == 0


def answers(port):
    try:
        return get(port, '/').body == b'hi'
    except OSError:
        return False


def test_ctl_reads_the_socket_from_the_file(gateway, tmp_path):
    g = gateway(GOOD)
    conf = tmp_path / 'ctl.conf'
    conf.write_text('admin = { socket = "${SOCKET_FOLDER}/admin.sock"; };\n')
    done = subprocess.run([CTL, '-c', conf, 'status'], text=True,
                          capture_output=True,
                          env={'SOCKET_FOLDER': str(g.dir)})
    assert done.returncode == 0 and 'serving' in done.stdout
    done = subprocess.run([CTL, '-c', conf, 'status'], text=True,
                          capture_output=True, env={})
    assert done.returncode != 0
    assert f'{conf}:1: admin.socket: the environment variable' in done.stderr

"""penstocklog as the keeper runs it: each line once, whatever happens."""
import collections
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from gateway import BINARY, BUILD, ROOT, Watch, freeze, wait_end, wait_until
from wire import Wire, get

LOG = BUILD / 'penstocklog'
PING = 'routes = ( { path = "/*rest"; respond = { body = "pong"; }; } );\n'


def logs(*entries):
    return PING + 'access_log = ( ' + ', '.join(
        f'{{ {e} }}' for e in entries) + ' );\n'


def to(path, more=''):
    return f'path = "{path}"; {more}'


def lines(*paths, growing=False):
    """
    The paths that the JSON lines of these files are about, in order; who reads
    what grows may find the beginning of a line.
    """
    found = []
    for path in paths:
        if path.exists():
            text = path.read_text()
            if growing:
                text = text[:text.rfind('\n') + 1]
            assert text == '' or text.endswith('\n'), text[-200:]
            found += [json.loads(line)['path'] for line in text.splitlines()]
    return found


def seen(*paths):
    return lines(*paths, growing=True)


def ask(g, numbers):
    with Wire(g.port) as w:
        for n in numbers:
            assert w.ask(f'/{n}').status == 200


def ask_at_once(g, numbers):
    """The same, before somebody that is stopped is held to hang."""
    with Wire(g.port) as w:
        w.send(''.join(f'GET /{n} HTTP/1.1\r\nHost: t\r\n\r\n'
                       for n in numbers))
        for _ in numbers:
            assert w.response().status == 200


def wait_lines(count, *paths, seconds=10):
    wait_until(lambda: len(seen(*paths)) >= count, seconds,
               f'{count} lines in {paths}')


def log_pid(g):
    return wait_until(lambda: next((p for p, t in g.family().items()
                                    if t == 'penstocklog'), None), 10,
                      'penstocklog')


class Load:
    """Requests with numbers of their own, until it is ended."""

    def __init__(self, g, clients=2):
        self.g, self.done, self.ended = g, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(c,))
                        for c in range(clients)]
        for t in self.threads:
            t.start()

    def run(self, client):
        n = 0
        with Wire(self.g.port) as w:
            while not self.ended:
                path = f'/{client}-{n}'
                assert w.ask(path).status == 200
                with self.lock:
                    self.done.append(path)
                n += 1
                time.sleep(0.0002)

    def wait(self, more):
        want = len(self.done) + more
        wait_until(lambda: len(self.done) >= want, 10, 'requests')

    def end(self):
        self.ended = True
        for t in self.threads:
            t.join()
        return self.done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def assert_once(asked, found):
    want, have = collections.Counter(asked), collections.Counter(found)
    assert have == want, (list((want - have).items())[:5],
                          list((have - want).items())[:5])


def assert_numbers(path, count):
    """Of several connections, and so of several workers: in any order."""
    assert sorted(int(p[1:]) for p in lines(path)) == list(range(count))


def assert_in_order(found):
    """Of one client, as it asked: its connection is one worker's."""
    for client in {f.split('-')[0] for f in found}:
        own = [int(f.split('-')[1]) for f in found
               if f.split('-')[0] == client]
        assert own == sorted(own)


# ---- where lines go ----

class Receiver:
    """A syslog daemon: a socket that takes messages."""

    def __init__(self, sock):
        self.sock = sock
        self.got = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.got.append(self.sock.recv(65536).decode())
            except OSError:
                return


@pytest.fixture(scope='module')
def many(shared_house):
    """One gateway with a log of each kind."""
    folder = shared_house.folder()
    local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    local.bind(str(folder / 'log.sock'))
    os.chmod(folder / 'log.sock', 0o777)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(('127.0.0.1', 0))
    os.mkfifo(folder / 'fifo', 0o666)
    g = shared_house.gateway(logs(
        to(folder / 'json'), to(folder / 'combined', 'format = "combined";'),
        to('stdout', 'format = "common";'),
        to(folder / 'few', 'when = { status = "404"; };'),
        to(folder / 'fifo', 'format = "common";'),
        to(f'syslog:{folder}/log.sock', 'facility = "local3";'),
        to(f'syslog:127.0.0.1:{udp.getsockname()[1]}',
           'format = "template"; template = "{status} {path}";')))
    g.folder, g.local, g.udp = folder, Receiver(local), Receiver(udp)
    yield g
    local.close()
    udp.close()


def test_files(many):
    ask(many, ['file'])
    wait_until(lambda: '/file' in seen(many.folder / 'json'), 5, 'the line')
    wait_until(lambda: '"GET /file HTTP/1.1" 200 4'
               in (many.folder / 'combined').read_text(), 5, 'the line')
    assert (many.folder / 'few').read_text() == ''
    mode = (many.folder / 'json').stat().st_mode & 0o777
    assert mode == 0o640


def test_standard_output(many):
    ask(many, ['stdout'])
    many.wait_log(r'127\.0\.0\.1 - - \[.*\] "GET /stdout HTTP/1.1" 200 4\n')


def test_syslog_of_the_machine(many):
    ask(many, ['local'])
    wait_until(lambda: any('/local"' in m for m in many.local.got), 5, 'it')
    message, = [m for m in many.local.got if '/local"' in m]
    found = re.fullmatch(
        r'<158>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (\S+) penstock '
        rf'{many.keeper} access \[penstock@32473 (.*)\] (\{{.*\}})', message)
    assert found, message
    assert found[1] == socket.gethostname()
    assert 'route="/*rest" ' in found[2] and ' status="200" ' in found[2]
    assert json.loads(found[3])['path'] == '/local'


def test_syslog_by_udp(many):
    ask(many, ['udp'])
    wait_until(lambda: any(m.endswith('] 200 /udp') for m in many.udp.got), 5,
               'it')


def test_a_fifo_that_somebody_reads(many):
    """Nobody reads it at first: that holds nothing up."""
    with open(many.folder / 'fifo', encoding='ascii') as f:
        ask(many, ['fifo'])
        for line in f:
            if '/fifo ' in line:
                break


def test_each_log_is_counted(many):
    before = many.metric('log_lines_total')
    ask(many, ['counted'])
    wait_until(lambda: many.metric('log_lines_total') >= before + 5, 5,
               'the counts')


def test_it_is_shown(many):
    def beats():
        row, = [w for w in many.ctl_json('workers')['workers']
                if w['role'] == 'penstocklog']
        assert row['pid'] == log_pid(many) and row['state'] == 'ready'
        return row['last_beat'] < 2
    wait_until(beats, 10, 'a beat')
    assert re.search(r'^penstocklog +\d+ +ready ', many.ctl('workers').stdout,
                     re.M)
    assert many.metric('process_cpu_seconds_total',
                       process='penstocklog') >= 0


def test_what_it_may(many):
    pid = log_pid(many)
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    assert re.search(r'^NoNewPrivs:\s+1$', status, re.M)
    if os.getuid() == 0:  # it is not dumpable
        fds = [os.readlink(f'/proc/{pid}/fd/{fd}')
               for fd in os.listdir(f'/proc/{pid}/fd')]
        assert not any('secrets' in f or 'vault' in f for f in fds), fds
        maps = pathlib.Path(f'/proc/{pid}/maps').read_text()
        assert {m[0] for m in re.findall(r' (\S)(\S).. .*memfd:penstock-'
                                         r'(?:state|images|records)', maps)
                } == {'r'}
        assert not re.search(r' rw.* .*memfd:penstock-(state|images|records)',
                             maps)


def test_what_it_inherits(gateway, house):
    """Neither secrets in the environment, nor what a shell had open."""
    folder = house.folder()
    with open(folder / 'stray', 'wb') as stray:
        g = gateway(logs(to(folder / 'log')), start=False,
                    environ={'JWT_SECRET': 'hidden', 'TZ': 'UTC'})
        g.pass_fds = (stray.fileno(),)
        g.start()
    pid = log_pid(g)
    if os.getuid() != 0:  # it is not dumpable
        return
    wait_until(lambda: 'penstocklog' in os.readlink(f'/proc/{pid}/exe'), 5,
               'exec')
    environ = pathlib.Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
    assert b'TZ=UTC' in environ
    assert not any(b'hidden' in variable for variable in environ)
    fds = [os.readlink(f'/proc/{pid}/fd/{fd}')
           for fd in os.listdir(f'/proc/{pid}/fd')]
    assert not any('stray' in fd for fd in fds), fds


def test_it_is_missed(house):
    """Before anything depends on it: a copy of penstock stands alone."""
    folder = house.folder()
    alone = folder / 'penstock'
    shutil.copy(BINARY, alone)
    conf = folder / 'penstock.conf'
    folder.chmod(0o777)

    def check(entries):
        conf.write_text('listeners = ( { address = "127.0.0.1:80"; } );\n' +
                        PING + entries)
        done = subprocess.run([alone, '-t', '-c', conf], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stderr

    says = (f'it needs penstocklog, which is neither in {folder}/ nor in '
            f'{folder}/../bin')
    code, said = check(f'access_log = ( {{ path = "{folder}/log"; }} );')
    assert code == 0 and f'access_log: {says}' in said, said
    code, said = check(f'audit_log = ( {{ path = "{folder}/log"; '
                       'when_full = "count"; } );')
    assert code == 0 and f'audit_log: {says}' in said, said
    code, said = check(f'audit_log = ( {{ path = "{folder}/log"; '
                       'when_full = "refuse"; } );')
    assert code == 1 and f'audit_log: {says}' in said, said
    (folder / 'penstocklog').symlink_to(LOG)
    code, said = check(f'access_log = ( {{ path = "{folder}/log"; }} );')
    assert code == 0 and 'needs' not in said, said


# ---- reopened, stopped, killed, full ----

@pytest.fixture
def one(gateway, house):
    folder = house.folder()
    g = gateway(logs(to(folder / 'log')), workers=2,
                allow=['penstocklog .* was killed by signal 9'])
    g.file = folder / 'log'
    return g


def test_rotation(one):
    """As logrotate does it: rename, then USR1."""
    moved = one.file.with_suffix('.1')
    with Load(one) as load:
        load.wait(200)
        one.file.rename(moved)
        load.wait(200)
        one.run('-q', '-s', 'reopen')
        wait_until(one.file.exists, 5, 'the new file')
        load.wait(200)
        asked = load.end()
    wait_lines(len(asked), moved, one.file)
    found = lines(moved, one.file)
    assert_once(asked, found)
    assert_in_order(found)
    assert lines(moved) and lines(one.file)


def test_it_is_stopped_for_a_while(one):
    ask(one, range(10))
    freeze(log_pid(one))
    ask(one, range(10, 500))
    assert len(seen(one.file)) <= 10
    os.kill(log_pid(one), signal.SIGCONT)
    wait_lines(500, one.file)
    assert_numbers(one.file, 500)


def test_killed_again_and_again(one):
    with Load(one) as load:
        for _ in range(6):
            load.wait(100)
            pid = log_pid(one)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: log_pid(one) != pid, 10, 'another one')
        asked = load.end()
    wait_lines(len(asked), one.file)
    found = lines(one.file)
    assert_once(asked, found)
    assert_in_order(found)
    assert one.metric('records_lost_total') == 0


def test_a_stop_writes_what_there_is(one):
    ask(one, range(300))
    one.stop()
    assert_numbers(one.file, 300)


def test_a_stop_does_not_wait_for_who_is_stopped(one):
    freeze(log_pid(one))
    one.proc.terminate()
    one.wait_log('has ended', 3)
    one.proc.terminate()
    begun = Watch()
    wait_end(one.proc.pid, 8)
    assert begun.within(0, 5)
    assert one.proc.wait(0) == 0
    assert re.search('penstocklog has not ended in time: killing it',
                     one.log_text())


def test_it_outlives_the_keeper(one):
    ask(one, range(100))
    pid = log_pid(one)
    freeze(pid)
    ask(one, range(100, 200))
    os.kill(one.keeper, signal.SIGKILL)
    one.proc.wait()
    one.proc = None
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not pathlib.Path(f'/proc/{pid}').exists(), 10,
               'its end')
    assert_numbers(one.file, 200)


def test_no_room(one):
    """Of a line that does not fit nothing stays; then all is made up for."""
    ask(one, range(10))
    wait_lines(10, one.file)
    room = one.file.stat().st_size + 1000
    limits = resource.prlimit(log_pid(one), resource.RLIMIT_FSIZE,
                              (room, resource.RLIM_INFINITY))
    ask(one, range(10, 60))
    one.wait_log(r'cannot write: File too large')
    wait_until(lambda: one.metric('log_failing') == 1, 5, 'the error')
    text = one.file.read_text()
    assert text.endswith('\n') and 10 < text.count('\n') < 60
    assert len(re.findall('cannot write', one.log_text())) == 1
    resource.prlimit(log_pid(one), resource.RLIMIT_FSIZE, limits)
    wait_lines(60, one.file)
    assert_numbers(one.file, 60)
    one.wait_log(r'is written again; 0 lines were lost')


def test_killed_without_room(one):
    """What it had in memory is lost, and counted; what is there is whole."""
    ask(one, range(10))
    wait_lines(10, one.file)
    pid = log_pid(one)
    resource.prlimit(pid, resource.RLIMIT_FSIZE,
                     (one.file.stat().st_size + 500, resource.RLIM_INFINITY))
    ask(one, range(10, 60))
    one.wait_log(r'cannot write: File too large')
    wait_until(lambda: one.metric('records_total') == 60, 5, 'all read')
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: log_pid(one) != pid, 10, 'another one')
    ask(one, range(60, 70))
    wait_until(lambda: seen(one.file)[-1:] == ['/69'], 10, 'the last line')
    there = lines(one.file)
    assert len(there) == len(set(there))
    wait_until(lambda: one.metric('log_lines_lost_total') == 70 - len(there),
               5, 'the count')


def test_slower_than_its_ring(gateway, house):
    """What was overwritten is missing, and counted: nothing else is."""
    file = house.folder() / 'log'
    g = gateway(logs(to(file)), top='recorder = { ring = "256k"; };')
    ask(g, range(10))
    wait_lines(10, file)
    with subprocess.Popen([LOG, '-s', g.socket, '-f', 'common'], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as hand:
        def attached():
            ask(g, ['hand'])
            return select.select([hand.stdout], [], [], 0)[0]
        wait_until(attached, 10, 'a line')
        for pid in (log_pid(g), hand.pid):
            freeze(pid)
        before = int(g.metric('requests_total'))
        ask_at_once(g, range(2000))
        for pid in (log_pid(g), hand.pid):
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: g.metric('records_lost_total') > 0, 5, 'the loss')
        wait_until(lambda: seen(file)[-1:] == ['/1999'], 5, 'the last')
        lost = g.metric('records_lost_total')
        assert len(lines(file)) + lost == before + 2000
        said = re.fullmatch(r'penstocklog: (\d+) records were overwritten '
                            r'before they were read\n', hand.stderr.readline())
        assert abs(int(said[1]) - lost) < 500
        hand.send_signal(signal.SIGTERM)
        hand.wait(5)


@pytest.mark.parametrize('more', [
    'audit_log = ( { path = "%s/log"; } );',
    'tracing = { endpoint = "http://127.0.0.1:9/v1/traces"; };'])
def test_what_else_it_is_there_for(gateway, house, more):
    folder = house.folder()
    g = gateway(PING + (more % folder if '%' in more else more))
    pid = log_pid(g)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: log_pid(g) != pid, 10, 'another one')
    g.allow.append('penstocklog .* was killed by signal 9')
    wait_until(lambda: g.metric('log_restarts_total') == 1, 5, 'the count')


# ---- reloads ----

def test_another_file_under_load(one):
    other = one.file.with_suffix('.other')
    with Load(one) as load:
        for n in range(4):
            load.wait(100)
            one.reload(logs(to(one.file if n % 2 else other)))
        load.wait(100)
        asked = load.end()
    wait_lines(len(asked), one.file, other)
    assert_once(asked, lines(one.file, other))
    assert len(lines(other)) > 50


def test_the_first_log_and_the_last(gateway, house):
    file = house.folder() / 'log'
    g = gateway(PING, workers=2)
    assert 'penstocklog' not in g.family().values()
    assert 'penstocklog' not in g.ctl('workers').stdout
    with Load(g) as load:
        load.wait(100)
        before = len(load.done)
        g.reload(logs(to(file)))
        log_pid(g)
        load.wait(200)
        g.reload(PING)
        wait_until(lambda: 'penstocklog' not in g.family().values(), 10,
                   'its end')
        load.wait(100)
        asked = load.end()
    found = lines(file)
    assert 150 < len(found) <= len(asked) - before
    assert len(set(found)) == len(found) and set(found) <= set(asked[before:])
    assert_in_order(found)
    g.reload(logs(to(file)))
    ask(g, ['again'])
    wait_until(lambda: seen(file)[-1] == '/again', 10, 'the line')
    assert len(lines(file)) == len(found) + 1


def test_a_gateway_without_the_program(house):
    """The logs are missing, and nothing else."""
    alone = house.folder() / 'penstock'
    alone.write_bytes(BINARY.read_bytes())
    alone.chmod(0o755)
    g = house.gateway(logs(to(alone.with_name('log'))), start=False)
    with open(g.log, 'ab') as out:
        g.proc = subprocess.Popen([alone, '-c', g.conf], cwd=g.dir,
                                  stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out)
    wait_until(lambda: g.admin_status('/readyz') == 200, 10, 'readiness')
    g.wait_log('there is no penstocklog beside penstock')
    assert get(g.port).status == 200


@pytest.mark.skipif(os.getuid() != 0, reason='it becomes another user')
def test_whose_it_is(gateway, house):
    folder = house.folder()
    os.chown(folder, 65534, 65534)
    g = gateway(logs(to(folder / 'log')), user='nobody')
    ask(g, range(3))
    wait_lines(3, folder / 'log')
    assert (folder / 'log').stat().st_uid == 65534
    status = pathlib.Path(f'/proc/{log_pid(g)}/status').read_text()
    assert re.search(r'^Uid:\s+65534\s+65534\s+65534', status, re.M)


# ---- by hand ----

def follow(g, *args, **kw):
    return subprocess.run([LOG, '-s', g.socket, *args], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, **kw)


def test_by_hand_from_the_start(many):
    ask(many, ['hand-1', 'hand-2'])
    done = follow(many, '--since-start', '--lines', '2', '-f', 'common',
                  '--status', '2xx', '--method', 'GET')
    assert done.returncode == 0 and done.stderr == ''
    assert re.fullmatch(r'(127\.0\.0\.1 - - \[.*\] "GET /.* HTTP/1.1" 200 4\n)'
                        r'{2}', done.stdout)


def test_by_hand_as_it_comes(many):
    with subprocess.Popen([LOG, '-s', many.socket, '--template', '{path}',
                           '--why', 'respond'], stdout=subprocess.PIPE,
                          text=True) as p:
        # Until it is attached nothing of it is seen.
        seen = []
        reader = threading.Thread(
            target=lambda: seen.extend(iter(p.stdout.readline, '')))
        reader.start()
        numbers = iter(range(10000))

        def heard():
            ask(many, [f'hear-{next(numbers)}'])
            return seen
        wait_until(heard, 10, 'a line')
        p.send_signal(signal.SIGINT)
        assert p.wait(60) == 0
        reader.join()
        assert all(re.fullmatch(r'/hear-\d+\n', line) for line in seen)


def test_by_hand_until_nobody_reads(many):
    ask(many, ['read'])
    with subprocess.Popen([LOG, '-s', many.socket, '--since-start', '-f',
                           'common'], stdout=subprocess.PIPE) as p:
        assert p.stdout.readline()
        p.stdout.close()
        assert p.wait(60) == 0


def test_by_hand_without_room(many):
    ask(many, ['full'])
    with open('/dev/full', 'w', encoding='ascii') as full:
        done = subprocess.run([LOG, '-s', many.socket, '--since-start'],
                              stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == \
        'penstocklog: cannot write: No space left on device\n'


def test_by_hand_across_a_restart(gateway):
    g = gateway(PING)
    ask(g, ['before'])
    with subprocess.Popen([LOG, '-s', g.socket, '--since-start', '--template',
                           '{path}', '--lines', '2'], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        assert p.stdout.readline() == '/before\n'
        g.stop()
        assert p.stderr.readline() == (
            'penstocklog: the gateway has ended, or does not answer: waiting '
            'for it\n')
        g.start()
        ask(g, ['after'])
        assert p.stdout.readline() == '/after\n'
        assert p.stderr.readline() == (
            'penstocklog: the gateway was started anew: going on with that '
            'one\n')
        assert p.wait(60) == 0


def test_by_hand_of_nobody(house):
    done = subprocess.run([LOG, '-s', house.folder() / 'none'], text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 1
    assert re.fullmatch(r'penstocklog: cannot reach .*/none: No such file or '
                        r'directory\n', done.stderr)


def test_by_hand_of_who_records_nothing(gateway):
    g = gateway(PING, top='recorder = { ring = "0"; };')
    done = follow(g)
    assert (done.returncode, done.stderr) == (
        1, 'penstocklog: the gateway records nothing (recorder.ring)\n')


@pytest.mark.parametrize('args, said', [
    (['--status', 'xyz'], '"xyz" is no status'),
    (['--template', 'x'], 'shows nothing'),
    (['--lines', '0'], '--lines takes a number'),
    (['more'], 'unexpected argument "more"'),
    (['--verify'], '--verify needs a file'),
    (['--verify', '--last=12ab', 'x'], '--last takes a hash'),
    (['--verify', '--last=' + 'A' * 64, 'x'], '--last takes a hash'),
])
def test_by_hand_misused(many, args, said):
    done = follow(many, *args)
    assert done.returncode == 2 and said in done.stderr


def test_tail(many):
    """The same, by penstockctl."""
    ask(many, ['tail'])
    done = many.ctl('tail', '--since-start', '--lines=1', '--template',
                    '{status} {path}')
    assert re.fullmatch(r'200 /\S+\n', done.stdout)
    assert many.ctl('tail', '--nonsense', check=False).returncode == 2


def complete(*words):
    script = ROOT / 'etc' / 'penstocklog.bash'
    ask = (f'PATH={LOG.parent}:$PATH; source {script}; '
           'COMP_WORDS=(penstocklog "$@"); COMP_CWORD=$#; _penstocklog; '
           'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', ask, 'bash', *words], text=True,
                          capture_output=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_completion():
    assert complete('--s') == {'--sample=', '--service=', '--since-start',
                               '--slow=', '--status='}
    assert complete('--status', '=', '5') == {'5xx'}
    assert complete('-f', 'co') == {'combined', 'common'}
    assert complete('--why', '=', 'no_r') == {'no_route'}

"""A new configuration comes into force, or nothing changes."""
import os
import signal
import subprocess
import sys
import threading
import time

from conf import proxy, service
from gateway import free_port, wait_until
from wire import Wire, get


def answers(text):
    return ('routes = ( { path = "/*rest"; respond = { status = 200; '
            f'body = "{text}"; }}; }} );')


class Load:
    """Keep-alive connections that ask again and again, and what failed."""

    def __init__(self, port, connections=8, path='/'):
        self.port, self.path = port, path
        self.asked, self.failed = 0, []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run)
                        for _ in range(connections)]
        for t in self.threads:
            t.start()

    def run(self):
        try:
            with Wire(self.port) as w:
                while not self.stop.is_set():
                    r = w.ask(self.path)
                    self.asked += 1
                    if r.status != 200:
                        self.failed.append(r)
                    self.stop.wait(0.002)
        except Exception as error:  # pylint: disable=broad-except
            self.failed.append(error)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()
        return self.failed


def test_changed(gateway):
    g = gateway(answers('one'))
    pids = g.worker_pids
    with Wire(g.port) as w:
        assert w.ask().body == b'one'
        g.reload(answers('two'))
        wait_until(lambda: w.ask().body == b'two', 2, 'the new answer')
    assert g.worker_pids == pids


def test_unchanged_is_a_no_op(gateway):
    g = gateway(answers('one'))
    before = g.generation
    g.send(signal.SIGHUP)
    g.wait_log(r'(?i)unchanged|no change|nothing changed')
    g.write(answers('one') + '\n# a comment\n')
    g.send(signal.SIGHUP)
    g.wait_log(r'(?i)unchanged|no change|nothing changed', 2)
    assert g.generation == before


def test_failed_changes_nothing(gateway):
    g = gateway(answers('one'))
    before = g.generation
    g.write('routes = ( { pth = "/"; } );')
    g.send(signal.SIGHUP)
    g.wait_log(r'penstock\.conf:\d+: .*pth')
    wait_until(lambda: g.metric('config_last_reload_success') == 0, 5,
               'the failure in the metrics')
    assert g.generation == before
    assert get(g.port).body == b'one'
    g.reload(answers('three'))
    assert g.metric('config_last_reload_success') == 1
    wait_until(lambda: get(g.port).body == b'three', 2, 'the new answer')


def test_s_reload_refuses(gateway):
    g = gateway(answers('one'))
    g.write('routes = ( { path = "/"; service = "none"; } );\nworkesr = 3;')
    done = g.run('-s', 'reload')
    assert done.returncode == 1
    complaints = done.stdout + done.stderr
    assert 'none' in complaints and 'workesr' in complaints
    assert get(g.port).body == b'one'


def test_s_reload(gateway):
    g = gateway(answers('one'))
    g.write(answers('two'))
    done = g.run('-s', 'reload')
    assert done.returncode == 0, done.stderr
    wait_until(lambda: get(g.port).body == b'two', 5, 'the new answer')


def test_fifty_under_load(gateway, upstream):
    origin = upstream(lambda c, q: c.reply())

    def body(i):
        return proxy(origin.port, routes=(
            '{ path = "/*rest"; service = "s"; request_headers = '
            f'( {{ set = "X-Generation"; value = "{i}"; }} ); }}'))
    g = gateway(body(0), workers=2)
    pids = g.worker_pids
    load = Load(g.port)
    try:
        for i in range(1, 51):
            g.write(body(i))
            g.send(signal.SIGHUP)
            time.sleep(0.04)
    finally:
        failed = load.end()
    assert not failed, failed[:3]
    assert load.asked > 100
    assert g.worker_pids == pids
    wait_until(lambda: get(g.port).status == 200 and
               ('X-Generation', '50') in origin.last.headers, 10,
               'the last one in force')


def test_signals_coalesce(gateway):
    g = gateway(answers('one'))
    before = g.generation
    g.write(answers('two'))
    for _ in range(30):
        g.send(signal.SIGHUP)
    wait_until(lambda: g.generation > before, 10, 'a generation')
    wait_until(lambda: not g.titled('loader'), 10, 'the end of the loaders')
    assert g.generation == before + 1
    assert g.log_text().count('unchanged') < 30


def test_running_request_ends_with_its_own(gateway, upstream):
    origin = upstream()
    release = threading.Event()

    def slow(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
        release.wait(120)
        conn.send('def')
    origin.on('/slow', slow)
    g = gateway(proxy(origin.port))
    with Wire(g.port) as w:
        w.send('GET /slow HTTP/1.1\r\nHost: t\r\n\r\n')
        w.head()
        for i in range(5):
            g.reload(answers(f'new {i}'))
        release.set()
        assert w.exactly(6) == b'abcdef'
        wait_until(lambda: w.ask().body == b'new 4', 2, 'the new answer')


def test_a_listener_comes_and_goes(gateway):
    g = gateway(answers('one'))
    other = free_port()
    both = (f'listeners = ( {{ address = "127.0.0.1:{g.port}"; }}, '
            f'{{ address = "127.0.0.1:{other}"; }} );\n')
    g.reload(answers('two') + both)

    def refused():
        try:
            get(other)
        except OSError:
            return True
        return False
    wait_until(lambda: not refused(), 5, 'the new listener')
    g.reload(answers('three'))
    wait_until(refused, 5, 'the end of the listener')
    assert get(g.port).body == b'three'


def test_endpoints_change(gateway, upstream):
    first, second = upstream(), upstream()
    g = gateway(proxy(first.port))
    assert get(g.port).status == 200
    g.reload(proxy(second.port))
    wait_until(lambda: get(g.port).status == 200 and second.requests, 5,
               'the new endpoint')
    before = len(first.requests)
    for _ in range(10):
        get(g.port)
    assert len(first.requests) == before


def test_what_needs_a_restart_is_said(gateway):
    g = gateway(answers('one'))
    g.workers = 2
    g.write(answers('two'))
    g.send(signal.SIGHUP)
    g.wait_log(r'(?i)workers.*restart|restart.*workers')
    assert len(g.worker_pids) == 1


def test_include(gateway, house):
    g = gateway(answers('x'), start=False)
    (g.dir / 'conf.d').mkdir()
    (g.dir / 'conf.d' / 'a.conf').write_text(
        'routes = ( { path = "/a"; respond = { body = "a1"; }; } );')
    g.write('include = [ "conf.d/*.conf" ];\n' + answers('main'))
    g.start()
    assert get(g.port, '/a').body == b'a1'
    assert get(g.port, '/b').body == b'main'
    (g.dir / 'conf.d' / 'a.conf').write_text(
        'routes = ( { path = "/a"; respond = { body = "a2"; }; } );')
    g.reload()
    wait_until(lambda: get(g.port, '/a').body == b'a2', 2, 'the new answer')


def test_many_routes(gateway):
    routes = ', '.join(f'{{ path = "/r{i}/:x"; respond = {{ body = "{i}"; }}; }}'
                       for i in range(3000))
    g = gateway(f'routes = ( {routes} );')
    assert get(g.port, '/r2999/a').body == b'2999'
    g.reload(service(free_port()) + f'routes = ( {routes}, '
             '{ path = "/more"; service = "s"; } );')
    wait_until(lambda: get(g.port, '/more').status == 502, 5, 'the new route')


def test_connections_to_what_left_are_closed(gateway, upstream):
    old, new = upstream(), upstream()
    g = gateway(proxy(old.port, extra='pool = { idle = "1h"; };'), workers=2)
    for _ in range(8):
        assert get(g.port, '/').status == 200
    assert old.live
    g.reload(proxy(new.port))
    wait_until(lambda: not old.live, 5, 'no pooled connection is left')
    assert get(g.port, '/').status == 200
    assert new.live
    g.reload(answers('no service'))
    wait_until(lambda: not new.live, 5, 'nor to a service that is gone')



def policies_of(pids):
    found = set()
    for pid in pids:
        try:
            found.add(os.sched_getscheduler(pid))
        except OSError:
            pass
    return found


def test_a_busy_machine(gateway):
    """A loader leaves the CPU to whoever wants it, but does not starve."""
    g = gateway(answers('one'))
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass'])
            for _ in range(2 * os.cpu_count())]
    try:
        g.write(answers('two'))
        g.send(signal.SIGHUP)
        end, seen = time.monotonic() + 300, set()
        while get(g.port).body != b'two':
            assert time.monotonic() < end
            seen |= policies_of(g.titled('loader'))
        # Idle only where it may come back from that.
        assert seen <= {os.SCHED_IDLE, os.SCHED_OTHER}
    finally:
        for p in busy:
            p.kill()
            p.wait()

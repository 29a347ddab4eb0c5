"""The audit log: each kind of event is there once, as it happened; nobody
changes it unseen; and who reads it may die, or stand still."""
import contextlib
import json
import os
import signal
import threading
import time

import pytest

from audited import AuditLog, audit_log, log_pids, verify
from conf import service
from gateway import free_port, freeze, wait_until
from granted import (KEY, authenticators, basic, error_of, issuer,
                     login, refresh, write_users)
from wire import Wire, get

ALL = ('events = [ "auth_ok", "auth_refused", "access_refused", '
       '"token_issued", "token_refreshed", "token_reused", "revoked", '
       '"unrevoked", "key_added", "key_removed", "key_expired", "banned", '
       '"unbanned", "breaker", "endpoint", "admin", "config", '
       '"signing_rotated", "started", "stopped", "process_died", '
       '"audit_lost", "auth_ended" ];')
ROUTES = '''
routes = (
  { path = "/login"; issue = true; authenticate = "ops"; },
  { path = "/refresh"; refresh = true; },
  { path = "/key"; service = "s"; authenticate = "keys"; },
  { path = "/admins"; service = "s"; authenticate = "ops";
    authorize = { any_role = [ "admin" ]; }; },
  { path = "/free"; respond = { body = "fine"; }; },
  { path = "/teapot"; respond = { status = 418; }; },
  { path = "/dead"; service = "dead"; } );
'''
BANS = '''
bans = { pots = { status = [ "418" ]; count = 2; window = "1h";
                  time = "10m"; }; };
'''


def body_of(g, port, more=''):
    dead = ('dead = { endpoints = ( { address = "127.0.0.1:1"; } ); '
            'breaker = { failures = 2; open = "10m"; }; '
            'retry = { attempts = 1; }; };')
    services = service(port).replace('services = {', 'services = { ' + dead)
    return (audit_log(g.dir / 'audit.log', ALL) + services + BANS
            + authenticators() + issuer() + more + ROUTES)


def start(house, **kw):
    origin = house.origin()
    token = house.folder() / 'token'
    token.write_text('a-token-of-thirty-two-characters\n')
    token.chmod(0o644)
    tcp = free_port()
    g = house.gateway('', start=False, admin=f'address = "127.0.0.1:{tcp}"; '
                      f'token_file = "{token}";', **kw)
    g.tcp = tcp
    write_users(g.dir, alice='secret', bob='geheim')
    g.conf_body = body_of(g, origin.port)
    g.write(g.conf_body)
    g.origin_port = origin.port
    return g


@pytest.fixture(scope='module')
def shared(shared_house):
    g = start(shared_house).start()
    log = AuditLog(g.dir / 'audit.log')
    wait_until(lambda: any(e['event'] == 'started' for e in log.all()), 10,
               'an event\n' + g.log_text())
    log.first = log.all()
    log.skip()
    return g, log


def test_it_begins(shared):
    g, log = shared
    assert sorted(e['event'] for e in log.first) == [
        'config', 'signing_rotated', 'signing_rotated', 'started']
    config = next(e for e in log.first if e['event'] == 'config')
    assert config['outcome'] == 'ok' and config['generation'] == 1
    assert len(config['object']) == 32
    for name in ('service +dead', 'service +s', 'route +/login'):
        assert name in config['detail'].split(', ')


def test_requests(shared):
    g, log = shared
    r = get(g.port, '/key')
    e = log.take('auth_refused', outcome='refused', why='no_credentials',
                 error_code='AUTH_001', status=401, address='127.0.0.1',
                 object='GET /key', route='/key', service='s', generation=1)
    assert e['request_id'] == r.get('X-Request-ID') and 'who' not in e
    assert get(g.port, '/key', headers=[('X-API-Key', 'x')]).status == 401
    log.take('auth_refused', why='api_key_unknown', via='keys')
    headers = [basic('bob', 'wrong')]
    assert get(g.port, '/admins?token=x', headers=headers).status == 401
    e = log.take('auth_refused', why='password_wrong', claimed='bob',
                 via='ops', object='GET /admins')
    assert 'who' not in e
    assert get(g.port, '/key', headers=[('X-API-Key', KEY)]).status == 200
    log.take('auth_ok', who='robot', via='keys', detail='ci', outcome='ok')
    headers = [basic('bob', 'geheim')]
    assert get(g.port, '/admins', headers=headers).status == 403
    log.take('access_refused', why='role_missing', who='bob', via='ops',
             status=403)


def test_tokens(shared):
    g, log = shared
    pair = login(g)
    log.take('token_issued', who='alice', via='ops', route='/login')
    assert refresh(g, pair['refresh_token']).status == 200
    log.take('token_refreshed', who='alice', via='ops', outcome='ok')
    assert error_of(refresh(g, pair['refresh_token'])) == (
        401, 'refresh_reused')
    log.take('token_reused', who='alice', outcome='refused', status=401)
    assert error_of(refresh(g, 'x')) == (401, 'refresh_unknown')
    log.take('auth_refused', why='refresh_unknown')


def by_operator(log, event, **members):
    """The event, and that it was asked for."""
    who = f'uid {os.getuid()}, pid '
    e = wait_until(lambda: [e for e in log.new() if e['event'] == 'admin'], 5,
                   'admin')
    assert len(e) == 1 and e[0]['who'].startswith(who), e
    assert e[0]['via'] == 'socket' and e[0]['outcome'] == 'ok', e
    got = log.take(event, via='socket', outcome='ok', **members)
    assert got['who'] == e[0]['who']
    return e[0]


def test_operators(shared):
    g, log = shared
    g.ctl('revoke', 'user', 'mallory')
    by_operator(log, 'revoked', object='user mallory')
    g.ctl('unrevoke', 'user', 'mallory')
    by_operator(log, 'unrevoked', object='user mallory')
    key = g.ctl_json('keys', 'add', 'keys', 'robot2')
    by_operator(log, 'key_added', object='robot2', detail=key['id'])
    g.ctl('keys', 'remove', 'keys', 'robot2')
    by_operator(log, 'key_removed', object='robot2', detail=key['id'])
    g.ctl('ban', '--for=1h', '10.0.0.7')
    by_operator(log, 'banned', object='10.0.0.7', detail='for 1h')
    g.ctl('unban', '10.0.0.7')
    by_operator(log, 'unbanned', object='10.0.0.7')
    g.ctl('drain', f's/127.0.0.1:{g.origin_port}')
    e = by_operator(log, 'endpoint', object=f's/127.0.0.1:{g.origin_port}',
                    detail='{"state":"drain"}')
    assert e['object'].startswith('PATCH /v1/services/s/endpoints/')
    assert e['status'] == 200
    g.ctl('ready', f's/127.0.0.1:{g.origin_port}')
    by_operator(log, 'endpoint')
    g.ctl('signing', 'rotate')
    wait_until(lambda: any(e['event'] == 'admin' for e in log.new()), 5, '')
    log.take('signing_rotated')
    # What was not done has no event of its own.
    assert g.ctl('unban', '10.9.9.9', check=False).returncode != 0
    e = log.take('admin', outcome='refused', status=404,
                 object='DELETE /v1/bans')
    assert e['detail'] == 'this is not banned'
    g.ctl('bans')
    assert log.new() == []


def test_operators_from_afar(shared):
    g, log = shared
    for headers, status, outcome in (
            ([], 401, 'refused'),
            ([('Authorization', 'Bearer a-token-of-thirty-two-characters')],
             201, 'ok')):
        r = get(g.tcp, '/v1/bans', 'POST', headers=headers,
                body='{"address":"10.0.0.9"}')
        assert r.status == status
        # Behind what was done, which may be there before it is.
        e, = wait_until(lambda: [e for e in log.new()
                                 if e['event'] == 'admin'], 5, 'admin')
        assert (e['outcome'], e['status']) == (outcome, status)
        assert e['via'] == 'address' and e['who'].startswith('127.0.0.1:')
        if status == 201:
            log.take('banned', object='10.0.0.9', via='address')
        log.skip()


def test_a_breaker(shared):
    g, log = shared
    for _ in range(3):
        assert get(g.port, '/dead').status in (502, 503)
    # That of the endpoint, and that of the service.
    both = wait_until(lambda: len(log.new()) == 2 and log.new(), 5, 'two')
    assert [e.get('object') for e in both] == ['127.0.0.1:1', None]
    for e in both:
        assert (e['event'], e['service'], e['outcome']) == (
            'breaker', 'dead', 'ok')
        assert e['detail'].startswith('closed -> open: connect ')
    log.skip()


def test_a_rule_bans(shared):
    g, log = shared
    for _ in range(2):
        assert get(g.port, '/teapot').status == 418
    log.take('banned', who='pots', via='rule', object='127.0.0.1',
             address='127.0.0.1', detail='for 10m', count=1)
    g.ctl('unban', 'all')
    by_operator(log, 'unbanned', object='all')


def test_configurations(shared):
    g, log = shared
    g.ctl('reload')
    log.take('config', outcome='ok', detail='unchanged')
    good = g.conf.read_text()
    text = good.replace('{ path = "/free"; respond = { body = "fine"; }; },',
                        '{ path = "/new"; respond = { body = "fine"; }; },')
    text = text.replace('"127.0.0.1:1"', '"127.0.0.1:2"')
    g.conf.write_text(text)
    g.ctl('reload')
    e = log.take('config', outcome='ok', generation=2)
    assert e['detail'].split(', ') == ['service ~dead', 'route +/new',
                                       'route -/free']
    g.conf.write_text(text + 'nonsense = 1;\n')
    assert g.ctl('reload', check=False).returncode != 0
    e = log.take('config', outcome='failed')
    assert 'nonsense' in e['detail']
    g.conf.write_text(good)
    g.ctl('reload')
    log.take('config', generation=3)


def test_who_dies_is_named(shared):
    g, log = shared
    for title, name in (('worker', 'worker 0'), ('master', 'master')):
        pid = g.worker_pids[0] if title == 'worker' else g.master_pid
        g.allow.append('was killed by signal 9')
        os.kill(pid, signal.SIGKILL)
        log.take('process_died', object=name, outcome='failed', count=1,
                 detail='signal 9 (Killed)')
        g.wait_successor(title, pid)
        g.wait_ready()
    # Its successor still knows what is wanted, and where it was.
    assert get(g.port, '/key').status == 401
    log.take('auth_refused')
    g.ctl('ban', '10.0.0.8')
    by_operator(log, 'banned', object='10.0.0.8')


def test_moved(shared):
    g, log = shared
    old = g.dir / 'audit.log.1'
    os.rename(log.path, old)
    g.send(signal.SIGUSR1)
    wait_until(log.path.exists, 5, 'a new file')
    log.skip()
    assert get(g.port, '/key').status == 401
    log.take('auth_refused')
    log.check(old)
    done = verify(log.path)
    assert done.returncode == 0, done.stdout
    first = json.loads(log.path.read_text().splitlines()[0])
    last = json.loads(old.read_text().splitlines()[-1])
    assert (first['event'], first['prev']) == ('chain', last['hash'])


def test_the_end(house):
    g = start(house).start()
    log = AuditLog(g.dir / 'audit.log')
    g.stop()
    assert [e['event'] for e in log.all()][-1] == 'stopped'
    events = [e['event'] for e in log.all()]
    assert events.count('stopped') == events.count('started') == 1
    assert 'process_died' not in events
    log.check()
    # The next life goes on with the chain.
    g.start()
    g.stop()
    assert log.check() == 2 * len(events)


def test_tampering_is_found(house):
    g = start(house).start()
    for _ in range(5):
        get(g.port, '/key')
    g.stop()
    path = g.dir / 'audit.log'
    assert verify(path).returncode == 0
    whole = path.read_text().splitlines(keepends=True)
    n = len(whole)

    def found(what, place):
        path.write_text(''.join(what))
        done = verify(path)
        assert done.returncode == 1 and place in done.stdout, done.stdout

    changed = whole[6].replace('127.0.0.1', '127.0.0.2')
    found(whole[:6] + [changed] + whole[7:], f'{path}:7: its hash')
    found(whole[:6] + whole[7:], f'{path}:7: line 8 of the chain comes '
          'behind line 6: 1 is missing')
    found(whole[:6] + [whole[7], whole[6]] + whole[8:], f'{path}:7: line 8')
    found(whole[:6] + whole[5:], f'{path}:7: line 6 of the chain')
    found(whole[:6], f'{path}: line {n} of the chain is missing')
    found(whole[:6] + [whole[6][:50]], f'{path}:7: it is cut off')
    path.write_text(''.join(whole))
    assert verify(path).returncode == 0


# --- readers that die, or stand still


@contextlib.contextmanager
def asking(g, path, statuses, threads=4):
    """Clients that go on asking; how many got which status."""
    over = threading.Event()
    lock = threading.Lock()

    def ask():
        with contextlib.closing(Wire(g.port)) as w:
            while not over.is_set():
                status = w.ask(path).status
                with lock:
                    statuses[status] = statuses.get(status, 0) + 1
    crowd = [threading.Thread(target=ask) for _ in range(threads)]
    for t in crowd:
        t.start()
    try:
        yield
    finally:
        over.set()
        for t in crowd:
            t.join()


def test_kills_under_load(house):
    g = start(house, workers=2)
    g.write(g.conf_body.replace(ALL, 'when_full = "refuse";', 1))
    g.start()
    log = AuditLog(g.dir / 'audit.log')
    g.allow.append('penstocklog')
    statuses, old = {}, []
    with asking(g, '/key', statuses):
        for n in range(5):
            pid = wait_until(lambda: log_pids(g), 10, 'penstocklog')[0]
            time.sleep(0.05 * (n % 3))
            os.kill(pid, signal.SIGKILL)
            if n % 3 == 2:
                old.append(g.dir / f'audit.log.{n}')
                os.rename(log.path, old[-1])
            wait_until(lambda: pid not in log_pids(g) and log_pids(g), 10,
                       'its successor')
    assert g.metric('audit_lost_total') == 0
    g.stop()
    assert set(statuses) <= {401, 503}
    log.check(*old)
    refused = sum(e['event'] == 'auth_refused'
                  for path in (*old, log.path) for e in AuditLog(path).all())
    assert refused == statuses[401]


SMALL = 'recorder = { audit_ring = "256k"; };\n'


def stuck(house, when_full):
    origin = house.origin()
    g = house.gateway('', start=False, top=SMALL)
    write_users(g.dir, alice='secret', bob='geheim')
    text = body_of(g, origin.port)
    g.write(text.replace(ALL, f'when_full = "{when_full}";', 1))
    g.start()
    g.allow.append('penstocklog')
    pid = wait_until(lambda: log_pids(g), 10, 'penstocklog')[0]
    freeze(pid)
    return g, AuditLog(g.dir / 'audit.log'), pid


def test_when_full_refuse(house):
    g, log, pid = stuck(house, 'refuse')
    with contextlib.closing(Wire(g.port)) as w:
        refused = 0
        while w.ask('/key').status == 401:
            refused += 1
        r = w.ask('/free')
        assert error_of(r) == (503, 'audit_full')
        assert r.get('Retry-After') is not None
        # Of the gateway's own there is nothing to be said.
        assert w.ask('/nowhere').status == 404
        # The master's ring has room.
        g.ctl('ban', '10.0.0.7')
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: w.ask('/free').status == 200, 10, 'room')
    assert g.metric('audit_lost_total') == 0
    assert g.metric('replies_total', why='audit_full') >= 2
    g.stop()
    log.check()
    got = [e['event'] for e in log.all()]
    assert got.count('auth_refused') == refused
    assert 'audit_lost' not in got


def test_when_full_count(house):
    g, log, pid = stuck(house, 'count')
    asked = 0
    with contextlib.closing(Wire(g.port)) as w:
        while g.metric('audit_lost_total') == 0 and asked < 100000:
            for _ in range(100):
                assert w.ask('/key').status == 401
            asked += 100
        lost = int(g.metric('audit_lost_total'))
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: len(log.all()) > 10, 10, 'lines')
        wait_until(lambda: w.ask('/key').status == 401
                   and any(e['event'] == 'audit_lost' for e in log.all()),
                   10, 'what was lost')
    lost = int(g.metric('audit_lost_total'))
    g.stop()
    log.check()
    told = [e for e in log.all() if e['event'] == 'audit_lost']
    assert sum(e['count'] for e in told) == lost

"""Addresses that are not served for a while: rules, operators, what is kept."""
import calendar
import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from conf import proxy
from gateway import remaining, wait_until
from h2wire import Client
from test_acl import fill
from test_addresses import listener, v1
from test_client_limits import From, close
from wire import Cut, Wire
from ws import WebSocket, echo

ROUTES = ('routes = ( { path = "/no"; respond = { status = 401; }; }, '
          '{ path = "/deny"; respond = { status = 403; }; }, '
          '{ path = "/"; respond = { body = "fine"; }; } );\n')
TRUST = 'trusted_proxies = [ "127.0.0.9" ];\n'
GUESSING = ('guessing = { status = [ "401" ]; count = 20; window = "1h"; '
            'time = "10m"; };')


def bans(text=GUESSING):
    return f'bans = {{ {text} }};\n'


def rule(count=3, window='1h', what='status = [ "401" ];', extra=''):
    return bans(f'r = {{ {what} count = {count}; window = "{window}"; '
                f'{extra} }};')


def offend(port, n, source='127.0.0.1', path='/no', **kw):
    """Each on a connection of its own: any worker may get it."""
    statuses = []
    for _ in range(n):
        with From(port, source) as w:
            statuses.append(w.ask(path, **kw).status)
    return statuses


def let_in(port, source='127.0.0.1'):
    try:
        with From(port, source) as w:
            return w.ask('/').status == 200
    except (Cut, ConnectionError):
        return False


def banned(g):
    return {b['address']: b for b in g.ctl_json('bans')['bans']}


def lines(g):
    return [line for line in g.log_text().splitlines() if 'is banned' in line]


def lasts(ban):
    return ban['until'] - time.time()


# --- rules


def test_banned_by_all_workers_once(gateway):
    g = gateway(ROUTES + bans(), workers=4)
    assert offend(g.port, 19) == [401] * 19
    assert let_in(g.port)
    assert g.metric('bans_active') == 0
    assert offend(g.port, 1) == [401]
    for _ in range(12):
        assert not let_in(g.port)
    assert let_in(g.port, '127.0.0.2')
    assert g.metric('bans_active') == 1
    assert g.metric('bans_total', rule='guessing') == 1
    assert g.metric('connections_banned_total') == 12
    assert g.metric('replies_total', why='banned_closed') == 12
    ban = banned(g)['127.0.0.1']
    assert ban['rule'] == 'guessing' and ban['strikes'] == 1
    assert 540 < lasts(ban) <= 601
    assert len(lines(g)) == 1
    assert '127.0.0.1 is banned for 10m by rule "guessing", strike 1' in \
        lines(g)[0]


def test_one_ban_of_a_crowd(gateway):
    """Many come at once, and the count is crossed by one of them."""
    g = gateway(ROUTES + rule(40), workers=4)
    held = fill(g.port, 24, '127.0.0.3')
    barrier = threading.Barrier(len(held))

    def client(w):
        barrier.wait()
        try:
            while w.ask('/no').status == 401:
                pass
        except (Cut, ConnectionError):
            pass
    threads = [threading.Thread(target=client, args=(w,)) for w in held]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    close(held)
    assert g.metric('bans_total', rule='r') == 1
    assert banned(g)['127.0.0.3']['strikes'] == 1
    assert len(lines(g)) == 1


def test_kept_connections_are_refused_and_closed(gateway):
    g = gateway(ROUTES + rule(3), workers=2)
    held = fill(g.port, 6)
    assert offend(g.port, 3) == [401] * 3
    for w in held:
        r = w.ask('/')
        assert r.status == 403
        assert json.loads(r.body)['error_code'] == 'ACL_002'
        assert r.get('Connection') == 'close'
        assert w.closed()
    assert g.metric('replies_total', why='banned') == 6
    assert banned(g)['127.0.0.1']['strikes'] == 1


def test_connections_of_http2_are_ended(gateway):
    g = gateway(ROUTES, start=False)
    g.write(ROUTES + rule(3) + 'listeners = ( { address = '
            f'"127.0.0.1:{g.port}"; protocols = [ "h2", "http/1.1" ]; }} );\n')
    g.start()
    with Client(g.port) as h:
        assert [h.ask('/no').status for _ in range(3)] == [401] * 3
        assert h.ask('/').status == 403
        assert h.closed()
        assert h.goaway == 0
    assert not let_in(g.port)


def test_time_doubles_and_is_forgotten(gateway):
    g = gateway(ROUTES + rule(2, extra='time = "3s"; max_time = "5s"; '))
    for strikes, seconds in enumerate((3, 5, 5), 1):
        began = time.time()
        assert offend(g.port, 2) == [401] * 2
        assert not let_in(g.port)
        ban = banned(g)['127.0.0.1']
        assert ban['strikes'] == strikes
        assert began - 1 < ban['until'] - seconds <= time.time() + 1
        wait_until(lambda: let_in(g.port), 10, 'the end of the ban')
    assert g.metric('bans_active') == 0
    # So long without a ban, and nothing is known of earlier ones.
    end = time.monotonic() + 5.1
    wait_until(lambda: time.monotonic() > end, 10, 'max_time')
    assert offend(g.port, 2) == [401] * 2
    assert banned(g)['127.0.0.1']['strikes'] == 1


def test_after_a_ban_it_counts_from_the_start(gateway):
    g = gateway(ROUTES + rule(3, extra='time = "3s"; '))
    offend(g.port, 3)
    wait_until(lambda: let_in(g.port), 10, 'the end of the ban')
    offend(g.port, 2)
    assert let_in(g.port)
    offend(g.port, 1)
    assert not let_in(g.port)
    g.ctl('unban', '127.0.0.1')
    offend(g.port, 2)
    assert let_in(g.port)
    offend(g.port, 1)
    # The earlier ones are forgotten, too.
    assert banned(g)['127.0.0.1']['strikes'] == 1


def test_the_window_slides(gateway):
    g = gateway(ROUTES + rule(4, window='4s'))
    offend(g.port, 3)
    end = time.monotonic() + 8.1
    wait_until(lambda: time.monotonic() > end, 15, 'two windows')
    offend(g.port, 3)
    assert let_in(g.port)
    offend(g.port, 1)
    assert not let_in(g.port)


@pytest.mark.parametrize('what,path,seen', [
    ('status = [ "400-499" ];', '/none', 404),
    ('status = [ "500", "404" ];', '/none', 404),
    ('why = "no_route";', '/none', 404),
    ('why = "bad_path";', '/a%2', 400),
    ('status = "403"; why = "no_route";', '/none', 404),
    ('status = "403"; why = "no_route";', '/deny', 403),
])
def test_what_counts(gateway, what, path, seen):
    g = gateway(ROUTES + rule(3, what=what))
    assert offend(g.port, 6, path='/') == [200] * 6
    assert offend(g.port, 3, path=path) == [seen] * 3
    assert not let_in(g.port)


def test_what_does_not_count(gateway):
    g = gateway(ROUTES + rule(3, what='status = [ "400", "402-499" ]; '
                              'why = "password_wrong";'))
    assert offend(g.port, 9) == [401] * 9
    assert let_in(g.port)


def test_requests_that_are_none(gateway):
    g = gateway(ROUTES + rule(3, what='why = "bad_request";'))
    for _ in range(3):
        with From(g.port) as w:
            w.send(b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
            assert w.response().status == 400
    assert not let_in(g.port)


def test_connections_beyond_the_limit_count(gateway):
    g = gateway(ROUTES + rule(4, what='why = "too_many_connections";') +
                'limits = { connections_per_address = 2; };\n', workers=2)
    held = fill(g.port, 2)
    assert len(held) == 2
    for _ in range(4):
        assert not let_in(g.port)
    assert '127.0.0.1' in banned(g)
    close(held)


def test_what_a_banned_client_does_counts_no_more(gateway):
    g = gateway(ROUTES + rule(3, what='status = [ "400-499" ];',
                              extra='time = "5s"; max_time = "1h";'))
    held = fill(g.port, 8)
    assert offend(g.port, 3) == [401] * 3
    until = banned(g)['127.0.0.1']['until']
    assert [w.ask('/no').status for w in held] == [403] * 8
    close(held)
    assert banned(g)['127.0.0.1']['until'] == until
    wait_until(lambda: let_in(g.port), 10, 'the end of the ban')
    assert offend(g.port, 2) == [401] * 2
    assert let_in(g.port)


def test_no_rules_no_bans(gateway):
    g = gateway(ROUTES, workers=2)
    assert offend(g.port, 40) == [401] * 40
    assert let_in(g.port)


# --- whose


def test_clients_behind_a_trusted_proxy(gateway):
    g = gateway(ROUTES + rule(3), top=TRUST)

    def ask(w, client, path='/'):
        return w.ask(path, headers=[('X-Forwarded-For', client)])
    with From(g.port, '127.0.0.9') as w:
        for _ in range(3):
            assert ask(w, '192.0.2.1', '/no').status == 401
        r = ask(w, '192.0.2.1')
        assert r.status == 403 and r.get('Connection') is None
        assert ask(w, '192.0.2.2').status == 200
        # The proxy itself is never banned by a rule.
        assert [w.ask('/no').status for _ in range(6)] == [401] * 6
        assert w.ask('/').status == 200
    assert set(banned(g)) == {'192.0.2.1'}
    assert let_in(g.port, '127.0.0.9')


def test_a_net_of_ipv6_is_one(gateway):
    g = gateway(ROUTES, start=False)
    g.write(ROUTES + rule(3) + listener(g.port))
    g.start()

    def ask(source, path='/'):
        with From(g.port) as w:
            w.send(v1(source))
            try:
                return w.ask(path).status
            except (Cut, ConnectionError):
                return None
    for i in range(3):
        assert ask(f'2001:db8:0:1::{i}', '/no') == 401
    assert ask('2001:db8:0:1:ffff::7') is None
    assert ask('2001:db8:0:2::1') == 200
    assert set(banned(g)) == {'2001:db8:0:1::/64'}
    g.ctl('unban', '2001:db8:0:1::/64')
    assert ask('2001:db8:0:1::1') == 200
    g.ctl('ban', '2001:db8:0:2::77')
    assert ask('2001:db8:0:2::1') is None
    g.ctl('unban', '2001:db8:0:2::2')
    assert ask('2001:db8:0:2::1') == 200


def test_tunnels_go_on(gateway, upstream):
    g = gateway(proxy(upstream(echo).port))
    with WebSocket(g.port) as ws:
        assert ws.echoes(b'before')
        g.ctl('ban', '127.0.0.1')
        assert ws.echoes(b'after')
        assert not let_in(g.port)
        assert ws.echoes(b'again')


# --- operators


def test_operators(gateway):
    g = gateway(ROUTES, workers=4)
    shown = g.ctl('ban', '--for', '1h', '127.0.0.5').stdout
    assert shown.count('\n') == 2
    until = re.search(r' (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ', shown)[1]
    shown = calendar.timegm(time.strptime(until, '%Y-%m-%dT%H:%M:%SZ'))
    assert abs(shown - banned(g)['127.0.0.5']['until']) <= 1
    for _ in range(6):
        assert not let_in(g.port, '127.0.0.5')
    assert let_in(g.port)
    ban = banned(g)['127.0.0.5']
    assert ban['rule'] is None and 3540 < lasts(ban) <= 3601
    g.ctl('ban', '127.0.0.5')
    assert banned(g)['127.0.0.5']['until'] is None
    assert 'for ever' in g.ctl('bans').stdout
    assert g.metric('bans_total', rule='operator') == 2
    assert g.ctl('unban', '127.0.0.5').stdout == '1 ban lifted\n'
    assert let_in(g.port, '127.0.0.5')
    for i in range(10, 40):
        g.ctl('ban', f'127.0.0.{i}')
    assert len(banned(g)) == 30
    assert g.ctl('unban', '--all').stdout == '30 bans lifted\n'
    assert not banned(g)
    assert all(let_in(g.port, f'127.0.0.{i}') for i in range(10, 40))


@pytest.mark.parametrize('args,said', [
    (['unban', '127.0.0.1'], 'this is not banned'),
    (['unban'], 'unban needs ADDRESS, or --all'),
    (['unban', '--all', '::1'], 'unban needs ADDRESS, or --all'),
    (['ban', 'site.example'], 'address is no address of IPv4 or IPv6'),
    (['ban', '10.0.0.0/8'], 'address is no address of IPv4 or IPv6'),
    (['ban', '--for', '9', '10.0.0.1'], 'for "9" has no unit'),
    (['ban', '--for', '2000d', '10.0.0.1'], 'for is at most 365d'),
    (['ban', '--until', '1d', '10.0.0.1'], 'no option --until'),
])
def test_operators_mistakes(house, args, said):
    g = house.gateway(ROUTES)
    done = g.ctl(*args, check=False)
    assert done.returncode != 0
    assert said in done.stderr


# --- what they outlive


def test_bans_outlive_reloads_and_deaths(gateway):
    g = gateway(ROUTES + rule(3), workers=2, allow=['killed by signal 9 '])
    offend(g.port, 3)
    g.reload(ROUTES)
    assert not let_in(g.port)
    assert banned(g)['127.0.0.1']['rule'] == 'r'
    g.reload(ROUTES + rule(3) + 'environment = "t";\n')
    for i in range(2):
        pid = g.worker_pids[i]
        os.kill(pid, signal.SIGKILL)
        g.wait_successor(f'worker {i}', pid)
    master = g.master_pid
    os.kill(master, signal.SIGKILL)
    g.wait_successor('master', master)
    assert not let_in(g.port)
    assert banned(g)['127.0.0.1']['strikes'] == 1
    g.ctl('unban', '127.0.0.1')
    assert let_in(g.port)


def test_bans_outlive_a_restart(gateway):
    g = gateway(ROUTES, start=False)
    top = f'state_dir = "{g.dir}/state";\n'
    g.write(top + ROUTES + rule(3))
    g.start()
    offend(g.port, 3)
    g.ctl('ban', '--for', '1h', '127.0.0.6')
    g.ctl('ban', '127.0.0.7')
    before = banned(g)
    g.stop()
    g.start()
    after = banned(g)
    assert set(before) == set(after) == {'127.0.0.1', '127.0.0.6',
                                         '127.0.0.7'}
    for address, ban in before.items():
        for key in ('rule', 'strikes'):
            assert after[address][key] == ban[key]
        if ban['until'] is not None:
            assert abs(after[address]['until'] - ban['until']) <= 2
    for address in before:
        assert not let_in(g.port, address)
    # A ban by rule is kept within a second or so, when all is killed, too.
    g.ctl('unban', '--all')
    offend(g.port, 3, '127.0.0.8')
    wait_until(lambda: '127.0.0.8' in (g.dir / 'state/bans').read_text(), 5,
               'the file')
    family = g.family()
    g.kill(family)
    g.proc.wait()
    # Whoever is still there holds the state_dir.
    assert not remaining(family, 10)
    g.start()
    assert set(banned(g)) == {'127.0.0.8'}
    assert not let_in(g.port, '127.0.0.8')


@pytest.mark.parametrize('ago,strikes', [(30, 4), (90, 1)])
def test_strikes_are_not_kept_anew_by_a_restart(gateway, ago, strikes):
    g = gateway(ROUTES, start=False)
    g.write(f'state_dir = "{g.dir}/state";\n' + ROUTES +
            rule(1, extra='time = "10s"; max_time = "60s"; '))
    g.start()
    g.ctl('ban', '127.0.0.1')
    g.stop()
    file = g.dir / 'state/bans'
    file.write_text(file.read_text().splitlines()[0] + '\n' + json.dumps(
        {'address': '127.0.0.1', 'until': int(time.time()) - ago,
         'strikes': 3, 'rule': 'r'}) + '\n')
    g.start()
    assert offend(g.port, 1) == [401]
    assert banned(g)['127.0.0.1']['strikes'] == strikes


def test_a_damaged_file_is_forgotten(gateway):
    g = gateway(ROUTES, start=False)
    g.write(f'state_dir = "{g.dir}/state";\n' + ROUTES)
    g.start()
    g.ctl('ban', '127.0.0.6')
    g.stop()
    file = g.dir / 'state/bans'
    file.write_text(file.read_text() + '{"address":"x"}\n')
    g.start()
    assert 'bans:3: address is none: what is in it is forgotten' in \
        g.log_text()
    assert let_in(g.port)


# --- mistakes


@pytest.mark.parametrize('text,said', [
    ('r = { count = 3; };', 'a ban rule needs status, or why, or both'),
    ('r = { status = "4xx"; };', 'status: "4xx" is no status'),
    ('r = { why = "pasword_wrong"; };',
     'there is no reason "pasword_wrong"; did you mean "password_wrong"?'),
    ('r = { why = "connect_failed"; };',
     'why: "connect_failed" is nothing that a client has done'),
    ('r = { why = "banned"; };', 'why: "banned" cannot be counted'),
    ('r = { status = "401"; time = "2h"; max_time = "1h"; };',
     'bans: time (2h) is longer than max_time (1h)'),
    ('r = { status = "401"; count = 0; };', 'count'),
    ('operator = { status = "401"; };', 'stands for bans that no rule made'),
])
def test_complaints(gateway, text, said):
    g = gateway(ROUTES + bans(text), start=False)
    done = g.run('-t')
    assert done.returncode == 1
    assert said in done.stderr, done.stderr


def test_bans_cost_nothing_of_others(gateway):
    """Thousands are banned, and nobody else is."""
    g = gateway(ROUTES, workers=2)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(g.socket))
        for i in range(3000):
            body = json.dumps({'address': f'10.1.{i // 250}.{i % 250}'})
            s.sendall('POST /v1/bans HTTP/1.1\r\nHost: a\r\nContent-Length: '
                      f'{len(body)}\r\n\r\n{body}'.encode())
            data = b''
            while b'\r\n\r\n' not in data or b'saved' not in data:
                data += s.recv(65536)
            assert data.startswith(b'HTTP/1.1 201')
    assert len(banned(g)) == 3000
    assert g.metric('bans_active') == 3000
    assert g.metric('bans_dropped_total') == 0
    assert let_in(g.port)
    with Wire(g.port) as w:
        assert [w.ask('/').status for _ in range(20)] == [200] * 20

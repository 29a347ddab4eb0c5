"""rate_limits as operators see them: listed, reset, kept over restarts."""
import json
import os
import signal
import time

from gateway import wait_until
from test_client_limits import From
from test_rate_limits import (away_from_midnight, hammer, limits, one, route,
                              routes)
from tokens import Issuer, authenticators, bearer
from wire import get

BUCKET = 'key = "address"; rate = "10/hour"; burst = 5;'
WINDOW = ('key = [ "address", "route" ]; rate = "4/hour"; '
          'algorithm = "sliding_window";')
QUOTA = 'key = "address"; rate = "100/month"; algorithm = "quota";'
GLOBAL = 'key = "global"; rate = "50/day"; algorithm = "fixed_window";'
AT_ONCE = 'key = "address"; algorithm = "concurrency"; limit = 3;'
ALL = limits(bucket=BUCKET, window=WINDOW, monthly=QUOTA, everyone=GLOBAL,
             at_once=AT_ONCE)


def away_from_the_hour(seconds=60):
    """Windows of an hour begin anew there, and those of a day at one of them.
    """
    left = 3600 - time.time() % 3600
    if left < seconds:
        time.sleep(left)


def ask(port, n, source='127.0.0.1', path='/'):
    statuses = []
    for _ in range(n):
        with From(port, source) as w:
            statuses.append(w.ask(path).status)
    return statuses


def listed(g):
    return {limit['name']: limit for limit in g.ctl_json('limits')['limits']}


def keys(g, name):
    return {k['key']: k for k in g.ctl_json('limits', name)['most_used']}


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_limits_are_listed(gateway):
    away_from_midnight()
    away_from_the_hour()
    g = gateway(ALL + routes(
        route('bucket', path='/b'), route('window', path='/w/*rest'),
        route('monthly', 'everyone', 'at_once', path='/q')), workers=2)
    assert all(limit.get('keys', 0) == 0 for limit in listed(g).values())
    assert ask(g.port, 4, path='/b') == [200] * 4
    assert ask(g.port, 1, '127.0.0.2', '/b') == [200]
    assert ask(g.port, 5, path='/w/x') == [200] * 4 + [429]
    assert ask(g.port, 7, '127.0.0.3', '/q') == [200] * 7
    assert listed(g) == {
        'bucket': {'name': 'bucket', 'algorithm': 'token_bucket', 'count': 10,
                   'period_seconds': 3600, 'burst': 5, 'keys': 2},
        'window': {'name': 'window', 'algorithm': 'sliding_window',
                   'count': 4, 'period_seconds': 3600, 'keys': 1},
        'monthly': {'name': 'monthly', 'algorithm': 'quota', 'count': 100,
                    'period': 'month', 'keys': 1},
        'everyone': {'name': 'everyone', 'algorithm': 'fixed_window',
                     'count': 50, 'period_seconds': 86400, 'keys': 1},
        'at_once': {'name': 'at_once', 'algorithm': 'concurrency',
                    'count': 3}}
    first, second = g.ctl_json('limits', 'bucket')['most_used']
    assert first['key'] == '127.0.0.1' and second['key'] == '127.0.0.2'
    assert (first['used'], first['remaining'], first['limit']) == (4, 1, 5)
    assert 1300 < first['reset_seconds'] <= 1440
    window = keys(g, 'window')['127.0.0.1,/w/*rest']
    assert (window['used'], window['remaining']) == (4, 0)
    assert keys(g, 'monthly')['127.0.0.3']['remaining'] == 93
    assert keys(g, 'everyone')['all']['used'] == 7
    assert 'keys' not in g.ctl_json('limits', 'at_once')
    assert g.metric('limits_keys', table='address') == 3
    assert g.metric('limits_keys', table='identity') == 1
    assert g.metric('limits_keys', table='quota') == 1
    assert g.metric('limits_forgotten_total') == 0


def test_limits_for_people(gateway):
    g = gateway(ALL + routes(route('bucket', path='/b'),
                             route('window', 'monthly', 'everyone',
                                   'at_once')))
    assert ask(g.port, 4, path='/b') == [200] * 4
    assert rows(g.ctl('limits').stdout) == [
        ['LIMIT', 'ALGORITHM', 'RATE', 'BURST', 'KEYS'],
        ['bucket', 'token_bucket', '10', 'in', '1h', '0m', '5', '1'],
        ['window', 'sliding_window', '4', 'in', '1h', '0m', '-', '0'],
        ['monthly', 'quota', '100/month', '-', '0'],
        ['everyone', 'fixed_window', '50', 'in', '1d', '0h', '-', '0'],
        ['at_once', 'concurrency', '3', 'at', 'once', '-', '-']]
    heading, row = rows(g.ctl('limits', 'bucket').stdout)
    assert heading == ['KEY', 'USED', 'REMAINING', 'RESET']
    assert row[:3] == ['127.0.0.1', '4', '1']


def test_a_key_begins_anew(gateway):
    away_from_the_hour()
    g = gateway(one(WINDOW, more=''), workers=2)
    assert ask(g.port, 5) == [200] * 4 + [429]
    assert ask(g.port, 5, '127.0.0.2') == [200] * 4 + [429]
    assert g.ctl('limits', '--reset', 'l', '127.0.0.1,/*rest').stdout == \
        'reset\n'
    assert list(keys(g, 'l')) == ['127.0.0.2,/*rest']
    assert ask(g.port, 5) == [200] * 4 + [429]
    assert ask(g.port, 1, '127.0.0.2') == [429]
    assert g.admin('/v1/limits/l/keys/127.0.0.2%2c%2f*rest',
                   'DELETE')[0] == 200
    assert ask(g.port, 1, '127.0.0.2') == [200]


def test_addresses_that_stand_in(gateway):
    """Whom requests without an identity are counted by is an address."""
    away_from_the_hour()
    them = Issuer()
    g = gateway('', start=False)
    them.write(g.dir)
    g.write(limits(l='key = "user"; rate = "3/day"; '
                   'algorithm = "fixed_window";') +
            authenticators(them.authenticator()) +
            routes(route('l', more='authenticate = [ "main", "anonymous" ];')))
    g.start()
    token = bearer(them.sign(sub='alice'))
    assert get(g.port, headers=token).status == 200
    assert ask(g.port, 4) == [200] * 3 + [429]
    assert {k: v['used'] for k, v in keys(g, 'l').items()} == \
        {'alice': 1, '127.0.0.1': 3}
    assert g.ctl_json('limits', 'l')['keys'] == listed(g)['l']['keys'] == 2
    g.ctl('limits', '--reset', 'l', '127.0.0.1')
    assert list(keys(g, 'l')) == ['alice']
    assert ask(g.port, 1) == [200]
    g.ctl('limits', '--reset', 'l', 'alice')
    assert list(keys(g, 'l')) == ['127.0.0.1']


def test_what_is_refused(gateway):
    g = gateway(one(BUCKET))
    for args, said in ((('limits', 'none'), 'no such limit'),
                       (('limits', '--reset', 'none', 'x'), 'no such limit'),
                       (('limits', '--reset', 'l', 'x'), 'spent nothing'),
                       (('limits', '--reset', 'l'), 'KEY'),
                       (('limits', 'l', 'x'), '--reset')):
        done = g.ctl(*args, check=False)
        assert done.returncode != 0 and said in done.stderr, args
    assert g.admin('/v1/limits/l', 'DELETE')[0] == 405


def test_the_hundred_that_have_spent_most(gateway):
    away_from_the_hour()
    g = gateway('trusted_proxies = [ "127.0.0.0/8" ];\n' +
                one('key = "header:X-Key"; rate = "1000/hour"; '
                    'algorithm = "fixed_window";'))
    with From(g.port, '127.0.0.1') as w:
        for n in range(150):
            for _ in range(1 + n % 3):
                assert w.ask('/', headers=[('X-Key', f'k{n}')]).status == 200
        assert w.ask('/', headers=[('X-Key', 'y' * 60)]).status == 200
    doc = g.ctl_json('limits', 'l')
    assert doc['keys'] == 151 and len(doc['most_used']) == 100
    assert [k['used'] for k in doc['most_used']] == [3] * 50 + [2] * 50
    assert listed(g)['l']['keys'] == 151


def test_limits_outlive_deaths(gateway):
    away_from_midnight()
    g = gateway(one(QUOTA), workers=2, allow=['killed by signal 9 '])
    assert ask(g.port, 10) == [200] * 10
    pid = g.worker_pids[0]
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('worker 0', pid)
    master = g.master_pid
    os.kill(master, signal.SIGKILL)
    g.wait_successor('master', master)
    g.reload(one(QUOTA) + 'environment = "t";\n')
    assert keys(g, 'l')['127.0.0.1']['used'] == 10


def test_quotas_outlive_a_restart(gateway):
    away_from_midnight()
    daily = 'key = "address"; rate = "12/day"; algorithm = "quota";'
    conf = limits(monthly=QUOTA, daily=daily, bucket=BUCKET) + routes(
        route('monthly', 'daily', 'bucket'))
    g = gateway(conf, start=False)
    top = f'state_dir = "{g.dir}/state";\n'
    g.write(top + conf)
    g.start()
    assert ask(g.port, 5) == [200] * 5
    g.stop()
    lines = (g.dir / 'state/quotas').read_text().splitlines()
    assert len(lines) == 3
    assert {json.loads(line)['text'] for line in lines[1:]} == {'127.0.0.1'}
    g.start()
    # Buckets are not kept.
    assert keys(g, 'bucket') == {}
    assert keys(g, 'monthly')['127.0.0.1']['used'] == 5
    assert keys(g, 'daily')['127.0.0.1']['remaining'] == 7
    assert ask(g.port, 5) == [200] * 5
    # Within some seconds, when all is killed, too.
    wait_until(lambda: '"spent":10,' in (g.dir / 'state/quotas').read_text(),
               15, 'the file')
    g.kill(list(g.family()))
    g.proc.wait()
    g.start()
    g.ctl('limits', '--reset', 'monthly', '127.0.0.1')
    assert ask(g.port, 4) == [200] * 2 + [429] * 2
    assert keys(g, 'monthly')['127.0.0.1']['used'] == 2
    g.stop()
    # Another rate goes on with what was spent; a damaged file is forgotten.
    g.write(top + conf.replace('12/day', '20/day'))
    g.start()
    assert ask(g.port, 1) == [200]
    assert keys(g, 'daily')['127.0.0.1']['remaining'] == 7
    g.stop()
    file = g.dir / 'state/quotas'
    file.write_text(file.read_text() + '{"limit":"x"}\n')
    g.start()
    assert 'what is in it is forgotten' in g.log_text()
    assert g.metric('state_saved', file='quotas') == 1


def test_quotas_are_exact_over_a_restart(gateway):
    away_from_midnight()
    g = gateway(one(QUOTA), start=False, workers=4)
    g.write(f'state_dir = "{g.dir}/state";\n' + one(QUOTA))
    g.start()
    assert hammer(g.port, 8, 5).count(200) == 40
    g.stop()
    g.start()
    assert hammer(g.port, 8, 20).count(200) == 60


def test_no_file_without_quotas(gateway):
    g = gateway(one(BUCKET), start=False)
    g.write(f'state_dir = "{g.dir}/state";\n' + one(BUCKET))
    g.start()
    assert ask(g.port, 2) == [200] * 2
    g.stop()
    assert not (g.dir / 'state/quotas').exists()

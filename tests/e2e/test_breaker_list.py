"""Breakers as operators see them: the listing, the history with what led to
it, a reset, metrics, the log."""
import datetime
import json
import os
import signal

import pytest

from gateway import wait_until
from scripted import Script, guarded, was_refused
from wire import get


@pytest.fixture
def script():
    s = Script()
    yield s
    s.go_on()


def ask(g, script, *statuses):
    """So many requests, one after the other, that are answered with these."""
    for status in statuses:
        script.go_on(status)
        assert get(g.port).status == status


def listing(g, *args):
    return g.ctl_json('breakers', *args)['breakers']


def by_endpoint(rows):
    return {row['endpoint']: row for row in rows}


def when(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def test_what_is_listed(gateway, upstream, script):
    o = upstream(script.h1)
    here = f'127.0.0.1:{o.port}'
    g = gateway(guarded([o.port], 'failures = 3; open = "40s";'), workers=2)
    rows = by_endpoint(listing(g))
    assert set(rows) == {None, here}
    for row in rows.values():
        assert row['service'] == 's' and row['state'] == 'closed'
        assert row['retry_after'] is None and row['since'] is None
        assert row['fails'] == row['transitions'] == 0
        assert row['failures'] == [] and 'history' not in row
        assert row['limits']['failures'] == 3
    ask(g, script, 503, 503)
    row = by_endpoint(listing(g))[here]
    assert row['state'] == 'closed' and row['fails'] == 2
    assert [(f['cause'], f['detail']) for f in row['failures']] == [
        ('status', '503')] * 2
    ask(g, script, 503)
    assert was_refused(get(g.port))
    row = by_endpoint(listing(g))[here]
    assert row['state'] == 'open' and 20 < row['retry_after'] <= 40
    assert row['transitions'] == 1 and row['fails'] == 0
    age = datetime.datetime.now(datetime.timezone.utc) - when(row['since'])
    assert 0 <= age.total_seconds() < 20
    text = g.ctl('breakers').stdout
    assert here in text and 'open for' in text and '(all of it)' in text


def test_only_those_in_use(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'scope = [ "service" ];'))
    assert [row['endpoint'] for row in listing(g)] == [None]
    g.reload(guarded([o.port], 'scope = [ "endpoint" ];'))
    assert [row['endpoint'] for row in listing(g)] == [f'127.0.0.1:{o.port}']
    assert g.metric('breaker_state', service='s') == 0
    assert ('penstock_breaker_state', frozenset(
        [('service', 's'), ('endpoint', '')])) not in g.metrics()
    g.reload(guarded([o.port], 'failures = 0;'))
    assert listing(g) == []
    done = g.ctl('breakers', 's', '--reset', check=False)
    assert done.returncode == 1 and 'no breaker' in done.stderr
    assert not [n for n, _ in g.metrics() if 'breaker' in n]


def test_the_history_says_what_led_to_it(gateway, upstream, script):
    o = upstream(script.h1)
    here = f'127.0.0.1:{o.port}'
    g = gateway(guarded([o.port], 'scope = [ "endpoint" ]; failures = 3; '
                        'open = "3s"; successes = 2; probes = 2;'), workers=2)
    ask(g, script, 502, 503, 504)
    assert was_refused(get(g.port))
    script.status = 200
    wait_until(lambda: get(g.port).status == 200, 15, 'a probe')
    assert get(g.port).status == 200
    row, = listing(g, '--history')
    assert row['endpoint'] == here and row['state'] == 'closed'
    opened, half, closed = row['history']
    assert [t['number'] for t in row['history']] == sorted(
        t['number'] for t in row['history'])
    assert (opened['from'], opened['to']) == ('closed', 'open')
    assert (opened['cause'], opened['detail']) == ('status', '504')
    assert opened['fails'] == 3
    assert [f['detail'] for f in opened['failures']] == ['502', '503', '504']
    befores = [f['before'] for f in opened['failures']]
    assert befores == sorted(befores, reverse=True) and befores[-1] < 1
    assert (half['to'], half['cause']) == ('half_open', 'time')
    assert (closed['to'], closed['cause']) == ('closed', 'answered')
    assert 2.8 < (when(half['at']) - when(opened['at'])).total_seconds() < 9
    for args in ([], ['s'], [f's/{here}']):
        assert listing(g, '--history', *args)[0]['history'] == row['history']
    text = g.ctl('breakers', '--history').stdout
    assert text.count('s before') == 3
    assert '504' in text and 'half_open' in text and 'answered' in text
    assert g.metric('breaker_state', service='s', endpoint=here) == 0
    for to in 'open', 'half_open', 'closed':
        assert g.metric('breaker_transitions_total', service='s',
                        endpoint=here, to=to) == 1
    g.wait_log(rf'service s: endpoint {here}: breaker open: status \(504\), '
               '3 in a row')
    g.wait_log('breaker half_open: time')
    g.wait_log('breaker closed: answered')
    assert g.log_text().count('breaker open:') == 1


def test_rates_are_shown(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'scope = [ "service" ]; failures = 0; '
                        'error_rate = 0.5; minimum = 4; window = "60s";'),
                workers=2)
    ask(g, script, 200, 503, 503)
    row, = listing(g)
    assert row['window'] == {'calls': 3, 'failed': 2, 'slow': 0}
    ask(g, script, 503)
    assert was_refused(get(g.port))
    row, = listing(g, 's')
    opened, = row['history']
    assert (opened['cause'], opened['detail']) == ('error_rate', '75.0 %')
    assert opened['window'] == {'calls': 4, 'failed': 3, 'slow': 0}
    assert row['window']['calls'] == 0
    assert g.metric('breaker_state', service='s', endpoint='') == 1
    assert '3 failed, 0 slow of 4' in g.ctl('breakers', '--history').stdout


def test_a_reset(gateway, upstream, script):
    ports = [upstream(script.h1).port for _ in range(2)]
    g = gateway(guarded(ports, 'scope = [ "endpoint" ]; failures = 1;'), workers=2)
    names = [f'127.0.0.1:{p}' for p in ports]
    ask(g, script, 503, 503)
    assert {r['state'] for r in listing(g)} == {'open'}
    row, = listing(g, f's/{names[0]}', '--reset')
    assert row['endpoint'] == names[0] and row['state'] == 'closed'
    assert row['history'][-1]['cause'] == 'operator'
    assert by_endpoint(listing(g))[names[1]]['state'] == 'open'
    rows = by_endpoint(listing(g, 's', '--reset'))
    assert {r['state'] for r in rows.values()} == {'closed'}
    script.go_on(200)
    assert get(g.port).status == 200


def test_it_survives_a_reload_and_a_death(gateway, upstream, script):
    o = upstream(script.h1)
    conf = guarded([o.port], 'failures = 2;')
    g = gateway(conf, workers=2, allow=['killed by signal 9 '])
    ask(g, script, 503, 503)
    before = listing(g, '--history')
    assert {r['state'] for r in before} == {'open'}
    g.reload(conf.replace('failures = 2;', 'failures = 3;'))
    for title in 'worker', 'master':
        pid = g.worker_pids[0] if title == 'worker' else g.master_pid
        os.kill(pid, signal.SIGKILL)
        g.wait_successor(title, pid)
    after = listing(g, '--history')
    assert [r['history'] for r in after] == [r['history'] for r in before]
    assert was_refused(get(g.port))


@pytest.mark.parametrize('args, code, said', [
    (['none'], 1, 'no service'), (['s/none'], 1, 'no endpoint'),
    (['s/'], 2, 'SERVICE/ENDPOINT'), (['--reset'], 2, 'needs SERVICE'),
    (['s', '--reset', '--history'], 2, 'no --history'),
    (['--role', 'x'], 2, 'no option'), (['s', 't'], 2, 'unexpected')])
def test_misuse(gateway, upstream, script, args, code, said):
    g = gateway(guarded([upstream(script.h1).port]))
    done = g.ctl('breakers', *args, check=False)
    assert done.returncode == code and said in done.stdout + done.stderr


def test_the_api_says_what_it_takes(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port]))
    assert len(json.loads(g.admin('/v1/breakers')[2])['breakers']) == 2
    assert g.admin('/v1/breakers', 'POST')[0] == 405
    status, headers, _ = g.admin('/v1/services/s/breakers', 'DELETE')
    assert status == 405 and headers['allow'] == 'GET, HEAD, POST'

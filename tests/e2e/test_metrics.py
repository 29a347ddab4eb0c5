"""The Prometheus text: a strict reader, and figures that add up."""
import re

import pytest

from conf import proxy
from gateway import wait_until
from wire import Wire, get

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)')


def parse(text):
    """{family: (type, [(name, labels, value)])}; asserts the format."""
    assert text.endswith('\n')
    families, helped, current, seen = {}, set(), None, set()
    for line in text.splitlines():
        assert line and line == line.strip(), repr(line)
        if line.startswith('# HELP '):
            name, _, words = line[7:].partition(' ')
            assert re.fullmatch(NAME, name) and words, line
            assert name not in helped, f'{name} twice'
            helped.add(name)
        elif line.startswith('# TYPE '):
            name, kind = line[7:].split(' ')
            assert kind in ('counter', 'gauge', 'histogram'), line
            assert name not in families, f'{name} twice'
            assert name in helped, f'{name} has no HELP'
            families[name] = (kind, [])
            current = name
        else:
            m = SAMPLE.fullmatch(line)
            assert m, repr(line)
            name, labels = m.group(1), re.findall(LABEL, m.group(2) or '')
            assert len({n for n, _ in labels}) == len(labels), line
            kind = families[current][0]
            suffixes = ('_bucket', '_sum', '_count') if kind == 'histogram' \
                else ('',)
            assert name in [current + s for s in suffixes], line
            key = (name, tuple(sorted(labels)))
            assert key not in seen, f'{line} twice'
            seen.add(key)
            value = float(m.groups()[-1].replace('+Inf', 'inf'))
            families[current][1].append((name, dict(labels), value))
    return families


def check_histogram(name, samples):
    series = {}
    for sample, labels, value in samples:
        le = labels.pop('le', None)
        one = series.setdefault(tuple(sorted(labels.items())), {'le': []})
        if sample == name + '_bucket':
            one['le'].append((float(le.replace('+Inf', 'inf')), value))
        else:
            one[sample[len(name):]] = value
    for labels, one in series.items():
        bounds = [b for b, _ in one['le']]
        counts = [c for _, c in one['le']]
        assert bounds == sorted(bounds) and bounds[-1] == float('inf')
        assert counts == sorted(counts), labels
        assert counts[-1] == one['_count'] and one['_sum'] >= 0


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    return shared_house.gateway(proxy(origin.port), workers=2), origin


def test_format(pair):
    g, _ = pair
    get(g.port)
    status, headers, body = g.admin('/metrics')
    assert status == 200
    assert headers['content-type'].startswith('text/plain; version=0.0.4')
    families = parse(body.decode())
    for name, (kind, samples) in families.items():
        assert name.startswith(('penstock_', 'process_')), name
        assert (kind == 'counter') == name.endswith('_total') or \
            kind == 'histogram' or name.startswith('process_'), name
        if kind == 'histogram':
            check_histogram(name, samples)
    for name in ('requests_total', 'replies_total', 'connections',
                 'config_last_reload_success', 'config_generation',
                 'config_last_reload_timestamp_seconds',
                 'worker_restarts_total', 'request_duration_seconds'):
        assert 'penstock_' + name in families, name


def test_figures_add_up(pair):
    g, origin = pair
    origin.on('/404', lambda c, q: c.reply(404))

    def totals():
        return (g.metric('requests_total'),
                g.metric('requests_total', code='404'),
                g.metric('requests_total', method='POST'),
                g.metric('request_duration_seconds_count'))
    before = totals()
    for _ in range(20):
        get(g.port)
    for _ in range(5):
        get(g.port, '/404')
    for _ in range(3):
        get(g.port, '/', 'POST', body=b'x')
    after = totals()
    assert [a - b for a, b in zip(after, before)] == [28, 5, 3, 28]


def test_unknown_methods_are_other(pair):
    g, _ = pair
    get(g.port, '/', 'BREW')
    assert g.metric('requests_total', method='other') >= 1
    assert g.metric('requests_total', method='BREW') == 0


def test_connections_are_counted(pair):
    g, _ = pair
    wait_until(lambda: g.metric('connections') == 0, 5, 'no connection')
    with Wire(g.port) as w:
        w.ask()
        assert g.metric('connections') == 1

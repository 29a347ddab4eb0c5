"""Alerts, recording rules and the dashboard: promtool takes them, they name
what there is, and each alert was seen to fire."""
import json
import re
import subprocess

import pytest

from gateway import BUILD, ROOT

RULES = ROOT / 'etc/prometheus/rules.yml'
RULES_TEST = ROOT / 'etc/prometheus/rules_test.yml'
DASHBOARD = ROOT / 'etc/grafana/penstock.json'
OWN = {'instance', 'job', 'le', 'alertname'}  # not the gateway's labels


def promtool(*args):
    done = subprocess.run(['promtool', *args], text=True, timeout=600,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def listed():
    """{name: labels} of all metrics."""
    text = subprocess.run([BUILD / 'gen-manual', 'metric-names'], text=True,
                          capture_output=True, check=True).stdout
    return {name: set(labels.split(',')) - {''} for name, _, labels in
            (line.split(' ') for line in text.splitlines())}


def check_names(expr, metrics):
    """Every metric exists, and every label is one of a metric that is named."""
    words = re.sub(r'"[^"]*"', '""', expr)
    recorded = re.findall(r'\b\w+:penstock_\w+:\w+', words)
    text = RULES.read_text()
    for name in recorded:
        assert f'record: {name}\n' in text, name
    words = re.sub(r'\b\w+:penstock_\w+:\w+', 'up', words)
    labels = set(OWN)
    for name in re.findall(r'\bpenstock_\w+', words):
        plain = re.sub(r'_(bucket|sum|count)$', '', name)
        assert name in metrics or plain in metrics, f'{name} in {expr}'
        labels |= metrics.get(name, set()) | metrics.get(plain, set())
    used = set()
    for group in re.findall(r'\bby \(([^)]*)\)', words):
        used |= {label.strip() for label in group.split(',')}
    for group in re.findall(r'\{([^}]*)\}', words):
        used |= {re.split(r'[=!]', part)[0].strip()
                 for part in group.split(',') if part}
    assert recorded or used <= labels, f'{used - labels} in {expr}'


def expressions(text):
    """Of a file of rules, whatever their layout."""
    found = re.findall(r'^\s+expr: (?!\|)(.+)$', text, re.M)
    for block in re.findall(r'^( +)expr: \|\n((?:\1 +.+\n)+)', text, re.M):
        found.append(' '.join(block[1].split()))
    return found


def test_rules_name_what_there_is():
    promtool('check', 'rules', str(RULES))
    metrics, found = listed(), expressions(RULES.read_text())
    assert len(found) == len(re.findall(r'\bexpr:', RULES.read_text()))
    for expr in found:
        check_names(expr, metrics)


def test_rules_do_what_they_say():
    promtool('test', 'rules', str(RULES_TEST))
    told = RULES_TEST.read_text()
    for name in re.findall(r'alert: (\w+)', RULES.read_text()):
        assert f'alertname="{name}"' in told, f'nothing makes {name} fire'


def test_runbooks_lead_somewhere():
    text = ' '.join(RULES.read_text().split())
    ctl = (ROOT / 'man/penstockctl.1').read_text()
    for command in set(re.findall(r'penstockctl ([a-z]+)', text)):
        assert re.search(rf'^\.It (?:Xo )?Cm {command}\b', ctl, re.M), command
    pages = {f'{page}({number})': (ROOT / f'man/{page}.{number}.in').read_text()
             for page, number in (('penstock', 8), ('penstock.conf', 5),
                                  ('penstock-metrics', 7))}
    for section, page in re.findall(
            r'(?:See |see |: |; )([A-Z][A-Za-z ]+?) in '
            r'(penstock[\w.-]*\(\d\))', text):
        for one in re.split(r' and |, ', section):
            assert re.search(rf'^\.S[hs] {one}$', pages[page], re.M), one
    for alert in re.findall(r'alert: (\w+)(.*?)(?=- alert:|$)', text):
        assert 'summary: ' in alert[1] and 'runbook: ' in alert[1], alert[0]
        assert re.search(r'severity: (critical|warning|info)', alert[1])


@pytest.fixture(scope='module')
def dashboard():
    return json.loads(DASHBOARD.read_text())


def test_dashboard_is_one(dashboard):
    for key, kind in (('title', str), ('uid', str), ('schemaVersion', int),
                      ('version', int), ('panels', list), ('time', dict),
                      ('templating', dict), ('annotations', dict),
                      ('tags', list), ('timezone', str), ('refresh', str)):
        assert isinstance(dashboard[key], kind), key
    assert len(dashboard['uid']) <= 40
    ids = [p['id'] for p in dashboard['panels']]
    assert len(set(ids)) == len(ids)
    taken = set()
    for p in dashboard['panels']:
        assert p['type'] in ('row', 'stat', 'timeseries', 'table'), p['title']
        g = p['gridPos']
        assert g['x'] + g['w'] <= 24 and g['w'] > 0 and g['h'] > 0
        cells = {(x, y) for x in range(g['x'], g['x'] + g['w'])
                 for y in range(g['y'], g['y'] + g['h'])}
        assert not cells & taken, f'{p["title"]} lies over another panel'
        taken |= cells
        if p['type'] == 'row':
            continue
        assert p['datasource'] == {'type': 'prometheus',
                                   'uid': '${datasource}'}
        assert isinstance(p['fieldConfig']['defaults'], dict)
        assert p['fieldConfig']['overrides'] == [] and p['options']
        refs = [t['refId'] for t in p['targets']]
        assert refs and len(set(refs)) == len(refs), p['title']
    names = [v['name'] for v in dashboard['templating']['list']]
    assert names[0] == 'datasource' and len(set(names)) == len(names)
    known = set(names) | {'__rate_interval', '__interval', '__all'}
    used = set(re.findall(r'\$\{?(\w+)', DASHBOARD.read_text()))
    assert used <= known, used - known


def test_dashboard_asks_for_what_there_is(dashboard, tmp_path):
    metrics = listed()
    queries = [t['expr'] for p in dashboard['panels']
               for t in p.get('targets', [])]
    queries += [a['expr'] for a in dashboard['annotations']['list']
                if 'expr' in a]
    assert len(queries) > 60
    rules = []
    for i, query in enumerate(queries):
        query = re.sub(r'\$__(rate_)?interval', '5m', query)
        check_names(query, metrics)
        rules.append({'record': f'q{i}', 'expr': query})
    for v in dashboard['templating']['list'][1:]:
        check_names(v['query']['query'].replace('label_values', ''), metrics)
    path = tmp_path / 'rules.yml'
    path.write_text(json.dumps({'groups': [{'name': 'g', 'rules': rules}]}))
    promtool('check', 'rules', str(path))

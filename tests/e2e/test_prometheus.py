"""Metrics as others read them: promtool, a strict OpenMetrics reader, and a
real Prometheus that scrapes admin.address; and who may do what there."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import openmetrics
from gateway import BUILD, free_port, wait_until
from wire import get

TOKEN = 'correct-horse-battery-staple'
OPEN = 'application/openmetrics-text; version=1.0.0'
CONF = '''
services = {{
  s = {{ endpoints = ( {{ address = "127.0.0.1:{up}"; }} ); breaker = {{ }};
         retry = {{ attempts = 1; }}; queue = {{ length = 5; }};
         pool = {{ max_connections = 50; }}; }};
  down = {{ endpoints = ( {{ address = "127.0.0.1:{down}"; }} ); }};
}};
rate_limits = {{ few = {{ key = "address"; rate = "1/hour"; burst = 1; }}; }};
routes = (
  {{ name = "a \\"quoted\\" \\\\ route"; path = "/quoted"; service = "s"; }},
  {{ path = "/limited"; service = "s"; rate_limits = [ "few" ]; }},
  {{ path = "/down"; service = "down"; }},
  {{ path = "/pong"; respond = {{ status = 200; body = "pong"; }}; }},
  {{ path = "/*rest"; service = "s"; }} );
access_log = ( {{ path = "{log}"; }} );
metrics = {{ max_histograms = {histograms}; }};
tracing = {{ endpoint = "http://127.0.0.1:{down}/v1/traces"; sample = 1.0; }};
'''


class House2:
    """A gateway that has seen everything, and how to ask it over TCP."""

    def __init__(self, house):
        self.port = free_port()
        self.origin = house.origin()
        self.token_file = house.folder() / 'token'
        self.token_file.write_text(TOKEN + '\n')
        self.token_file.chmod(0o644)
        self.down = free_port()
        self.log = house.folder() / 'access.log'
        self.log.parent.chmod(0o777)
        self.g = house.gateway(
            self.conf(1000), workers=2, allow=['killed by signal 9'],
            admin=f'address = "127.0.0.1:{self.port}"; '
                  f'token_file = "{self.token_file}";')
        self.busy()

    def conf(self, histograms):
        return CONF.format(log=self.log, up=self.origin.port, down=self.down,
                           histograms=histograms)

    def busy(self):
        for path in ('/', '/quoted', '/limited', '/limited', '/down', '/pong',
                     '/a', '/b'):
            get(self.g.port, path)

    def ask(self, path, method='GET', **headers):
        """(status, headers, body) over TCP."""
        q = urllib.request.Request(f'http://127.0.0.1:{self.port}{path}',
                                   method=method, headers={
                                       k.replace('_', '-'): v
                                       for k, v in headers.items()})
        try:
            with urllib.request.urlopen(q, timeout=60) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.headers, e.read()


@pytest.fixture(scope='module')
def busy(shared_house):
    return House2(shared_house)


def listed():
    """{name: (type, labels)} of all that the manual has."""
    text = subprocess.run([BUILD / 'gen-manual', 'metric-names'], text=True,
                          capture_output=True, check=True).stdout
    rows = [line.split(' ') for line in text.splitlines()]
    return {name: (kind, labels) for name, kind, labels in rows}


def test_promtool_has_no_complaint(busy):
    text = busy.ask('/metrics')[2]
    done = subprocess.run(['promtool', 'check', 'metrics'], input=text,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stdout + done.stderr, done
    assert b'route="a \\"quoted\\" \\\\ route"' in text


def test_openmetrics_is_strict(busy):
    status, headers, body = busy.ask('/metrics', Accept=OPEN)
    assert status == 200
    assert headers['Content-Type'] == OPEN + '; charset=utf-8'
    families = openmetrics.parse(body.decode())
    plain = busy.ask('/metrics')[2].decode()
    for name, (kind, labels) in listed().items():
        end = {'counter': '_total', 'info': '_info'}.get(kind, '')
        family = families[name.removesuffix(end)]
        assert family.kind == kind, name
        for _, has, _, _ in family.samples:
            assert ','.join(has) == labels, name
        assert f'# TYPE {name} ' in plain, name
    assert len(families) == len(listed())


def test_traces_are_examples(busy):
    body = busy.ask('/metrics', Accept=OPEN)[2].decode()
    family = openmetrics.parse(body)['penstock_request_duration_seconds']
    examples = [(labels, e) for _, labels, _, e in family.samples if e]
    assert any(labels['route'] == '/pong' for labels, _ in examples)
    for _, (about, _, when) in examples:
        assert len(about['trace_id']) == 32
        assert abs(when - time.time()) < 600


def test_a_sum_counts_each_request_once(busy):
    g = busy.g
    before = g.metric('requests_total')
    upstream = g.metric('upstream_requests_total')
    busy.busy()
    assert g.metric('requests_total') == before + 8
    assert g.metric('request_duration_seconds_count') == before + 8
    calls = g.metric('upstream_requests_total')
    assert calls > upstream
    assert g.metric('upstream_duration_seconds_count') == calls
    assert g.metric('gateway_overhead_seconds_count') <= before + 8


def test_the_log_has_a_line_for_each_request(busy):
    g = busy.g

    def all_told():
        return g.metric('log_lines_total', kind='access', log=str(busy.log)) \
            == g.metric('requests_total') == \
            len(busy.log.read_text().splitlines())
    wait_until(all_told, 10, 'the lines')
    assert g.metric('log_up') == 1
    assert g.metric('records_lost_total') == 0
    assert g.metric('log_failing') == 0
    assert g.metric('process_resident_memory_bytes',
                    process='penstocklog') > 0


def test_head_says_what_get_would(busy):
    status, headers, body = busy.ask('/metrics', 'HEAD')
    assert status == 200 and body == b''
    assert int(headers['Content-Length']) > 10000


def test_the_api_takes_the_token(busy):
    bearer = {'Authorization': f'Bearer {TOKEN}'}
    for path in ('/livez', '/readyz', '/healthz', '/health'):
        assert busy.ask(path)[0] == 200, path
    status, headers, _ = busy.ask('/v1/status')
    assert status == 401
    assert headers['WWW-Authenticate'] == 'Bearer realm="penstock admin"'
    assert busy.ask('/v1/status', Authorization='Bearer x')[0] == 401
    assert busy.ask('/v1/reload', 'POST')[0] == 401
    status, _, body = busy.ask('/v1/status', **bearer)
    assert status == 200 and json.loads(body)['workers']
    # The next configuration has the next token.
    busy.token_file.write_text('a-token-of-another-day')
    busy.g.reload()
    assert busy.ask('/v1/status', **bearer)[0] == 401
    busy.token_file.write_text(TOKEN)
    busy.g.reload()
    assert busy.ask('/v1/status', **bearer)[0] == 200


def test_a_slow_client_holds_nobody_up(busy):
    with socket.create_connection(('127.0.0.1', busy.port)) as slow:
        slow.sendall(b'GET /met')
        assert busy.ask('/metrics')[0] == 200
        with socket.create_connection(('127.0.0.1', busy.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.sendall(b'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' * 20)
            assert busy.ask('/livez')[0] == 200
            assert busy.g.admin('/livez')[0] == 200


def test_those_without_room_are_other(busy):
    g = busy.g
    get(g.port, '/pong')
    g.write(busy.conf(0))
    before = g.generation
    g.send(signal.SIGHUP)
    wait_until(lambda: g.generation > before, 5, 'the reload')
    assert g.metric('request_duration_seconds_count', route='/pong') > 0
    body = busy.conf(0).replace('"/pong"', '"/ping"')
    g.reload(body)
    other = g.metric('request_duration_seconds_count', route='__other__')
    get(g.port, '/ping')
    assert g.metric('request_duration_seconds_count',
                    route='__other__') == other + 1
    assert g.metric('request_duration_seconds_count', route='/ping') == 0
    assert g.metric('requests_total', route='/ping') == 1
    g.reload(busy.conf(1000))


def test_the_address_outlives_the_master(busy):
    g = busy.g
    before = g.metric('requests_total')
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    # Who asks meanwhile waits in the queue of the socket.
    status, _, body = busy.ask('/metrics')
    assert status == 200
    assert b'\npenstock_master_restarts_total 1\n' in body
    assert g.metric('requests_total') == before


class Prometheus:
    def __init__(self, folder, target):
        self.url = f'http://127.0.0.1:{free_port()}'
        self.conf = folder / 'prometheus.yml'
        self.conf.write_text(f'''
global: {{ scrape_interval: 4s, scrape_timeout: 4s }}
scrape_configs:
  - job_name: penstock
    static_configs: [ {{ targets: [ "127.0.0.1:{target}" ] }} ]
''')
        self.log = open(folder / 'prometheus.log', 'wb')
        self.proc = subprocess.Popen(
            ['prometheus', f'--config.file={self.conf}',
             f'--storage.tsdb.path={folder / "data"}',
             f'--web.listen-address={self.url[7:]}',
             '--enable-feature=exemplar-storage'],
            stdout=self.log, stderr=self.log, cwd=folder)

    def api(self, what, **params):
        url = f'{self.url}/api/v1/{what}?{urllib.parse.urlencode(params)}'
        try:
            with urllib.request.urlopen(url, timeout=60) as r:
                return json.load(r)['data']
        except (OSError, urllib.error.URLError):
            return None

    def query(self, words):
        data = self.api('query', query=words)
        return data['result'] if data else []

    def end(self):
        self.proc.kill()
        self.proc.wait()
        self.log.close()


@pytest.fixture
def prometheus(busy, house):
    p = Prometheus(house.folder(), busy.port)
    yield p
    p.end()


def test_prometheus_answers_with_what_it_scraped(busy, prometheus):
    want = busy.g.metric('requests_total', route='/pong')
    query = 'sum(penstock_requests_total{job="penstock",route="/pong"})'
    found = wait_until(lambda: prometheus.query(query), 40, 'a scrape')
    assert float(found[0]['value'][1]) == want
    assert prometheus.query('up')[0]['value'][1] == '1'
    found = prometheus.query('histogram_quantile(0.5, sum by (le) ('
                             'penstock_request_duration_seconds_bucket))')
    assert 0 < float(found[0]['value'][1]) < 10
    kinds = prometheus.api('metadata', metric='penstock_requests')
    assert kinds['penstock_requests'][0]['type'] == 'counter'
    now = time.time()
    traces = prometheus.api(
        'query_exemplars', start=now - 3600, end=now + 10,
        query='penstock_request_duration_seconds_bucket{route="/pong"}')
    assert traces and len(traces[0]['exemplars'][0]['labels']['trace_id']) == 32

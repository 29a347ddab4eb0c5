"""Key sets of authenticators: fetched, refreshed, asked for, kept."""
import os
import pathlib
import signal
import threading
import time

import pytest

from dns import Dns
from gateway import Watch, wait_until
from idp import Key, Provider, bearer
from pki import Authority
from wire import get

ROUTES = '''routes = (
    { path = "/open"; respond = { body = "open"; }; },
    { path = "/*rest"; authenticate = "main"; respond = { body = "in"; }; } );
'''


def conf(url, more='', top=''):
    return (f'{top}authenticators = {{ main = {{ type = "jwt"; algorithms = '
            f'[ "ES256" ]; jwks = {{ url = "{url}"; {more} }}; }}; }};\n'
            + ROUTES)


@pytest.fixture
def provider():
    p = Provider(Key('one'))
    yield p
    p.close()


def status(g, token):
    return get(g.port, headers=bearer(token)).status


def key_set(g):
    auths = g.ctl_json('authenticators')['authenticators']
    return next(a for a in auths if a['name'] == 'main')['key_set']


def test_first_set_before_the_first_request(gateway, provider):
    g = gateway(conf(provider.url()), workers=2)
    token = provider.keys[0].token()
    assert status(g, token) == 200
    assert status(g, Key('one').token()) == 401
    assert len(provider.asked) == 1
    path, headers = provider.asked[0]
    assert path == '/jwks.json'
    assert headers['User-Agent'].startswith('penstock/')
    assert 'Cookie' not in headers and 'Authorization' not in headers
    shown = key_set(g)
    assert shown['state'] == 'good' and shown['failures'] == 0
    assert [k['kid'] for k in shown['keys']] == ['one']
    assert g.metric('key_set_age_seconds', authenticator='main') < 60
    assert g.metric('key_set_keys', authenticator='main') == 1
    assert 'one' in g.ctl('authenticators').stdout


def test_master_has_one_thread(gateway, provider):
    """Names are not resolved by libcurl, which would start one."""
    g = gateway(conf(provider.url('localhost')))
    assert status(g, provider.keys[0].token()) == 200
    tasks = pathlib.Path(f'/proc/{g.master_pid}/task')
    assert len(list(tasks.iterdir())) == 1


def test_rotation_in_time(gateway, provider):
    g = gateway(conf(provider.url(), 'refresh = "1s"; cooldown = "60s";'))
    old, new = provider.keys[0], Key('two')
    assert status(g, old.token()) == 200
    provider.keys = [old, new]
    wait_until(lambda: [k['kid'] for k in key_set(g)['keys']] ==
               ['one', 'two'], 10, 'the second key')
    assert status(g, old.token()) == 200
    assert status(g, new.token()) == 200
    provider.keys = [new]
    wait_until(lambda: [k['kid'] for k in key_set(g)['keys']] == ['two'], 10,
               'the end of the first key')
    # A verified token does not outlive its key.
    assert status(g, old.token()) == 401
    assert status(g, new.token()) == 200


def test_unknown_kid_is_asked_for_once(gateway, provider):
    g = gateway(conf(provider.url(), 'refresh = "1h"; cooldown = "5s";'),
                workers=2)
    new = Key('two')
    unknown = [Key(f'three{n}').token() for n in range(20)]
    time.sleep(5.1)  # the cool-down of the first fetch
    provider.keys.append(new)
    assert status(g, new.token()) == 200
    assert len(provider.asked) == 2
    # From now on, for a while, nobody makes it ask again.
    for token in unknown:
        assert status(g, token) == 401
    assert len(provider.asked) == 2


def test_last_good_set_stays(gateway, provider):
    g = gateway(conf(provider.url(), 'refresh = "1s"; cooldown = "60s";'))
    token = provider.keys[0].token()
    bad = [(500, b'{}'), (200, b''), (200, b'{"keys":[]}'),
           (200, b'{"keys":[{"kty":"oct","k":"' + b'A' * 64 + b'"}]}'),
           (200, b'x' * (1 << 20) + b'x'), (302, b'')]
    for answer in bad:
        provider.answer = lambda a=answer: a
        before = len(provider.asked)
        wait_until(lambda n=before: len(provider.asked) > n + 1, 20, 'a fetch')
        assert status(g, token) == 200
    wait_until(lambda: key_set(g)['state'] == 'failing', 5, 'a failure')
    assert key_set(g)['error'] == 'the answer is a 302'
    assert g.metric('key_set_fetches_total', authenticator='main',
                    outcome='failed') >= len(bad)
    # Said once, not at every attempt.
    assert g.log_text().count('the answer is a 500') == 1
    provider.answer = provider.key_set
    wait_until(lambda: key_set(g)['state'] == 'good', 90, 'a good set')


def test_without_a_first_set(gateway, provider):
    provider.answer = lambda: (503, b'')
    g = gateway(conf(provider.url()))
    token = provider.keys[0].token()
    assert status(g, token) == 503
    assert g.metric('replies_total', why='auth_unavailable') == 1
    assert get(g.port, '/open').body == b'open'
    assert key_set(g)['state'] == 'missing'
    provider.answer = provider.key_set
    wait_until(lambda: status(g, token) == 200, 10, 'the first set')


def test_start_does_not_wait_for_ever(gateway, provider):
    provider.answer = lambda: time.sleep(30) or (200, b'')
    began = Watch()
    g = gateway(conf(provider.url(), 'timeout = "60s";'))
    assert began.within(2, 9)
    assert get(g.port, '/open').body == b'open'


def test_set_outlives_the_master(gateway, provider):
    g = gateway(conf(provider.url(), 'refresh = "1h";'), workers=2)
    token = provider.keys[0].token()
    assert status(g, token) == 200
    provider.answer = lambda: (500, b'')
    master = g.master_pid
    g.allow.append(f'master.*{master}.*was killed by signal 9')
    os.kill(master, signal.SIGKILL)
    assert status(g, token) == 200
    g.wait_successor('master', master)
    wait_until(lambda: len(provider.asked) >= 2, 10, 'the successor')
    assert status(g, token) == 200
    assert key_set(g)['keys'][0]['kid'] == 'one'
    assert g.metric('key_set_age_seconds', authenticator='main') >= 0
    # A worker that begins now finds it as well.
    worker = g.worker_pids[0]
    g.allow.append(f'worker.*{worker}.*was killed by signal 9')
    os.kill(worker, signal.SIGKILL)
    g.wait_successor('worker', worker)
    g.wait_ready()
    for _ in range(8):
        assert status(g, token) == 200


def test_another_url(gateway, provider):
    other = Provider(Key('other'))
    try:
        g = gateway(conf(provider.url()))
        token = provider.keys[0].token()
        assert status(g, token) == 200
        g.reload(conf(other.url()))
        assert status(g, token) == 401
        assert status(g, other.keys[0].token()) == 200
        # One that cannot be had is no reason to go on with the last one.
        provider.answer = lambda: (500, b'')
        g.reload(conf(provider.url()))
        assert status(g, other.keys[0].token()) == 503
    finally:
        other.close()


def test_failed_reload_changes_nothing(gateway, provider):
    g = gateway(conf(provider.url()))
    token = provider.keys[0].token()
    taken = provider.port
    g.write(conf(provider.url() + '?2') +
            f'listeners = ( {{ address = "127.0.0.1:{g.port}"; }}, '
            f'{{ address = "127.0.0.1:{taken}"; }} );\n', top='')
    done = g.ctl('reload', check=False)
    assert done.returncode == 1
    assert status(g, token) == 200
    assert not key_set(g)['url'].endswith('?2')


def test_name_by_the_configured_resolver(gateway, provider):
    dns = Dns()
    try:
        dns.host('keys.example', '127.0.0.1')
        g = gateway(conf(provider.url('keys.example'),
                         top=f'resolver = {{ servers = [ "{dns.address}" ]; }};\n'))
        assert status(g, provider.keys[0].token()) == 200
        assert provider.asked[0][1]['Host'] == f'keys.example:{provider.port}'
    finally:
        dns.close()


def test_https(gateway, house):
    folder = house.folder()
    ca, other = Authority(), Authority('Other CA')
    ca.write(folder / 'ca.pem')
    other.write(folder / 'other.pem')
    leaf = ca.issue('localhost').write(folder, 'site')
    provider = Provider(Key('one'), tls=leaf)
    try:
        url, token = provider.url('localhost'), provider.keys[0].token()
        g = gateway(conf(url, f'ca = "{folder}/ca.pem";'))
        assert status(g, token) == 200
        # Who is believed is looked at with every connection.
        for bad in (f'ca = "{folder}/other.pem";', ''):
            h = gateway(conf(url, bad))
            assert status(h, token) == 503
            assert 'certificate' in key_set(h)['error']
        h = gateway(conf(provider.url('127.0.0.1'),
                         f'ca = "{folder}/ca.pem";'))
        assert status(h, token) == 503
    finally:
        provider.close()


class Flow:
    """Valid tokens, all the time; what was not let in."""

    def __init__(self, g, token):
        self.g, self.token, self.refused, self.sent = g, token, [], 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            token = self.token
            got = status(self.g, token)
            self.sent += 1
            if got != 200:
                self.refused.append((got, token))
            self.ended.wait(0.003)

    def change(self, token):
        """From now on: none of another one is on its way."""
        self.token = token
        n = self.sent
        wait_until(lambda: self.sent >= n + 2, 10, 'two requests')

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.refused


def test_hundred_rotations(gateway, provider):
    """Each new key is met first in a token; the one before still counts."""
    cooldown = 0.1
    g = gateway(conf(provider.url(), 'refresh = "1h"; cooldown = "100ms";'),
                workers=2)
    flow = Flow(g, provider.keys[0].token())
    try:
        for n in range(100):
            new = Key(f'key{n}')
            provider.keys = [provider.keys[-1], new]
            time.sleep(cooldown + 0.02)
            token = new.token(jti=f'jti{n}')
            assert status(g, token) == 200, n
            flow.change(new.token())
            if n % 10 == 0:
                g.ctl('revoke', 'token', f'jti{n}')
                for _ in range(4):
                    assert status(g, token) == 401
    finally:
        refused = flow.end()
    assert not refused
    assert flow.sent > 100
    assert [k['kid'] for k in key_set(g)['keys']] == ['key98', 'key99']

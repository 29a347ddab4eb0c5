"""API keys, revocations, signing keys: by penstockctl, and over ends."""
import hashlib
import json
import os
import pathlib
import pwd
import signal
import stat
import subprocess
import time

import pytest

from gateway import CTL, ROOT, remaining, wait_end, wait_until
from idp import Key, Provider, bearer
from wire import get

KEYS = '''authenticators = { keys = { type = "api_key"; header = "X-Key";
    holders = ( { name = "fixed"; sha256 = "%s"; } ); }; };
roles = { deploy = [ "deploy:all" ]; };
routes = ( { path = "/*rest"; authenticate = "keys";
             respond = { body = "in"; }; } );
''' % hashlib.sha256(b'fixed-key').hexdigest()


def key_status(g, key):
    return get(g.port, headers=[('X-Key', key)]).status


def add(g, *args):
    done = g.ctl('keys', 'add', *args)
    key = done.stdout.strip()
    assert key.startswith('psk_') and len(key) == 47
    return key


def listed(g):
    return g.ctl_json('keys', 'list', 'keys')['keys']


def state_top(folder):
    return f'state_dir = "{folder}/state";\n'


@pytest.fixture
def kept(house):
    """A gateway with a state_dir; its text may be given again."""
    def make(body, **kw):
        folder = house.folder()
        folder.chmod(0o755)
        return house.gateway(body, top=state_top(folder), **kw), folder
    return make


# --- API keys


def test_keys_without_a_reload(gateway):
    g = gateway(KEYS, workers=2)
    generation = g.generation
    assert key_status(g, 'fixed-key') == 200
    key = add(g, 'keys', 'ci', '--role', 'deploy', '--role=viewer',
              '--tenant', 't1')
    for _ in range(8):
        assert key_status(g, key) == 200
    shown = next(k for k in listed(g) if k['name'] == 'ci')
    assert shown['user'] == 'ci' and shown['roles'] == ['deploy', 'viewer']
    assert shown['tenant'] == 't1' and shown['from'] == 'operator'
    assert shown['expires_at'] is None
    assert hashlib.sha256(key.encode()).hexdigest().startswith(shown['id'])
    # The key itself is nowhere.
    assert key not in json.dumps(listed(g)) + g.log_text()
    # Two at once, then the older one goes.
    new = add(g, 'keys', 'ci')
    assert key_status(g, key) == key_status(g, new) == 200
    done = g.ctl('keys', 'remove', 'keys', 'ci', check=False)
    assert done.returncode == 1 and 'several keys' in done.stderr
    g.ctl('keys', 'remove', 'keys', shown['id'])
    for _ in range(8):
        assert key_status(g, key) == 401
        assert key_status(g, new) == 200
    g.ctl('keys', 'remove', 'keys', 'ci')
    assert key_status(g, new) == 401
    assert g.generation == generation


def test_keys_end_in_time(gateway):
    g = gateway(KEYS)
    key = add(g, 'keys', 'short', '--for', '6s')
    assert key_status(g, key) == 200
    wait_until(lambda: key_status(g, key) == 401, 15, 'the end of the key')


@pytest.mark.parametrize('args, said', [
    (['keys', 'list', 'nobody'], 'no authenticator "nobody": there is keys'),
    (['keys', 'add', 'keys'], 'add needs a name'),
    (['keys', 'add', 'keys', 'a', '--for', '5'], 'has no unit'),
    (['keys', 'add', 'keys', 'a', '--expires', '2001-01-01'],
     'expired already'),
    (['keys', 'add', 'keys', 'a', '--expires', 'soon'], 'must be a time'),
    (['keys', 'add', 'keys', 'a', '--for=1d', '--expires=2099-01-01'],
     'exclude each other'),
    (['keys', 'add', 'keys', 'a', '--role', 'a,b'], 'has a comma'),
    (['keys', 'add', 'keys', 'a\nb'], 'control character'),
    (['keys', 'add', 'keys', 'x' * 256], 'longer than 255 bytes'),
    (['keys', 'remove', 'keys', 'none'], 'no key has this id or name'),
    (['keys', 'remove', 'keys', 'fixed'], 'is in the configuration'),
    (['keys', 'list', 'keys', '--role', 'a'], 'with add alone'),
    (['keys', 'rotate', 'keys'], 'needs list, add or remove'),
    (['status', '--role', 'a'], 'status has no option --role'),
    (['keys', 'add', 'keys', 'a', '--user', 'a', '--user', 'b'],
     'takes --user once'),
    (['revoke'], 'needs token ID'),
    (['revoke', 'all', 'x'], 'needs token ID'),
    (['revoke', 'user'], 'needs token ID'),
    (['revoke', 'users', 'x'], 'kind must be token, user or all'),
    (['revoke', 'user', 'x', '--until', '2001-01-01'], 'over already'),
    (['revoke', 'user', 'x', '--authenticator', 'no'],
     'no authenticator "no"'),
    (['unrevoke', 'user', 'x'], 'this is not revoked'),
    (['unrevoke', 'user', 'x', '--for', '1h'], 'no option --for'),
    (['signing', 'rotate'], 'signs nothing'),
    (['signing', 'turn'], 'signing has no "turn"'),
])
def test_refusals(shared_house, args, said):
    if not hasattr(shared_house, 'refusing'):
        shared_house.refusing = shared_house.gateway(KEYS)
    done = shared_house.refusing.ctl(*args, check=False)
    assert done.returncode in (1, 2)
    assert said in done.stderr


def test_methods(gateway):
    g = gateway(KEYS)
    status, headers, _ = g.admin('/v1/revocations', 'PUT')
    assert status == 405 and headers['allow'] == 'GET, HEAD, POST, DELETE'
    status, headers, _ = g.admin('/v1/authenticators/keys/keys/x')
    assert status == 405 and headers['allow'] == 'DELETE'
    status, headers, body = g.admin('/v1/image')
    assert status == 200
    assert headers['content-type'] == 'application/octet-stream'
    assert b'X-Key' in body


# --- revocations


@pytest.fixture
def provider():
    p = Provider(Key('one'))
    yield p
    p.close()


def jwt_conf(provider):
    return (f'authenticators = {{ main = {{ type = "jwt"; algorithms = '
            f'[ "ES256" ]; jwks = {{ url = "{provider.url()}"; }}; }}; }};\n'
            'routes = ( { path = "/*rest"; authenticate = "main"; '
            'respond = { body = "in"; }; } );\n')


def status(g, token):
    return get(g.port, headers=bearer(token)).status


def revoked(g):
    return g.ctl_json('revoke', '--list')['revocations']


def test_revocation_is_in_force_at_once(gateway, provider):
    g = gateway(jwt_conf(provider), workers=2)
    key, now = provider.keys[0], int(time.time())
    one = key.token(jti='one', iat=now)
    two = key.token(jti='two', iat=now)
    for _ in range(8):
        assert status(g, one) == status(g, two) == 200
    g.ctl('revoke', 'token', 'one')
    for _ in range(8):
        assert status(g, one) == 401
        assert status(g, two) == 200
    g.ctl('unrevoke', 'token', 'one')
    assert status(g, one) == 200
    # What is issued later is another matter.
    g.ctl('revoke', 'user', 'alice', '--authenticator', 'main')
    later = key.token(jti='later', iat=now + 30)
    for _ in range(8):
        assert status(g, two) == 401
        assert status(g, later) == 200
        assert status(g, key.token(sub='bob', iat=now)) == 200
    g.ctl('revoke', 'all', '--before', str(now + 3000), check=False)
    done = g.ctl('revoke', 'all', '--before', '2099-01-01T00:00:00Z')
    assert '(any)' in done.stdout
    assert status(g, later) == 401
    kinds = sorted(e['kind'] for e in revoked(g))
    assert kinds == ['all', 'user']
    assert 'alice' in g.ctl('revoke', '--list').stdout
    assert g.metric('revocations', kind='user') == 1


def test_revocation_is_forgotten_in_time(kept, provider):
    g, folder = kept(jwt_conf(provider))
    token = provider.keys[0].token(jti='one')
    g.ctl('revoke', 'token', 'one', '--for', '5s')
    assert status(g, token) == 401
    # The master looks every 5 s.
    wait_until(lambda: not revoked(g), 25, 'the end of the entry')
    assert status(g, token) == 200
    file = folder / 'state' / 'revocations'
    wait_until(lambda: b'"one"' not in file.read_bytes(), 5, 'the file')


# --- what outlives whom


def test_state_outlives_the_master(gateway):
    g = gateway(KEYS)
    key = add(g, 'keys', 'ci')
    gone = add(g, 'keys', 'gone')
    g.ctl('revoke', 'user', 'gone')
    master = g.master_pid
    g.allow.append(f'master.*{master}.*was killed by signal 9')
    os.kill(master, signal.SIGKILL)
    assert key_status(g, key) == 200
    g.wait_successor('master', master)
    assert key_status(g, key) == 200
    assert key_status(g, gone) == 401
    assert {k['name'] for k in listed(g)} == {'fixed', 'ci', 'gone'}
    g.ctl('keys', 'remove', 'keys', 'ci')
    assert key_status(g, key) == 401
    assert [e['value'] for e in revoked(g)] == ['gone']


def test_state_outlives_a_stop(kept):
    g, folder = kept(KEYS)
    key, gone = add(g, 'keys', 'ci', '--role=a'), add(g, 'keys', 'gone')
    g.ctl('keys', 'remove', 'keys', 'gone')
    g.ctl('revoke', 'user', 'fixed')
    before = listed(g)
    g.stop()
    state = folder / 'state'
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for name in ('api_keys', 'revocations'):
        file = state / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert key.encode() not in file.read_bytes()
    g.start()
    assert listed(g) == before
    assert key_status(g, key) == 200
    assert key_status(g, gone) == 401
    assert key_status(g, 'fixed-key') == 401


def test_state_outlives_kill_9(kept):
    g, _ = kept(KEYS)
    key = add(g, 'keys', 'ci')
    g.ctl('revoke', 'user', 'fixed')
    kill_all(g)
    g.start()
    assert key_status(g, key) == 200
    assert key_status(g, 'fixed-key') == 401


def test_without_state_dir_a_stop_forgets(gateway):
    g = gateway(KEYS)
    key = add(g, 'keys', 'ci')
    g.stop()
    g.start()
    assert key_status(g, key) == 401


def test_damaged_file_stops_the_start(kept):
    g, folder = kept(KEYS)
    g.ctl('revoke', 'user', 'fixed')
    g.stop()
    file = folder / 'state' / 'revocations'
    good = file.read_bytes()
    file.write_bytes(good + b'{"kind":\n')
    g.start(ready=False)
    assert g.proc.wait(60) == 1
    g.proc = None
    assert 'state_dir: revocations:3: ' in g.log_text()
    file.write_bytes(good)
    g.start()
    assert key_status(g, 'fixed-key') == 401


def test_state_dir_that_is_no_good(gateway, house):
    folder = house.folder()
    (folder / 'file').write_text('')
    g = gateway(KEYS, start=False,
                top=f'state_dir = "{folder}/file";\n')
    g.start(ready=False)
    assert g.proc.wait(60) == 1
    g.proc = None
    assert 'state_dir: cannot' in g.log_text()


def test_one_gateway_per_state_dir(kept, gateway):
    _, folder = kept(KEYS)
    other = gateway(KEYS, start=False, top=state_top(folder))
    other.start(ready=False)
    assert other.proc.wait(60) == 1
    other.proc = None
    assert 'another penstock uses it' in other.log_text()


def test_full_disk_is_said(kept, house):
    """What cannot be kept is in force all the same, and says so."""
    g, folder = kept(KEYS)
    # In the way of the file that is written first.
    (folder / 'state' / 'api_keys.new').mkdir()
    done = g.ctl('keys', 'add', 'keys', 'ci')
    assert 'state_dir could not be written' in done.stderr
    assert key_status(g, done.stdout.strip()) == 200
    assert g.metric('state_saved', file='api_keys') == 0
    assert g.metric('state_save_failures_total', file='api_keys') == 1
    (folder / 'state' / 'api_keys.new').rmdir()
    add(g, 'keys', 'more')
    assert g.metric('state_saved', file='api_keys') == 1


def test_state_dir_needs_a_restart(kept, house):
    g, _ = kept(KEYS)
    g.reload(KEYS, top=state_top(house.folder()))
    g.wait_log('state_dir has changed and needs a restart')


# --- completion


def test_completion_knows_the_commands():
    script = ROOT / 'etc' / 'penstockctl.bash'
    ask = (f'PATH={CTL.parent}:$PATH; source {script}; '
           'COMP_WORDS=(penstockctl "$1"); COMP_CWORD=1; _penstockctl; '
           'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', ask, 'bash', 're'], text=True,
                          capture_output=True, timeout=60, check=True)
    assert set(done.stdout.split()) == {'ready', 'recorder', 'reload',
                                        'revoke'}
    ask = ask.replace('(penstockctl "$1")', '(penstockctl revoke "$1")') \
        .replace('COMP_CWORD=1', 'COMP_CWORD=2')
    done = subprocess.run(['bash', '-c', ask, 'bash', '--u'], text=True,
                          capture_output=True, timeout=60, check=True)
    assert done.stdout.split() == ['--until=']


# --- refresh tokens, and the keys that the gateway signs with


GRANTS = '''authenticators = {
    keys = { type = "api_key"; header = "X-Key";
             holders = ( { name = "fixed"; sha256 = "%s"; } ); };
    own = { type = "jwt"; algorithms = [ "ES256" ]; own = true;
            audience = [ "api" ]; }; };
token_issuer = { issuer = "https://gw"; audience = [ "api" ]; };
routes = ( { path = "/login"; authenticate = "keys"; issue = true; },
           { path = "/refresh"; refresh = true; },
           { path = "/*rest"; authenticate = "own";
             respond = { body = "in"; }; } );
''' % hashlib.sha256(b'fixed-key').hexdigest()


def login(g):
    answer = get(g.port, '/login', 'POST', headers=[('X-Key', 'fixed-key')])
    assert answer.status == 200, answer
    return json.loads(answer.body)


def refresh(g, token):
    """The next pair, or None."""
    answer = get(g.port, '/refresh', 'POST', body=json.dumps(
        {'refresh_token': token}).encode(),
        headers=[('Content-Type', 'application/json')])
    return json.loads(answer.body) if answer.status == 200 else None


def kill_all(g):
    g.allow.append('was killed by signal')
    family = g.family()
    g.kill(family)
    wait_end(g.proc.pid, 10)
    g.proc.wait()
    g.proc = None
    # Whoever is still there holds the state_dir.
    assert not remaining(family, 10)


def test_refresh_outlives_a_stop(kept):
    g, folder = kept(GRANTS)
    first = login(g)
    second = refresh(g, first['refresh_token'])
    assert status(g, second['access_token']) == 200
    kids = [k['kid'] for k in g.ctl_json('signing')['keys']]
    g.stop()
    file = folder / 'state' / 'signing_keys'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    g.start()
    assert [k['kid'] for k in g.ctl_json('signing')['keys']] == kids
    assert status(g, second['access_token']) == 200
    third = refresh(g, second['refresh_token'])
    assert third is not None
    # What was used before the stop is used.
    assert refresh(g, first['refresh_token']) is None
    assert refresh(g, third['refresh_token']) is None


def test_what_has_ended_does_not_live_again(kept):
    g, folder = kept(GRANTS)
    stolen, other = login(g), login(g)
    file = folder / 'state' / 'refresh_families'
    wait_until(file.exists, 10, 'the families')
    # After the first line and the secret.
    wait_until(lambda: file.read_bytes().count(b'\n') == 4, 10, 'both')
    before = file.read_bytes()
    used = refresh(g, stolen['refresh_token'])
    wait_until(lambda: file.read_bytes() != before, 10, 'its turn')
    before = file.read_bytes()
    assert refresh(g, stolen['refresh_token']) is None
    # Well before the next look.
    wait_until(lambda: file.read_bytes() != before, 2, 'the file')
    kill_all(g)
    g.start()
    assert refresh(g, used['refresh_token']) is None
    assert refresh(g, other['refresh_token']) is not None


def test_damaged_families_are_forgotten(kept):
    g, folder = kept(GRANTS)
    pair = login(g)
    g.stop()
    (folder / 'state' / 'refresh_families').write_text('x\n')
    g.start()
    assert 'refresh_families:1: ' in g.log_text()
    assert refresh(g, pair['refresh_token']) is None
    assert status(g, pair['access_token']) == 200


def test_signing_keys_are_rotated(gateway):
    g = gateway(GRANTS, workers=2)
    token = login(g)['access_token']
    uses = [k['use'] for k in g.ctl_json('signing')['keys']]
    assert uses == ['signs', 'next']
    assert 'signs' in g.ctl('signing').stdout
    master = g.master_pid
    g.allow.append(f'master.*{master}.*was killed by signal 9')
    os.kill(master, signal.SIGKILL)
    g.wait_successor('master', master)
    next_kid = g.ctl_json('signing')['keys'][1]['kid']
    rotated = g.ctl_json('signing', 'rotate')['keys']
    assert [k['use'] for k in rotated] == ['verifies', 'signs', 'next']
    assert rotated[1]['kid'] == next_kid
    # Both sign and verify, in every worker.
    for _ in range(4):
        assert status(g, token) == 200
        assert status(g, login(g)['access_token']) == 200
    g.ctl('signing', 'rotate')
    assert status(g, token) == 401
    assert g.metric('signing_key_age_seconds') < 60


@pytest.mark.skipif(os.getuid() != 0, reason='only root changes its user')
def test_folder_is_the_masters(kept):
    g, folder = kept(KEYS, user='nobody')
    state = folder / 'state'
    assert state.stat().st_uid == pwd.getpwnam('nobody').pw_uid
    add(g, 'keys', 'ci')
    assert g.metric('state_saved', file='api_keys') == 1
    assert (state / 'api_keys').stat().st_uid == state.stat().st_uid
    # Workers and helpers do not even have it open.
    for pid in g.worker_pids + g.titled('helper'):
        links = [os.readlink(f) for f in
                 pathlib.Path(f'/proc/{pid}/fd').iterdir()]
        assert not [name for name in links if name.startswith(str(state))]
    g.stop()
    os.chown(state, 0, 0)
    g.start(ready=False)
    assert g.proc.wait(60) == 1
    g.proc = None
    assert 'it belongs to another user than the master' in g.log_text()

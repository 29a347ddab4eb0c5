"""Who may do what, in the configuration: the manual's example, what -t and -T
say, what a reload does with files of keys and users."""
import os
import pathlib
import re
import signal
import subprocess

import pytest

from gateway import BINARY
from pki import Authority, key_pem

MANUAL = pathlib.Path(__file__).parents[2] / 'man/penstock.conf.5.in'
HEAD = 'listeners = ( { address = "127.0.0.1:1"; } );\n'
SERVICES = ('services = { users = { endpoints = ( '
            '{ address = "127.0.0.1:2"; } ); }; };\n')
PING = 'routes = ( { path = "/"; respond = { }; } );\n'
SECRET = 'not-to-be-seen-by-anybody-at-all'
BCRYPT = '$2y$05$abcdefghijklmnopqrstuuq0qIPbHW1gJAFzzN5mSTeqSRJmvwqgS'


def run(folder, text, *args, **environ):
    (folder / 'p.conf').write_text(text)
    done = subprocess.run([BINARY, *args, '-c', folder / 'p.conf'],
                          text=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, **environ})
    said = (done.stdout + done.stderr).replace(f'{folder}/', '')
    return done.returncode, said


def public_key(folder, name, kind='P-256'):
    leaf = Authority('Test CA').issue(key=kind)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(leaf.pem)


def jwt(keys, algorithms='"HS256"'):
    return (f'authenticators = {{ a = {{ type = "jwt"; algorithms = '
            f'{algorithms};\nkeys = ( {keys} ); }}; }};\n')


def test_example(tmp_path):
    """What the manual shows is good."""
    blocks = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', MANUAL.read_text(),
                        re.S | re.M)
    [block] = [b for b in blocks if 'authenticators = {' in b]
    public_key(tmp_path, 'keys/k1.pem')
    (tmp_path / 'users.htpasswd').write_text(f'alice:{BCRYPT}\n')
    code, said = run(tmp_path, HEAD + SERVICES + block, '-t')
    assert code == 0 and not re.search(r'p\.conf:\d', said), said


BAD = {
    'none': (jwt(f'{{ secret = "{SECRET}"; }}', '[ "none" ]'),
             'p.conf:2: algorithms: "none" is no signature'),
    'short': (jwt('{ secret = "${SHORT}"; }'),
              'p.conf:3: keys.secret: it is a secret of 5 bytes'),
    'weak': (jwt('{ file = "weak.pem"; }', '"RS256"'),
             'p.conf:3: keys.file: "weak.pem" is an RSA key of 1024 bits'),
    'private': (jwt('{ file = "private.pem"; }', '"ES256"'),
                'p.conf:3: keys.file: "private.pem" is a private key'),
    'unfit': (jwt('{ file = "ec.pem"; }', '"RS256"'),
              'p.conf:3: keys.file: "ec.pem" is a key for P-256'),
    'users': ('authenticators = { a = { type = "basic"; htpasswd = "users"; '
              '}; };\n',
              'users:2: the hash of "bob" is MD5 (apr1)'),
    'dangling': ('routes = ( { path = "/"; respond = { }; authenticate = '
                 '"mian"; } );\nauthenticators = { main = { type = "api_key"; '
                 '}; };\n',
                 'p.conf:2: authenticate: there is no authenticator "mian"; '
                 'did you mean "main"?'),
    'circle': ('roles = { a = { inherits = "b"; };\n'
               'b = { inherits = "a"; }; };\n',
               'p.conf:3: inherits: roles inherit in a circle: a -> b -> a'),
}


@pytest.mark.parametrize('name', BAD)
def test_refused(tmp_path, name):
    text, complaint = BAD[name]
    public_key(tmp_path, 'ec.pem')
    public_key(tmp_path, 'weak.pem', 'RSA-1024')
    (tmp_path / 'private.pem').write_bytes(key_pem(
        Authority('Test CA').issue().key))
    (tmp_path / 'users').write_text(f'alice:{BCRYPT}\nbob:$apr1$a$b\n')
    rest = '' if 'routes' in text else PING
    code, said = run(tmp_path, HEAD + text + rest, '-t', SHORT='short')
    assert code == 1 and complaint in said, said
    assert SECRET not in said


def test_secrets_are_not_shown(tmp_path):
    text = (HEAD + SERVICES + jwt('{ secret = "${HIDDEN}"; }')
            + f'token_issuer = {{ algorithm = "HS256"; secret = "{SECRET}"; '
            '};\n' + PING)
    code, said = run(tmp_path, text, '-T', HIDDEN=SECRET)
    assert code == 0 and said.count('secret = "(set)"; # p.conf:') == 2, said
    assert SECRET not in said


def test_reload_reads_keys_and_users(gateway, tmp_path):
    """The same content is no new generation, other content is one, and what
    is refused changes nothing."""
    users, key = tmp_path / 'users', tmp_path / 'secret'
    users.write_text(f'alice:{BCRYPT}\n')
    key.write_text(SECRET)
    g = gateway(
        f'authenticators = {{ a = {{ type = "basic"; htpasswd = "{users}"; '
        f'}}; b = {{ type = "jwt"; algorithms = "HS256"; keys = ( {{ '
        f'secret_file = "{key}"; }} ); }}; }};\n' + PING)
    before = g.generation
    g.send(signal.SIGHUP)
    g.wait_log('configuration is unchanged')
    for path, content in ((users, f'bob:{BCRYPT}\n'), (key, SECRET + 'x')):
        path.write_text(content)
        g.reload()
    assert g.generation == before + 2
    users.write_text('bob:$1$a$b\n')
    done = g.run('-s', 'reload')
    assert done.returncode == 1
    assert f'{users}:1: the hash of "bob" is MD5' in done.stderr + done.stdout
    assert g.generation == before + 2

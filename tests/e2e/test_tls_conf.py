"""Certificates in the configuration: what -t says, what a reload does."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from gateway import BINARY, CTL
from pki import Authority, key_pem

PING = 'routes = ( { path = "/"; respond = { }; } );\n'


@pytest.fixture(scope='module')
def ca():
    return Authority('Test CA')


def entry(name):
    return f'{{ certificate = "{name}.pem"; key = "{name}.key"; }}'


def listener(tls, port=1):
    return (f'listeners = ( {{ address = "127.0.0.1:{port}"; tls = {{\n'
            f'{tls}\n}}; }} );\n' + PING)


def site(*names, more=''):
    return listener(f'certificates = ( {", ".join(map(entry, names))} );'
                    + more)


def check(folder, text, *args):
    (folder / 'p.conf').write_text(text)
    done = subprocess.run([BINARY, '-t', '-c', folder / 'p.conf', *args],
                          text=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('kind', ['RSA-2048', 'RSA-4096', 'P-256', 'P-384',
                                  'P-521', 'Ed25519'])
def test_good(tmp_path, ca, kind):
    ca.authority().issue(key=kind).write(tmp_path, 'a')
    code, said = check(tmp_path, site('a'))
    assert code == 0 and 'warning: tls' not in said, said


@pytest.mark.parametrize('kind', ['RSA-1024', 'P-224', 'K-256'])
def test_weak(tmp_path, ca, kind):
    ca.issue(key=kind).write(tmp_path, 'a')
    code, said = check(tmp_path, site('a'))
    assert code == 1 and 'p.conf:2: ' in said and 'a.pem" has a key' in said


def bad_none(folder, leaf):
    (folder / 'a.pem').unlink()
    return 'a.pem" cannot be read: No such file'


def bad_text(folder, leaf):
    (folder / 'a.pem').write_text('hello')
    return 'a.pem" holds no certificate'


def bad_cut(folder, leaf):
    (folder / 'a.pem').write_bytes(leaf.pem[:len(leaf.pem) // 2])
    return 'a.pem" is damaged'


def bad_folder(folder, leaf):
    (folder / 'a.key').unlink()
    (folder / 'a.key').mkdir()
    return 'a.key" cannot be read: it is not a regular file'


def bad_key(folder, leaf):
    (folder / 'a.key').write_bytes(
        Authority('x').issue().key_pem)
    return 'a.key" is not the key of the certificate'


def bad_no_key(folder, leaf):
    (folder / 'a.key').write_bytes(leaf.pem)
    return 'a.key" holds no private key'


def bad_locked(folder, leaf):
    (folder / 'a.key').write_bytes(key_pem(leaf.key, 'Sesame'))
    return 'a.key" holds a key that is encrypted'


def bad_order(folder, leaf):
    blocks = leaf.pem.split(b'-----END CERTIFICATE-----\n')
    (folder / 'a.pem').write_bytes(
        b'-----END CERTIFICATE-----\n'.join([blocks[1], blocks[0], b'']))
    return 'a.pem" is not in order'


@pytest.mark.parametrize('spoil', [bad_none, bad_text, bad_cut, bad_folder,
                                   bad_key, bad_no_key, bad_locked,
                                   bad_order])
def test_bad(tmp_path, ca, spoil):
    leaf = ca.authority().issue()
    leaf.write(tmp_path, 'a')
    expected = spoil(tmp_path, leaf)
    code, said = check(tmp_path, site('a'))
    assert code == 1 and expected in said, said
    assert 'Sesame' not in said


@pytest.mark.parametrize('days, start, word', [
    (-1, -9, 'has expired on'), (5, -1, 'expires soon, on'),
    (90, 3, 'is not valid before')])
def test_dates_are_warnings(tmp_path, ca, days, start, word):
    ca.issue(days=days, start=start).write(tmp_path, 'a')
    code, said = check(tmp_path, site('a'))
    assert code == 0 and f'a.pem" {word}' in said, said


def test_every_complaint(tmp_path, ca):
    """Those of the files stand beside the others, in the order of lines."""
    code, said = check(tmp_path, 'workesr = 1;\n' + site('a', 'b'))
    lines = [line for line in said.splitlines() if re.search(r'p\.conf:\d', line)]
    assert code == 1 and len(lines) == 5, said
    assert 'workesr' in lines[0] and 'a.pem' in lines[1] + lines[2]


def test_client_certificates(tmp_path, ca):
    ca.issue().write(tmp_path, 'a')
    ca.write(tmp_path / 'ca.pem')
    want = ' client_verify = "require"; client_ca = "ca.pem";'
    assert check(tmp_path, site('a', more=want))[0] == 0
    (tmp_path / 'ca.crl').write_bytes(ca.crl())
    want += ' client_crl = "ca.crl";'
    code, said = check(tmp_path, site('a', more=want))
    assert code == 0 and 'warning: tls' not in said
    (tmp_path / 'ca.crl').write_bytes(ca.crl(days=-0.5))
    code, said = check(tmp_path, site('a', more=want))
    assert code == 0 and 'that has expired on' in said
    (tmp_path / 'ca.crl').write_bytes(Authority('Other').crl())
    code, said = check(tmp_path, site('a', more=want))
    assert code == 1 and 'no authority of' in said


def test_ocsp(tmp_path, ca):
    leaf = ca.issue()
    leaf.write(tmp_path, 'a')
    text = listener('certificates = ( { certificate = "a.pem"; '
                    'key = "a.key"; ocsp = "a.ocsp"; } );')
    for made, code, word in [
            (ca.ocsp(leaf), 0, 'is good'),
            (ca.ocsp(leaf, days=-0.5), 0, 'it is not given to clients'),
            (ca.ocsp(leaf, status='revoked'), 1, 'is revoked'),
            (ca.ocsp(ca.issue()), 1, 'is about another certificate'),
            (b'text', 1, 'is no OCSP response')]:
        (tmp_path / 'a.ocsp').write_bytes(made)
        got, said = check(tmp_path, text)
        assert got == code and word in said, said


def test_shown(tmp_path, ca):
    """-T prints paths, no contents, and what it prints is a configuration."""
    leaf = ca.issue()
    leaf.write(tmp_path, 'a')
    (tmp_path / 'ticket.key').write_bytes(b'Sesame  ' * 10)
    text = site('a') + 'tls_tickets = { key_files = "ticket.key"; };\n'
    code, said = check(tmp_path, text, '-T')
    assert code == 0 and 'ticket.key' in said and 'a.key' in said
    assert 'Sesame' not in said and 'PRIVATE' not in said
    shown = said[:said.index('# filters, in order')]
    again = tmp_path / 'again.conf'
    again.write_text(shown)
    done = subprocess.run([BINARY, '-t', '-c', again], text=True,
                          capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


def test_system_authorities(tmp_path):
    text = ('listeners = ( { address = "127.0.0.1:1"; } );\n'
            'services = { s = { tls = { }; endpoints = ( { address = '
            '"127.0.0.1:2"; } ); }; };\n'
            'routes = ( { path = "/"; service = "s"; } );\n')
    code, said = check(tmp_path, text)
    bundle = pathlib.Path('/etc/ssl/certs/ca-certificates.crt')
    assert code == (0 if bundle.exists() else 1), said


# --- a running gateway


def body(g, names=('a',), more=''):
    tls = ', '.join(map(entry, names))
    return (f'listeners = ( {{ address = "127.0.0.1:{g.port}"; tls = {{ '
            f'certificates = ( {tls} ); {more} }}; }} );\n' + PING)


@pytest.fixture
def served(house, ca):
    """A gateway with a.pem, which it can be made to load anew."""
    g = house.gateway('', start=False)
    ca.issue('a.example', days=30).write(g.dir, 'a')
    g.write(body(g))
    return g.start()


def test_reload_goes_by_content(served, ca):
    g = served
    before = g.generation
    for n in range(1, 4):
        os.utime(g.dir / 'a.pem')
        g.send(signal.SIGHUP)
        g.wait_log('configuration is unchanged', n)
    assert g.generation == before
    ca.issue('a.example', days=40).write(g.dir, 'a')
    g.send(signal.SIGHUP)
    g.wait_log(f'generation {before + 1}:')
    assert certs(g)['certificates'][0]['days_left'] in (39, 40)


def test_bad_renewal_changes_nothing(served, ca):
    g = served
    before = g.generation
    (g.dir / 'a.key').write_bytes(ca.issue().key_pem)
    g.send(signal.SIGHUP)
    g.wait_log(r'penstock\.conf:\d+: tls\.certificates\.key: '
               r'".*a\.key" is not the key')
    g.wait_log('reload failed')
    assert g.generation == before
    assert certs(g)['certificates'][0]['state'] == 'good'
    assert 'PRIVATE' not in g.log_text()


def certs(g):
    return json.loads(g.admin('/v1/certs')[2])


def test_expiry_is_seen(served, ca):
    g = served
    ca.issue('b.example', days=5).write(g.dir, 'b')
    ca.write(g.dir / 'ca.pem')
    g.reload(body(g, ('a', 'b'),
                  'client_verify = "optional"; client_ca = "ca.pem";'))
    g.wait_log(r'warning: .*b\.pem" expires soon, on .* \(\d days left\)')
    by_file = {pathlib.Path(c['file']).name: c
               for c in certs(g)['certificates']}
    assert by_file['b.pem']['state'] == 'expiring'
    assert by_file['b.pem']['names'] == ['b.example']
    assert by_file['b.pem']['listeners'] == [f'127.0.0.1:{g.port}']
    when = g.metric('certificate_expiry_timestamp_seconds',
                    use='certificate', file=str(g.dir / 'a.pem'))
    assert 29 < (when - now()) / 86400 < 31
    assert g.metric('certificate_expiry_timestamp_seconds',
                    use='authority', file=str(g.dir / 'ca.pem')) > now()
    done = subprocess.run([CTL, '-s', g.socket, 'certs'], text=True,
                          capture_output=True, timeout=60)
    rows = done.stdout.splitlines()
    assert done.returncode == 0 and rows[0].startswith('FILE')
    assert 'b.pem' in rows[1] and 'expiring' in rows[1]
    assert 'a.pem' in rows[2] and 'authorities' in rows[3]


def now():
    return time.time()


@pytest.mark.skipif(os.getuid() != 0, reason='root alone gives rights away')
def test_keys_of_root(house, ca):
    """The keeper opens what only root may read; nobody else holds it."""
    g = house.gateway('', start=False, user='nobody')
    cert, key = ca.issue('a.example').write(g.dir, 'a')
    assert key.stat().st_mode & 0o777 == 0o600
    g.dir.chmod(0o777)  # for the socket and the pid file
    g.write(body(g))
    g.start()
    assert certs(g)['certificates'][0]['file'] == str(cert)
    before = g.generation
    ca.issue('a.example').write(g.dir, 'a')
    g.send(signal.SIGHUP)
    g.wait_log(f'generation {before + 1}:')


def test_ticket_keys_change(house, ca):
    """In time, and a new master goes on with those that are there."""
    g = house.gateway('', start=False, allow=['was killed by signal'])
    ca.issue('a.example').write(g.dir, 'a')
    g.write(body(g) + 'tls_tickets = { lifetime = "1s"; };\n')
    g.start()
    g.wait_log('a new key for session tickets', 3)
    g.reload(body(g) + 'tls_tickets = { lifetime = "1h"; };\n')
    made = g.log_text().count('a new key for session tickets')
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('master', pid)
    assert g.log_text().count('a new key for session tickets') == made


def test_keys_are_in_no_map_of_tools(served):
    """The secrets are left out of core dumps and given to no tool."""
    g = served
    for pid in g.worker_pids + [g.master_pid]:
        smaps = pathlib.Path(f'/proc/{pid}/smaps').read_text()
        parts = smaps.split('penstock-secrets')[1:]
        assert parts, 'the secrets are mapped'
        for part in parts:
            flags = part.split('VmFlags:', 1)[1].split('\n', 1)[0]
            assert ' dd' in flags, flags

"""What penstockctl and the manual say of reasons, and tell people to use."""
import json
import re
import subprocess

import pytest

from gateway import BINARY, BUILD, CTL, ROOT


def said(*args):
    return subprocess.run([CTL, *args], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60)


@pytest.fixture(scope='module')
def reasons():
    done = said('-j', 'why')
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def commands():
    return set(re.findall(r'^  ([a-z-]+) ', said('--help').stdout, re.M))


def test_every_command_exists(reasons):
    known, helps = commands(), {}
    for reason in reasons:
        for typed in re.findall(r'`penstockctl ([^`]*)`', reason['advice']):
            name = typed.split()[0]
            assert name in known, (reason['why'], typed)
            helps.setdefault(name, said(name, '--help').stdout)
            for option in re.findall(r'--[a-z-]+', typed):
                assert option in helps[name], (reason['why'], typed)


def test_every_option_exists(reasons):
    text = subprocess.run([BINARY, '--options'], text=True,
                          capture_output=True, timeout=60).stdout
    known = [line.split()[0].replace('.*', '')
             for line in text.splitlines()[1:] if line[:1].strip()]
    for reason in reasons:
        for name in re.findall(r'\b[a-z_]+[0-9]?(?:\.[a-z_]+)+\b',
                               reason['help'] + ' ' + reason['advice']):
            assert any(f'.{path}'.endswith(f'.{name}') for path in known), \
                (reason['why'], name)


def test_every_metric_exists(reasons):
    text = ''.join(path.read_text() for folder in ('shm', 'master')
                   for path in (ROOT / folder).iterdir()
                   if path.suffix in ('.c', '.def'))
    for reason in reasons:
        for name in re.findall(r'\bpenstock_([a-z_]+)', reason['advice']):
            assert name in text, (reason['why'], name)


def test_the_page_has_all(reasons):
    page = (BUILD / 'man' / 'penstock-reasons.7').read_text()
    assert re.findall(r'^\.Ss (\S+)', page, re.M) == \
        [reason['why'] for reason in reasons]
    assert all(page.count(f'.Sx {reason["why"]}') >= 1 for reason in reasons)
    ranks = [reason['status'] or 1000 for reason in reasons]
    assert ranks == sorted(ranks)


def test_by_word_status_and_code():
    for what in ('queue_full', 'QUEUE_FULL', 'SVC_013', 'svc_013'):
        text = said('why', what).stdout
        assert text.startswith('queue_full\n  503 Service Unavailable'), what
        assert 'pool.max_connections' in text
    several = json.loads(said('-j', 'why', '413').stdout)
    assert [r['why'] for r in several] == ['body_too_large']
    assert len(json.loads(said('-j', 'why', '503').stdout)) > 5
    lines = said('why').stdout.splitlines()
    assert lines[0].split() == ['STATUS', 'REASON', 'CODE', 'FAULT']
    assert any(line.split() == ['-', 'client_closed', '-', 'client']
               for line in lines)


def test_no_such_reason():
    done = said('why', 'queue_fall')
    assert done.returncode == 1 and done.stdout == ''
    assert 'queue_fall' in done.stderr

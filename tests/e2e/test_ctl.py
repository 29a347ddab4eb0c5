"""penstockctl: tables for people, JSON for programs."""
import subprocess

import pytest

from conf import proxy
from gateway import CTL, wait_until
from wire import get


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    return shared_house.gateway(proxy(origin.port), workers=2), origin


def test_ctl_status(pair):
    g, _ = pair
    text = g.ctl('status').stdout
    assert 'generation' in text.lower()
    status = g.ctl_json('status')
    assert isinstance(status, dict) and status


def test_ctl_workers(pair):
    g, _ = pair
    text = g.ctl('workers').stdout
    for pid in g.worker_pids:
        assert str(pid) in text
        assert str(pid) in g.ctl('-j', 'workers').stdout


def test_ctl_routes(pair):
    g, _ = pair
    assert '/*rest' in g.ctl('routes').stdout
    assert '/*rest' in g.ctl('-j', 'routes').stdout


def test_ctl_generations(pair):
    g, _ = pair
    assert str(g.generation) in g.ctl('generations').stdout
    g.ctl_json('generations')


def test_ctl_reload(gateway):
    g = gateway('routes = ( { path = "/"; respond = { body = "1"; }; } );')
    g.write('routes = ( { path = "/"; respond = { body = "2"; }; } );')
    before = g.generation
    g.ctl('reload')
    wait_until(lambda: g.generation > before, 5, 'a generation')
    assert get(g.port).body == b'2'
    g.write('routes = ( { pth = "/"; } );')
    done = g.ctl('reload', check=False)
    assert done.returncode == 1 and 'pth' in done.stdout + done.stderr


def test_ctl_without_gateway(tmp_path):
    done = subprocess.run([CTL, '-s', tmp_path / 'none.sock', 'status'],
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 1 and 'none.sock' in done.stderr


def test_ctl_usage():
    assert subprocess.run([CTL, '--help'], capture_output=True,
                          timeout=60).returncode == 0
    assert subprocess.run([CTL, 'dance'], capture_output=True,
                          timeout=60).returncode != 0

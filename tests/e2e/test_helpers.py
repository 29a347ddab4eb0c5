"""Helpers: who they are, what they have, and what becomes of them."""
import os
import pathlib
import re
import signal

import pytest

from gateway import SANITIZED, freeze, wait_until

PING = 'routes = ( { path = "/*rest"; respond = { body = "pong"; }; } );'


def test_there_are_as_many_as_wanted(gateway):
    g = gateway(PING, top='helpers = 3;')
    assert sorted(t for t in g.family().values() if 'helper' in t) == [
        'penstock: helper 0', 'penstock: helper 1', 'penstock: helper 2']
    rows = [w for w in g.ctl_json('workers')['workers']
            if w['role'] == 'helper']
    assert [w['slot'] for w in rows] == [0, 1, 2]
    assert {w['pid'] for w in rows} == set(g.titled('helper'))
    assert re.search(r'^helper 2 +\d+ +ready ', g.ctl('workers').stdout, re.M)


def test_one_by_default(gateway):
    g = gateway(PING)
    assert [g.family()[p] for p in g.titled('helper')] == ['penstock: helper']


def test_none_if_none_is_wanted(gateway):
    g = gateway(PING, top='helpers = 0;')
    assert g.titled('helper') == []


def test_a_dead_one_is_replaced(gateway):
    g = gateway(PING, allow=['helper 0 .* was killed by signal 9'])
    first, = g.titled('helper')
    others = {g.keeper, g.master_pid, *g.worker_pids}
    os.kill(first, signal.SIGKILL)
    g.wait_successor('helper', first)
    assert others < set(g.family())
    wait_until(lambda: g.metric('helper_restarts_total') == 1, 5, 'the count')
    assert g.metric('worker_restarts_total') == 0


def test_it_ends_with_the_keeper(gateway):
    g = gateway(PING)
    helper, = g.titled('helper')
    os.kill(g.keeper, signal.SIGKILL)
    g.proc.wait()
    wait_until(lambda: not pathlib.Path(f'/proc/{helper}').exists(), 5,
               'its end')
    g.proc = None


def test_a_stop_waits_for_none(gateway):
    g = gateway(PING)
    helper, = g.titled('helper')
    freeze(helper)
    g.stop()
    assert 'has stopped' in g.log_text()


@pytest.mark.skipif(SANITIZED, reason='a sanitizer needs what is given up')
def test_it_has_next_to_nothing(gateway):
    g = gateway(PING, workers=2)
    helper, = g.titled('helper')
    proc = pathlib.Path(f'/proc/{helper}')
    status = dict(line.split(':\t', 1) for line in
                  (proc / 'status').read_text().splitlines() if ':\t' in line)
    assert status['NoNewPrivs'] == '1'
    assert status['Seccomp'] == '2'
    assert (proc / 'stat').read_text().rsplit(')', 1)[1].split()[16] == '10'
    if os.getuid() != 0:
        return  # it is not dumpable
    fds = sorted((proc / 'fd').iterdir(), key=lambda p: int(p.name))
    assert {os.readlink(p) for p in fds[3:]} == {'anon_inode:[eventfd]'}
    assert len(fds) == 3 + 2 + 1  # a wake per worker, and its own
    shared = {m.group(1) for m in re.finditer(
        r'/memfd:penstock-(\w+)', (proc / 'maps').read_text())}
    assert shared == {'state', 'vault'}


def test_a_change_needs_a_restart(gateway):
    g = gateway(PING)
    g.reload(PING + ' environment = "other";', 'helpers = 2;')
    g.wait_log('helpers has changed and needs a restart')
    assert len(g.titled('helper')) == 1


def test_so_many_are_refused(gateway):
    g = gateway(PING, top='helpers = 17;', start=False)
    done = g.run('-t')
    assert done.returncode == 1
    assert 'helpers: 17 is out of range (0 to 16)' in done.stderr

"""Breakers before a scripted upstream, under a crowd on four workers that are
killed: when they open, how many probes they let through; what they cost."""
import os
import signal
import statistics
import tempfile

from drill_auth import cpu_us, wrk
from drill_kit import Upstreams, must_be_zero, say
from gateway import Gateway, wait_until
from origin import Origin
from scripted import (Crowd, Script, counts, guarded, wait_due, was_refused)
from wire import get

FAILURES, PROBES, CROWD, ROUNDS = 5, 3, 60, 5
TOP = 'log = { level = "warn"; target = "stderr"; };\n'


def off_by(what, got, want):
    must_be_zero(f'breaker: {what}, {got} and not {want}', got != want)


def fall(gw, script):
    """Everybody asks, one after the other, of an upstream that fails."""
    script.go_on(503)
    before, answers = script.total, []
    while not answers or not was_refused(answers[-1]):
        answers.append(get(gw.port))
    failed = script.total - before
    say(f'breaker: closed; {failed} requests fail at the upstream, the next is '
        f'refused, Retry-After {answers[-1].get("Retry-After")}')
    off_by('failures that open it', failed, FAILURES)


def probe(gw, script, good, killed):
    """It is due: a crowd comes, whose probes then end like this."""
    first = wait_due(gw, script)
    crowd = Crowd(gw.port, CROWD)
    crowd.wait_answers(CROWD + 1 - PROBES)
    say(f'breaker: half-open; of {CROWD + 1} at once {script.total} reach the '
        f'upstream, at most {script.most} at a time')
    off_by('probes', script.total, PROBES)
    if killed:
        again(gw, script)
        crowd.end()
    elif good:
        script.release(*[200] * PROBES)
        answers = counts(crowd.end() + first.end())
        off_by('probes that succeeded', answers[200], PROBES)
        say('breaker: all succeed: closed')
    else:
        script.release(503)
        wait_until(lambda: script.now == PROBES - 1)
        script.release(*[200] * (PROBES - 1))
        crowd.end()
        say('breaker: one fails, the others are too late: open again')
    script.go_on(200)


def again(gw, script):
    """Every worker dies with its probes: so many may follow."""
    for pid in gw.worker_pids:
        os.kill(pid, signal.SIGKILL)
        gw.wait_successor('worker', pid)
    script.go_on(200)
    wait_until(lambda: script.now == 0)
    script.hold()
    crowd = Crowd(gw.port, CROWD)
    crowd.wait_answers(CROWD - PROBES)
    say(f'breaker: all workers killed; of {CROWD} at once {script.total} reach '
        f'the upstream')
    off_by('probes after a kill', script.total, PROBES)
    script.release(*[200] * PROBES)
    crowd.end()


async def breaker_drill():
    script = Script()
    origin = Origin(script.h1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, guarded(
                [origin.port], f'open = "1s"; failures = {FAILURES}; '
                f'probes = {PROBES}; successes = {PROBES};'),
                workers=4, allow=['killed by signal 9 '], top=TOP)
            gw.start()
            try:
                for good, killed in ((False, False), (True, False),
                                     (True, True)):
                    if not good or killed:
                        fall(gw, script)
                    probe(gw, script, good, killed)
                    if good:
                        answers = counts(Crowd(gw.port, CROWD).end())
                        say(f'breaker: closed; a crowd gets {dict(answers)}')
                        off_by('served when closed', answers[200], CROWD)
                say(gw.ctl('breakers', '--history').stdout)
            finally:
                script.go_on()
                gw.finish()
    finally:
        origin.close()


async def breaker_cost_drill():
    """CPU of the worker for a plain request, with and without, in turns."""
    ups = Upstreams([0])
    kinds = {'off': 'scope = [ ];', 'default': '',
             'rates': 'error_rate = 0.5; slow_rate = 0.5;'}
    services = ' '.join(
        f'{name} = {{ endpoints = ( {{ address = "127.0.0.1:{ups.ports[0]}"; '
        f'}} ); breaker = {{ {keys} }}; }};' for name, keys in kinds.items())
    routes = ', '.join(f'{{ path = "/{name}"; service = "{name}"; '
                       'rewrite = "/health"; }' for name in kinds)
    spent = {name: [] for name in kinds}
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, f'services = {{ {services} }};\n'
                         f'routes = ( {routes} );\n', top=TOP)
            gw.start()
            try:
                for turn in range(ROUNDS + 1):
                    for name in kinds:
                        before = cpu_us(gw.worker_pids)
                        done, bad = wrk(gw.port, f'/{name}')
                        must_be_zero('breaker: failed', bad)
                        if turn:
                            spent[name].append(
                                (cpu_us(gw.worker_pids) - before) / done)
            finally:
                gw.finish()
    finally:
        ups.close()
    say('breaker: us of CPU for a request: ' + ', '.join(
        f'{name} {statistics.median(them):.2f} ({min(them):.2f} to '
        f'{max(them):.2f})' for name, them in spent.items()))


DRILLS = {'breaker': breaker_drill, 'breaker_cost': breaker_cost_drill}

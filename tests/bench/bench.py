#!/usr/bin/env python3
"""CPU time per request of penstock beside nginx, haproxy and what cannot be
left out (floors). README.md has what each scenario measures.

Called by `make bench`; BENCH_ARGS='--quick --scenarios plain,full' for less.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bench_change  # noqa
import bench_memory  # noqa
from bench_goals import goals_table  # noqa
from bench_kit import (Bench, CPUS, PROGRAMS, SIGNALS, Wrong,  # noqa
                       network_setup, own_network, program, say)
from bench_peers import (BUILDS, CONTENDERS, environment_of_peers,  # noqa
                         installed)
from bench_scenes import SCENES  # noqa
from bench_steady import play  # noqa
from bench_table import table  # noqa

ROOMS = {**bench_memory.ROOMS, **bench_change.ROOMS}
SCENARIOS = (*SCENES, *ROOMS)
TOKENS = 10000, 2000


class Run(Bench):
    """A run with its files, and what it has found."""

    def __init__(self, args):
        super().__init__(args)
        self.token_count = TOKENS[self.quick]
        self.only = args.only.split(',') if args.only else None
        self.files = self.folder / 'files'
        self.found = {
            'date': time.strftime('%Y-%m-%d %H:%M:%S %z'),
            'machine': machine(), 'cpu_time_from': self.accounts.word,
            'cpu': sorted(self.cpus), 'quick': self.quick,
            'versions': {n: c.version() for n, c in CONTENDERS.items()
                         if installed(n) and n not in ('floor', 'accept')},
            'scenarios': {}, 'notes': {}}

    def takes_part(self, name):
        return installed(name) and (
            not self.only or name in self.only or
            name in ('floor', 'accept', 'memory'))

    def rounds(self, usual):
        return self.args.rounds or usual[self.quick]

    def note(self, scenario, text):
        self.found['notes'][scenario] = text

    def make_files(self):
        at = self.files
        at.mkdir()
        for words in (
                ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
                 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj',
                 '/CN=bench.test', '-addext',
                 'subjectAltName=DNS:bench.test', '-keyout', at / 'key.pem',
                 '-out', at / 'cert.pem'],
                ['genrsa', '-out', at / 'token.key', '2048'],
                ['rsa', '-in', at / 'token.key', '-pubout', '-out',
                 at / 'token.pub']):
            program(self, ['openssl', *words])
        (at / 'both.pem').write_text((at / 'cert.pem').read_text() +
                                     (at / 'key.pem').read_text())

        def made(count, role, seconds):
            return program(self, [PROGRAMS / 'token_make', at / 'token.key',
                                  count, role, seconds])

        self.tokens = {'member': made(1, 'member', 86400).strip(),
                       'guest': made(1, 'guest', 86400).strip(),
                       'expired': made(1, 'member', 0).strip()}
        head, _, signature = self.tokens['member'].rpartition('.')
        self.tokens['forged'] = head + '.' + signature[::-1]

    @property
    def token_file(self):
        """Many, made when they are first asked for."""
        path = self.files / 'tokens'
        if not path.exists():
            path.write_text(program(
                self, [PROGRAMS / 'token_make', self.files / 'token.key',
                       self.token_count, 'member', 86400]))
        return path


def machine():
    model = '?'
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            model = line.split(':')[1].strip()
    return {'kernel': platform.release(), 'processor': model,
            'cpus': os.cpu_count(), 'load': os.getloadavg()[0]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true',
                        help='every scenario, shortly')
    parser.add_argument('--rounds', type=int, metavar='N')
    parser.add_argument('--scenarios', metavar='NAMES',
                        default=','.join(SCENARIOS), help='some of ' +
                        ', '.join(SCENARIOS))
    parser.add_argument('--only', metavar='NAMES',
                        help='peers that take part; floors always do')
    parser.add_argument('--beside', metavar='NAME=DIR', action='append',
                        default=[], help='another build of penstock that '
                        'takes its turns')
    parser.add_argument('--cpu', type=int, default=None, choices=CPUS,
                        help='the one that all share')
    parser.add_argument('--workers', type=int, default=4, metavar='N',
                        help='of the scenario of that name')
    parser.add_argument('--json', metavar='FILE')
    parser.add_argument('--goals', metavar='FILE',
                        help='only the table of goals, from such JSON')
    parser.add_argument('--keep', action='store_true',
                        help='the folder of configurations and errors')
    args = parser.parse_args()
    args.scenarios = args.scenarios.split(',')
    for text in args.beside:
        name, _, folder = text.partition('=')
        if not os.access(f'{folder}/penstock', os.X_OK):
            parser.error(f'--beside {text}: no NAME=DIR of a build')
        BUILDS[f'penstock:{name}'] = pathlib.Path(folder).resolve()
    unknown = [s for s in args.scenarios if s not in SCENARIOS]
    if unknown:
        parser.error(f'no such scenario: {", ".join(unknown)}')
    return args


def scenario(run, name):
    """Plays one, prints it, keeps it; False where something was wrong."""
    began = time.monotonic()
    title = SCENES[name].title if name in SCENES else ROOMS[name][0]
    try:
        rows = play(run, name, SCENES[name]) if name in SCENES \
            else ROOMS[name][1](run)
    except (Wrong, OSError, subprocess.TimeoutExpired) as error:
        rows = {'-': {'error': str(error)}}
    run.found['scenarios'][name] = {
        'title': title, 'rows': rows,
        'seconds': round(time.monotonic() - began, 1)}
    table(name, title, rows, run.found['notes'].get(name))
    return not any('error' in r for r in rows.values())


def go(args):
    run = Run(args)
    good, began = True, time.monotonic()
    try:
        say(f'CPU time from {run.accounts.word}, all on CPU '
            f'{sorted(run.cpus)[0]}; ' + ', '.join(
                f'{n} {v}' for n, v in run.found['versions'].items()))
        for name in 'nginx', 'haproxy', 'h2load':
            if not shutil.which(name):
                say(f'{name}: not installed')
        run.make_files()
        run.start_origin()
        for name in args.scenarios:
            good &= scenario(run, name)
        say(f'\n{time.monotonic() - began:.0f} s')
    finally:
        run.close()
        if args.json:
            pathlib.Path(args.json).write_text(
                json.dumps(run.found, indent=1) + '\n')
    goals_table(run.found)
    if run.accounts.root is None:
        say('No control group: CPU time from /proc, without what processes '
            'that ended took; as root it is exact, and memory is seen.')
    return 0 if good else 1


def main():
    args = arguments()
    if args.goals:
        goals_table(json.loads(pathlib.Path(args.goals).read_text()))
        return 0
    environment_of_peers()
    own_network([sys.executable, *sys.argv])
    network_setup()
    for number in SIGNALS:
        signal.signal(number, lambda *_: sys.exit(1))
    return go(args)


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
"""What a request costs, in figures that no other load on a machine can touch:
instructions in user space by callgrind, system calls by strace, of the worker.

  plain      64 connections that all ask at once, 512 bytes of an upstream
  alone      one connection
  once       a connection for each request, 16 at once
  tls        16 connections over TLS 1.3
  handshake  a full TLS 1.3 handshake for each request
  h2c        four connections of HTTP/2 with 16 streams each
  full       as plain, with a repeated token of RS256, a permission, a tenant,
             two limits, a breaker, a log in JSON, a traceparent
  new        as full, each request with a token that was never seen, of a user
             who was never seen
  401, 403, 429  refusals
  banned     403 for a banned client, of whom a trusted proxy tells

Compared with tests/bench/BASELINE are the instructions of penstock's own code;
those of libraries, which differ between their versions, are shown beside.
build/count has them by function. Called by `make bench-count`; BASELINE=1
writes the baseline anew.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from count_gate import BINARY, BUILD, Calls, Instructions, free_port
from count_load import Upstream, play
from count_scenes import Banned, Bare, Full

BASELINE = pathlib.Path(__file__).with_name('BASELINE')
MORE, MORE_CALLS = 1.03, 0.1
WARM = 2  # rounds before those that count
OURS = 'penstock'
ORDER = ('plain', 'alone', 'once', 'tls', 'handshake', 'h2c', 'full', 'new',
         '401', '403', '429', 'banned')


def flags():
    return (BUILD / 'flags').read_text().split()


def built():
    """By what the program was built, and how, as far as it makes figures
    differ: a baseline is of one such build."""
    text = subprocess.run(['readelf', '-p', '.comment', BINARY], check=True,
                          capture_output=True, text=True).stdout
    name = re.search(r'clang version \d+', text) or \
        re.search(r'GCC: \(.*?\) \d+', text)
    words = re.split(r'\W.*\W', name.group(0))
    level = [f for f in flags() if f.startswith('-O')][-1:]
    more = sorted({f.split('=')[0] for f in flags() if re.match(
        '-(flto|fprofile|march|mtune|m[a-z]+[0-9]|fno-inline)', f)})
    return ' '.join([*words, os.uname().machine, *level, *more])


def unfit():
    """Why this build, or here, nothing can be counted, or None."""
    level = ([f for f in flags() if f.startswith('-O')] or ['-O0'])[-1]
    if level in ('-O0', '-O1', '-Og', '-O'):
        return f'built with {level}'
    if any(re.search('-fsanitize|-fprofile-generate|--coverage', f)
           for f in flags()):
        return 'built to watch itself'
    for tool in 'valgrind', 'strace':
        if not shutil.which(tool):
            return f'{tool} is not installed'
    if subprocess.run(['strace', '-o', '/dev/null', 'true'],
                      capture_output=True, check=False).returncode:
        return 'strace may not trace here'
    return None


def run(kind, scene_of, folder):
    """({name: Counter}, {name: requests}) of one gateway under one tool."""
    folder.mkdir()
    scene, upstream = scene_of(folder), Upstream()
    ports = [free_port() for _ in range(2)]
    body, top = scene.texts(upstream.port, ports)
    gateway = kind(folder / 'gateway', body, '')
    gateway.write(body, top(gateway.port))
    requests = {}
    try:
        gateway.start()
        scene.prepare(gateway)
        gateway.began()
        for name, scenario in scene.scenarios(gateway.port, ports).items():
            play(gateway.gate, upstream, scenario.clients, WARM, False)
            gateway.counted('warm')
            play(gateway.gate, upstream, scenario.clients, scenario.rounds)
            gateway.counted(name)
            requests[name] = scenario.requests
            scenario.close()
    finally:
        gateway.finish()
        upstream.close()
    return gateway.counts(), requests


def measure(folder):
    """{name: (own instructions, all of them, calls)} per request."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        runs = [(kind, pool.submit(run, kind, scene,
                                   folder / f'{kind.__name__}-{scene.name}'))
                for kind in (Instructions, Calls) for scene in (Bare, Full, Banned)]
        done = [(kind, *future.result()) for kind, future in runs]
    found = {Instructions: {}, Calls: {}}
    for kind, counts, requests in done:
        for name, n in requests.items():
            found[kind][name] = {what: cost / n
                                 for what, cost in counts[name].items()}
    return {name: (found[Instructions][name], found[Calls][name])
            for name in ORDER}


def write_details(folder, found):
    folder.mkdir(exist_ok=True)
    for name, (instructions, calls) in found.items():
        (folder / f'{name}.instructions').write_text(''.join(
            f'{cost:10.1f} {place:24} {function}\n' for (place, function), cost
            in sorted(instructions.items(), key=lambda item: -item[1])))
        (folder / f'{name}.calls').write_text(''.join(
            f'{n:10.3f} {call}\n' for call, n
            in sorted(calls.items(), key=lambda item: -item[1])))


def sums(found):
    for name, (instructions, calls) in found.items():
        own = sum(cost for (place, _), cost in instructions.items()
                  if place == OURS)
        libraries = sum(cost for (place, _), cost in instructions.items()
                        if place not in (OURS, 'gate.so'))
        yield name, own, own + libraries, sum(calls.values())


def read_baseline():
    """(of what build, {name: (instructions, calls)})"""
    head, *rows = BASELINE.read_text().splitlines()
    return head.removeprefix('# '), {
        name: (float(own), float(calls))
        for name, own, calls in (row.split() for row in rows)}


def write_baseline(rows):
    BASELINE.write_text(f'# {built()}\n' + ''.join(
        f'{name:10} {own:8.0f} {calls:8.3f}\n'
        for name, own, _, calls in rows))


def compare(rows):
    """Prints the table; how many scenarios cost more than they may."""
    of, baseline = read_baseline()
    print(f'{"":10} {"own":>8} {"baseline":>9} {"":8} {"total":>9} '
          f'{"calls":>8} {"baseline":>9}')
    worse, better = [], []
    for name, own, total, calls in rows:
        was, was_calls = baseline[name]
        print(f'{name:10} {own:8.0f} {was:9.0f} {own / was - 1:+8.2%} '
              f'{total:9.0f} {calls:8.3f} {was_calls:9.3f}')
        if own > was * MORE or calls > was_calls + MORE_CALLS:
            worse.append(name)
        elif own * MORE < was or calls < was_calls - MORE_CALLS:
            better.append(name)
    if of != built():
        print(f'no verdict: this is {built()}, the baseline {of}')
        return 0
    if better:
        print('the baseline can be lowered (make bench-count BASELINE=1): '
              + ', '.join(better))
    if worse:
        print('costs more than the baseline allows: ' + ', '.join(worse))
    print(f'{len(rows) - len(worse)} passed, {len(worse)} failed')
    return len(worse)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--baseline', action='store_true',
                        help='write it, and compare nothing')
    parser.add_argument('--check', action='store_true',
                        help='pass where the build cannot be counted')
    args = parser.parse_args()
    why = unfit()
    if why:
        print(f'nothing counted: {why}')
        return 0 if args.check else 2
    with tempfile.TemporaryDirectory(prefix='penstock-count.') as folder:
        found = measure(pathlib.Path(folder))
    write_details(BUILD / 'count', found)
    rows = list(sums(found))
    if args.baseline:
        write_baseline(rows)
    return 1 if compare(rows) else 0


if __name__ == '__main__':
    sys.exit(main())

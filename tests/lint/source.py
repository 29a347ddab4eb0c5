#!/usr/bin/env python3
"""What a machine can hold of the house rules, read from the text of the sources.

Layer order and cycles of includes, state changes outside of their setters,
tags that two kinds of object share; then the longest files and functions.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ('common', 'shm', 'master', 'worker', 'helper', 'tools')
# A folder may include from those to its left in its line, and from itself.
SIDES = (
    ('common/base', 'common/net', 'common/http', 'shm', 'master'),
    ('common/base', 'common/net', 'common/http', 'shm', 'worker/flow',
     'worker/origin', 'worker/filter', 'worker/watch', 'worker'),
    ('common/base', 'common/net', 'common/http', 'shm', 'helper'),
    ('common/base', 'common/net', 'common/http', 'shm', 'tools'),
    ('common/base', 'common/jose', 'shm', 'master'),
    ('common/base', 'common/jose', 'shm', 'worker/flow', 'worker/origin',
     'worker/filter', 'worker/watch', 'worker'),
    ('common/base', 'common/jose', 'shm', 'tools'),
)
# The one binary is composed in main.c; the manual is made from both tables.
EXCEPTIONS = {('master/main.c', 'worker/worker.h'),
              ('master/main.c', 'worker/can.h'),
              ('master/main.c', 'worker/explain_args.h'),
              ('master/main.c', 'worker/filters.h'),
              ('master/main.c', 'helper/helper.h')}
EXEMPT = {'tools/gen_manual.c'}


def sources():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob('*.[ch]')):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def folder(name):
    return name.rsplit('/', 1)[0]


def includes(text):
    return re.findall(r'^#include "([^"]+)"', text, re.M)


def may_include(here, there):
    return any(here in side and there in side
               and side.index(there) <= side.index(here) for side in SIDES)


def check_layers(files):
    for name, text in files.items():
        for target in includes(text):
            if target not in files and not (ROOT / target).exists():
                yield f'{name}: includes {target}, which is not a path from the root'
            elif (name, target) not in EXCEPTIONS and name not in EXEMPT \
                    and not target.endswith('.def') \
                    and not may_include(folder(name), folder(target)):
                yield f'{name}: may not include {target}: it is to its right'


def check_cycles(files):
    state = {}

    def visit(name, trail):
        state[name] = 'open'
        for target in includes(files[name]):
            if state.get(target) == 'open':
                yield 'include cycle: ' + ' -> '.join(trail + [name, target])
            elif target in files and target not in state:
                yield from visit(target, trail + [name])
        state[name] = 'done'

    for name in files:
        if name.endswith('.h') and name not in state:
            yield from visit(name, [])


def functions(text):
    """(name, first line, lines) of each function: name in column one."""
    lines = text.split('\n')
    name, start = None, 0
    for number, line in enumerate(lines, 1):
        head = re.match(r'([a-z_]\w*)\(', line)
        if head:
            name = head.group(1)
        if line == '{':
            start = number
        elif line == '}' and start:
            yield name or '?', start, number - start - 1
            name, start = None, 0


def check_states(files):
    for name, text in files.items():
        lines = text.split('\n')
        for function, start, count in functions(text):
            if function.endswith(('_set_state', '_init', '_info')):
                continue
            for number in range(start, start + count):
                if re.search(r'->state = ', lines[number]):
                    yield f'{name}:{number + 1}: {function} sets a state itself'


def check_tags(files):
    seen = {}
    for name, text in files.items():
        for tag, value in re.findall(r'^#define (\w+_TAG)\s+(0x[0-9a-fA-F]+)',
                                     text, re.M):
            other = seen.setdefault(int(value, 16), tag)
            if other != tag:
                yield f'{name}: {tag} has the value of {other}'


def check_comments(files):
    """clang-format joins what is too long, and leaves a comment like this."""
    for name, text in files.items():
        for number, line in enumerate(text.split('\n'), 1):
            if re.match(r' \*[^ /\t]', line):
                yield f'{name}:{number}: a comment that was broken anew'


def longest(files):
    sizes = sorted(((text.count('\n'), name) for name, text in files.items()),
                   reverse=True)
    print('longest files:', ', '.join(f'{n} {c}' for c, n in sizes[:6]))
    sizes = sorted(((count, f'{name}:{function}')
                    for name, text in files.items() if name.endswith('.c')
                    for function, _, count in functions(text)), reverse=True)
    print('longest functions:', ', '.join(f'{n} {c}' for c, n in sizes[:8]))


def main():
    files = dict(sources())
    complaints = [c for check in (check_layers, check_cycles, check_states,
                                  check_tags, check_comments)
                  for c in check(files)]
    print('\n'.join(complaints))
    longest(files)
    return 1 if complaints else 0


sys.exit(main())

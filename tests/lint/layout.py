#!/usr/bin/env python3
"""Whether what is in shared memory is laid out as its version says.

A section of the state (shm/region_sections.c) has a version by which programs
of another build know that they cannot read it. LAYOUTS holds a sum of what each
section's structures are, with all that is within them; images, whose parts are
found by their offsets, are all of struct img_*. Records have a memory of their
own, and a version there (shm/recorder_layout.h), of the rings, of what is in
them and of the order of their texts. Where a sum is another, the version has to
be, too, unless names alone have changed.

--record writes LAYOUTS anew.
"""
import hashlib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYOUTS = pathlib.Path(__file__).with_name('LAYOUTS')
SECTIONS = 'shm/region_sections.c'
RECORDS = 'shm/recorder_layout.h'


def preprocessed():
    return subprocess.run(
        ['gcc', '-E', '-P', '-I.', '-D_GNU_SOURCE', '-std=gnu17',
         '-include', 'shm/image.h', '-include', 'shm/record.h',
         '-include', 'shm/audit.h', '-include', 'shm/recorder_layout.h',
         SECTIONS],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout


def structures(text):
    """{'struct name', 'union name', 'enum name': its body}, of those that have
    a name."""
    found = {}
    for head in re.finditer(r'\b((?:struct|union|enum) \w+)\s*\{', text):
        depth, at = 1, head.end()
        while depth:
            depth += {'{': 1, '}': -1}.get(text[at], 0)
            at += 1
        found[head[1]] = ' '.join(text[head.end():at - 1].split())
    return found


def within(name, known, seen):
    """Adds name, and what it has of other structures, to seen."""
    if name in known and name not in seen:
        seen.add(name)
        for part in re.findall(r'(?:struct|union) \w+', known[name]):
            within(part, known, seen)
    return seen


def sum_of(parts, known):
    whole = '\n'.join(f'{part} {known[part]}' for part in sorted(parts))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def records(known):
    """What lies in the rings, and how; not how readers have it."""
    parts = within('struct shm_records', known, set())
    for name in known:
        if re.match(r'(struct|enum) record_|enum audit_text', name) \
                and name != 'struct record_view':
            within(name, known, parts)
    return parts


def records_version():
    text = (ROOT / RECORDS).read_text()
    return re.search(r'#define RECORDS_VERSION (\d+)', text)[1]


def layouts():
    """{section: (version, sum)}"""
    text = preprocessed()
    known = structures(text)
    found = {}
    for name, version in re.findall(r'\{\s*"(\w+)", (\d+), sizeof', text):
        kind = re.search(rf'(\w+ ?\w+) {name}\b', known['struct shm_state'])[1]
        parts = within(kind, known, set())
        if name == 'images':
            for image in known:
                if image.startswith('struct img_'):
                    within(image, known, parts)
        found[name] = version, sum_of(parts, known)
    found['records'] = records_version(), sum_of(records(known), known)
    return found


def main():
    found = layouts()
    if sys.argv[1:] == ['--record']:
        LAYOUTS.write_text(''.join(f'{name} {version} {digest}\n' for
                                   name, (version, digest) in found.items()))
        return 0
    recorded = {name: (version, digest) for name, version, digest in
                (line.split() for line in LAYOUTS.read_text().splitlines())}
    bad = [name for name in {**recorded, **found}
           if found.get(name) != recorded.get(name)]
    for name in bad:
        file = RECORDS if name == 'records' else SECTIONS
        print(f'{file}: {name} is not what tests/lint/LAYOUTS has: where its '
              'layout has changed it gets a new version; then '
              'tests/lint/layout.py --record')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

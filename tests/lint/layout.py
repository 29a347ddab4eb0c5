#!/usr/bin/env python3
"""Whether what is in shared memory is laid out as its version says.

A section of the state (shm/region_sections.c) has a version by which programs
of another build know that they cannot read it. LAYOUTS holds a sum of what each
section's structures are, with all that is within them; images, whose parts are
found by their offsets, are all of struct img_*. Where a sum is another, the
section's version has to be, too, unless names alone have changed.

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


def preprocessed():
    return subprocess.run(
        ['gcc', '-E', '-P', '-I.', '-D_GNU_SOURCE', '-std=gnu17',
         '-include', 'shm/image.h', SECTIONS],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout


def structures(text):
    """{'struct name' or 'union name': its body}, of those that have a name."""
    found = {}
    for head in re.finditer(r'\b((?:struct|union) \w+)\s*\{', text):
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
        whole = '\n'.join(f'{part} {known[part]}' for part in sorted(parts))
        found[name] = version, hashlib.sha256(whole.encode()).hexdigest()[:16]
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
        print(f'{SECTIONS}: {name} is not what tests/lint/LAYOUTS has: where '
              'its layout has changed it gets a new version; then '
              'tests/lint/layout.py --record')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

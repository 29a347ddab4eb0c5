"""OpenMetrics 1.0, read strictly: whatever the text may not be, fails."""
import re

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
LABELS = rf'\{{((?:{LABEL}(?:,{LABEL})*)?)\}}'
NUMBER = r'[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|Inf)|NaN'
SAMPLE = re.compile(
    rf'(?P<name>{NAME})(?:\{{(?P<labels>(?:{LABEL}(?:,{LABEL})*)?)\}})? '
    rf'(?P<value>{NUMBER})'
    rf'(?: # \{{(?P<about>(?:{LABEL}(?:,{LABEL})*)?)\}} (?P<seen>{NUMBER})'
    rf'(?: (?P<when>\d+(?:\.\d+)?))?)?')
ABOUT = re.compile(rf'# (HELP|TYPE|UNIT) ({NAME}) (.*)')
SUFFIXES = {'counter': ('_total', '_created'), 'gauge': ('',),
            'histogram': ('_bucket', '_count', '_sum', '_created'),
            'info': ('_info',)}


class Family:
    def __init__(self, name):
        self.name, self.told, self.samples = name, {}, []

    @property
    def kind(self):
        return self.told['TYPE']


def labels_of(text):
    found = re.findall(LABEL, text or '')
    assert len({key for key, _ in found}) == len(found), text
    return {key: re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1],
                        value) for key, value in found}


def canonical(text):
    """As le must be: a float that shows that it is one."""
    return text == '+Inf' or (repr(float(text)) == text)


def sample_read(family, line):
    m = SAMPLE.fullmatch(line)
    assert m, f'no sample: {line!r}'
    ends = [s for s in SUFFIXES[family.kind]
            if m['name'] == family.name + s]
    assert ends, f'{line!r} is not of {family.name}, {family.kind}'
    labels, value = labels_of(m['labels']), float(m['value'])
    if ends[0] in ('_total', '_bucket', '_count'):
        assert value >= 0, line
    assert (ends[0] == '_bucket') == ('le' in labels), line
    assert family.kind != 'info' or value == 1, line
    example = None
    if m['about'] is not None:
        assert ends[0] in ('_bucket', '_total'), f'no exemplar here: {line}'
        about = labels_of(m['about'])
        assert sum(len(k) + len(v) for k, v in about.items()) <= 128, line
        example = (about, float(m['seen']), float(m['when'] or 0))
    return ends[0], labels, value, example


def histogram_check(family):
    """Buckets of one set of labels stand together, in order, and add up."""
    rows, order = {}, []
    for end, labels, value, example in family.samples:
        le = labels.pop('le', None)
        key = tuple(sorted(labels.items()))
        if key not in rows:
            rows[key] = {'buckets': []}
            order.append(key)
        assert order[-1] == key, f'{family.name}: {key} is not in one piece'
        if le is None:
            rows[key][end] = value
            continue
        assert canonical(le), le
        low = rows[key]['buckets'][-1][0] if rows[key]['buckets'] else -1
        assert float(le) > low
        if example:
            assert low < example[1] <= float(le), (le, example)
        rows[key]['buckets'].append((float(le), value))
    for key, row in rows.items():
        counts = [n for _, n in row['buckets']]
        assert row['buckets'][-1][0] == float('inf'), key
        assert counts == sorted(counts) and counts[-1] == row['_count'], key
        assert row['_sum'] >= 0


def parse(text):
    """{name: Family}"""
    assert text.endswith('\n# EOF\n') and text.count('# EOF') == 1
    families, current, seen = {}, None, set()
    for line in text.split('\n')[:-2]:
        assert line and '\r' not in line, repr(line)
        about = ABOUT.fullmatch(line)
        if about:
            what, name, words = about.groups()
            if current is None or name != current.name:
                assert name not in families, f'{name} in two pieces'
                current = families[name] = Family(name)
            assert not current.samples, f'{line} behind its samples'
            assert what not in current.told, f'{line} twice'
            assert not re.search(r'(^|[^\\])(\\\\)*"', words), line
            current.told[what] = words
            continue
        assert not line.startswith('#'), line
        assert current is not None and current.kind in SUFFIXES, line
        sample = sample_read(current, line)
        key = (current.name, sample[0], tuple(sorted(sample[1].items())))
        assert key not in seen, f'{line} twice'
        seen.add(key)
        current.samples.append(sample)
    for f in families.values():
        unit = f.told.get('UNIT')
        assert unit is None or f.name.endswith('_' + unit), f.name
        clash = [f.name + s for kind in SUFFIXES.values() for s in kind if s]
        assert not set(clash) & set(families), f.name
        if f.kind == 'histogram':
            histogram_check(f)
    return families

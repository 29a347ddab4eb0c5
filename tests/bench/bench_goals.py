"""How far: the goals of speed beside what was measured."""
from bench_kit import say, times

PEERS = 'nginx', 'haproxy'


def row(found, scenario, name):
    return found['scenarios'].get(scenario, {}).get('rows', {}).get(name, {})


def value(found, scenario, name, key):
    return row(found, scenario, name).get(key)


def best_peer(found, scenario):
    there = [row(found, scenario, p) for p in PEERS]
    return min((r for r in there if 'cpu' in r), key=lambda r: r['cpu'],
               default={})


def against(scenario, other, factor):
    """Own CPU time is at most so many times that of another."""
    word = 'best peer' if other == 'peer' else other

    def measure(found):
        mine = row(found, scenario, 'penstock')
        theirs = best_peer(found, scenario) if other == 'peer' \
            else row(found, scenario, other)
        ratio = times(mine, theirs)
        if ratio is None:
            return None
        return (ratio <= factor, f'{mine["cpu"]:.2f} us = {ratio:.2f} x '
                f'{word} {theirs["cpu"]:.2f}')
    return f'{scenario}: at most {factor} x {word}', measure


def proxied(scenario, factor):
    """A refusal against the floor of a proxied request."""
    return against(scenario, 'floor', factor)


def idle(found):
    each = value(found, 'idle', 'penstock', 'kb_each')
    if each is None:
        return None
    count = value(found, 'idle', 'penstock', 'connections')
    return each <= 0.6, f'{each:.2f} kB each of {count}'


def flat(found):
    rows = {n.split(':')[1]: r for n, r in found['scenarios'].get(
        'routes', {}).get('rows', {}).items()
        if n.startswith('penstock:') and 'cpu' in r}
    if len(rows) < 3:
        return None
    apart = max(times(a, b) for a in rows.values()
                for b in rows.values()) - 1
    return apart <= 0.05, f'{100 * apart:.1f} % apart: ' + ', '.join(
        f'{n}: {r["cpu"]:.2f} us' for n, r in rows.items())


def small(found):
    kb = value(found, 'routes', 'penstock:50000', 'pss_kb')
    return None if kb is None else (kb / 1e3 <= 30, f'{kb / 1e3:.1f} MB')


def no_failure(found):
    failed = value(found, 'reload', 'penstock', 'failed')
    if failed is None:
        return None
    return failed == 0, f'{failed} of ' \
        f'{value(found, "reload", "penstock", "requests")}'


def p99(found):
    with_, without = (value(found, 'reload', 'penstock', k) for k in
                      ('p99_with', 'p99_without'))
    if not without:
        return None
    return with_ / without <= 1.1, f'{with_:.0f} us = {with_ / without:.2f} ' \
        f'x {without:.0f}'


def workers(found):
    rows = [r for r in found['scenarios'].get('workers', {}).get(
        'rows', {}).values() if 'cpu' in r]
    if len(rows) < 2:
        return None
    ratio = times(rows[1], rows[0])
    return ratio <= 1.1, \
        f'{rows[1]["cpu"]:.2f} us = {ratio:.2f} x {rows[0]["cpu"]:.2f}'


GOALS = (
    against('plain', 'floor', 1.4),
    against('plain', 'peer', 0.6),
    against('low', 'floor', 1.25),
    against('full', 'floor', 2.0),
    against('full', 'nginx', 1.0),
    against('full', 'haproxy', 0.2),
    against('new_tokens', 'haproxy', 0.6),
    against('churn', 'peer', 0.85),
    against('tls', 'peer', 0.75),
    against('handshake', 'peer', 0.75),
    against('handshake', 'memory', 1.15),
    against('h2', 'peer', 0.75),
    against('large', 'floor', 1.1),
    against('upload', 'floor', 1.1),
    ('idle: at most 0.6 kB, tables included', idle),
    ('routes: 10 to 100,000 within 5 %', flat),
    ('routes: at most 30 MB for 50,000', small),
    ('reload: 0 failed', no_failure),
    ('reload: p99 at most 1.1 x without', p99),
    proxied('refused_401', 0.7),
    proxied('refused_403', 0.7),
    proxied('refused_429', 0.7),
    proxied('banned_kept', 0.55),
    against('banned_new', 'accept', 1.15),
    ('workers: 4 on 4 CPUs at most 1.1 x one', workers),
)


def goals_table(found):
    say('\ngoals' + (' (a quick run: rough)' if found['quick'] else ''))
    met = missed = 0
    for goal, measure in GOALS:
        result = measure(found)
        if result is None:
            say(f'  {"-":8} {goal:40} not measured')
            continue
        good, text = result
        met, missed = met + good, missed + (not good)
        say(f'  {"met" if good else "NOT MET":8} {goal:40} {text}')
    say(f'  {met} met, {missed} not met, '
        f'{len(GOALS) - met - missed} not measured')

"""What people see of a scenario."""
from bench_kit import say, times

BESIDE = 'nginx', 'haproxy', 'floor', 'memory', 'accept'


def ratio(row, rows, name):
    found = times(row, rows.get(name, {}))
    return f'{found:8.2f}' if found else f'{"-":>8}'


def table(name, title, rows, note=None):
    """CPU per request, times, memory, and how they compare."""
    say(f'\n{name}: {title}')
    if note:
        say(f'  ({note})')
    counted = {n: r for n, r in rows.items() if 'cpu' in r}
    beside = [n for n in BESIDE if n in counted] + \
        [n for n in counted if n.startswith('penstock:')]
    if counted:
        say(f'  {"":16} {"us/request":>10} {"+-%":>5} {"p50 us":>8} '
            f'{"p99 us":>8} {"PSS MB":>7} ' +
            ' '.join(f'{"/" + n.split(":")[-1]:>8}' for n in beside))
    for n, r in sorted(counted.items(), key=lambda item: item[1]['cpu']):
        pss = f'{r["pss_kb"] / 1024:7.1f}' if r.get('pss_kb') else f'{"-":>7}'
        say(f'  {n:16} {r["cpu"]:10.2f} {100 * r["spread"]:5.1f} '
            f'{r["p50"]:8.0f} {r["p99"]:8.0f} {pss} ' +
            ' '.join(ratio(r, rows, b) for b in beside))
    for n, r in rows.items():
        if 'text' in r:
            say(f'  {n:16} {r["text"]}')
        if 'error' in r:
            say(f'  {n:16} WRONG: {r["error"]}')

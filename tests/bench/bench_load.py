"""Load on a contender, and the answers counted: a figure of a run with wrong
answers is none."""
import json
import re

from bench_kit import PROGRAMS, Program, Wrong, program


def checked(result, want=None):
    """Every request was answered as expected."""
    bad = {k: v for k, v in result['failures'].items() if v}
    if bad or result['good'] != result['requests']:
        raise Wrong(f'of {result["requests"]} requests only {result["good"]} '
                    f'were answered as they should: failures {bad}, '
                    f'statuses {result["statuses"]}')
    if want is not None and result['requests'] != want:
        raise Wrong(f'{result["requests"]} requests instead of {want}')
    return result


def load_words(port, requests, *options, seconds=60):
    return [PROGRAMS / 'load', '-p', port, '-n', requests, '-d',
            int(seconds),
            *options]


def load(bench, port, requests, *options, seconds=60):
    """The program `load`, see its head; what it counted."""
    return json.loads(program(
        bench, load_words(port, requests, *options, seconds=seconds),
        seconds + 30))


def percentile(times, part):
    return times[int(part * (len(times) - 1))] if times else 0


def h2load(bench, port, requests, clients=16, streams=32):
    log = bench.folder / 'h2load.log'
    log.unlink(missing_ok=True)
    text = program(bench, [
        'h2load', '-t1', f'-c{clients}', f'-m{streams}', f'-n{requests}',
        f'--log-file={log}', f'https://127.0.0.1:{port}/'], 90)
    found = re.search(r'(\d+) succeeded, (\d+) failed, (\d+) errored, '
                      r'(\d+) timeout', text)
    status = re.search(r'status codes: (\d+) 2xx', text)
    if not found or not status:
        raise Wrong(f'h2load: {text[-300:]}')
    good, *bad = map(int, found.groups())
    if any(bad) or good != requests or int(status.group(1)) != requests:
        raise Wrong(f'h2load: {found.group(0)}; {status.group(0)}')
    if 'Application protocol: h2' not in text:
        raise Wrong('h2load: it was not HTTP/2')
    times = sorted(int(line.split()[2]) for line in
                   log.read_text().splitlines())
    return {'requests': requests, 'p50': percentile(times, 0.5),
            'p99': percentile(times, 0.99)}


class Held:
    """Connections that have asked once and then wait, for their next request
    or for their end."""

    def __init__(self, bench, port, requests, *options, count=64,
                 status=200):
        self.load = Program(bench, load_words(port, requests, '-c', count,
                                              '-w', status, *options), 90)
        line = self.load.line()
        if line != f'ready {count}\n':
            self.load.output()
            raise Wrong(f'load: {count} connections, but it says "{line}"')

    def go_on(self):
        """The requests are made; what was counted."""
        return checked(json.loads(self.load.output('go\n')))

    def close(self):
        """The connections end."""
        self.load.output()

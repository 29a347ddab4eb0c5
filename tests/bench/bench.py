#!/usr/bin/env python3
"""CPU time per request of penstock beside nginx and haproxy.

Each proxy has one worker on the first CPU; the load and two demo upstreams
share the second. All proxies run all the time and take turns (A B C A B C ...);
the figure is the median over the rounds of the CPU time of all of a proxy's
processes, divided by the requests that were answered.

  plain      64 keep-alive connections
  tls        the same over TLS 1.3
  handshake  a full TLS 1.3 handshake (P-256) for each request
  resumed    a resumed one for each request
  h2         HTTP/2 over TLS, 16 connections of 32 streams
  h2c        the same without TLS (prior knowledge)
  idle       kB of memory (PSS) for a connection that idles: plain, TLS, HTTP/2

Called by `make bench`; BENCH_ARGS='--quick --scenarios tls,h2' for less.
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get('BUILD', 'build')).resolve()
CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU, LOAD_CPU = CPUS[0], CPUS[-1]
USER = 'root' if os.getuid() == 0 else 'nobody'
IDLE = 1000  # connections

PENSTOCK = '''
user = "{user}"; workers = 1; worker_connections = 4096;
pid_file = "{dir}/{port}.pid"; log = {{ level = "warn"; }};
admin = {{ socket = "{dir}/{port}.sock"; }};
listeners = ( {{ address = "127.0.0.1:{port}"; }},
  {{ address = "127.0.0.1:{tls}"; tls = {{ certificates = (
     {{ certificate = "{dir}/cert.pem"; key = "{dir}/key.pem"; }} ); }}; }},
  {{ address = "127.0.0.1:{h2c}"; protocols = [ "h2" ]; }} );
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{up1}"; }},
  {{ address = "127.0.0.1:{up2}"; }} ); pool = {{ max_idle = 1024; }}; }}; }};
routes = ( {{ path = "/*rest"; service = "s"; }} );
'''
NGINX = '''
worker_processes 1; daemon off; pid {dir}/{port}.pid; {nginx_user}
error_log {dir}/error.log warn;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {dir}/a; proxy_temp_path {dir}/b;
  fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;
  ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets on;
  upstream s {{ server 127.0.0.1:{up1}; server 127.0.0.1:{up2};
    keepalive 1024; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} reuseport;
    listen 127.0.0.1:{tls} ssl http2 reuseport;
    listen 127.0.0.1:{h2c} http2 reuseport;
    location / {{ proxy_pass http://s; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; }} }}
}}
'''
HAPROXY = '''
global
  nbthread 1
  maxconn 8192
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 2s
  timeout client 600s
  timeout server 30s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{tls} ssl crt {dir}/both.pem alpn h2,http/1.1
  bind 127.0.0.1:{h2c} proto h2
  default_backend s
backend s
  balance roundrobin
  server a 127.0.0.1:{up1} pool-max-conn 1024
  server b 127.0.0.1:{up2} pool-max-conn 1024
'''
CONTENDERS = {
    'penstock': (PENSTOCK, [str(BUILD / 'penstock'), '-c']),
    'nginx': (NGINX, ['nginx', '-c']),
    'haproxy': (HAPROXY, ['haproxy', '-db', '-f']),
}


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_port(port):
    for _ in range(200):
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f'nothing listens on port {port}')


def start(argv, cpu):
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))


def certify(folder):
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj',
         '/CN=bench.test', '-addext', 'subjectAltName=DNS:bench.test',
         '-keyout', folder / 'key.pem', '-out', folder / 'cert.pem'],
        check=True, capture_output=True)
    (folder / 'both.pem').write_text((folder / 'cert.pem').read_text() +
                                     (folder / 'key.pem').read_text())


def descendants(pid):
    found = [pid]
    for p in found:
        for task in pathlib.Path(f'/proc/{p}/task').iterdir():
            found += map(int, (task / 'children').read_text().split())
    return found


def load(*argv, good=(0,)):
    done = subprocess.run(
        [str(a) for a in argv], capture_output=True, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    if done.returncode not in good:
        raise SystemExit(f'{argv}: {done.stdout}{done.stderr}')
    return done.stdout


def wrk(name, seconds, connections, url, *more):
    text = load('wrk', '-t1', f'-c{connections}', f'-d{seconds}', *more, url)
    bad = re.search(r'(Socket errors|Non-2xx).*', text)
    if bad:
        print(f'{name}: {bad.group(0)}')
    return int(re.search(r'(\d+) requests in', text).group(1))


def h2load(name, seconds, url):
    text = load('h2load', '-t1', '-c16', '-m32', '-D', seconds, url)
    total, bad = re.search(r'(\d+) succeeded, (\d+) failed', text).groups()
    if int(bad):
        print(f'{name}: {bad} failed')
    return int(total)


def handshakes(name, seconds, url):
    """A connection for each request; h2load never resumes."""
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        text = load('h2load', '--h1', '-t1', '-n500', '-c500', url)
        done += int(re.search(r'(\d+) succeeded', text).group(1))
    return done


def tls_context(alpn):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    return context


class Proxy:
    def __init__(self, name, folder, ups):
        self.name = name
        self.port, self.tls, self.h2c = (free_port() for _ in range(3))
        self.costs, self.rates = {}, {}
        text, command = CONTENDERS[name]
        conf = folder / f'{name}-{self.port}.conf'
        conf.write_text(text.format(
            dir=folder, port=self.port, tls=self.tls, h2c=self.h2c, up1=ups[0],
            up2=ups[1], user=USER,
            nginx_user='user root;' if USER == 'root' else ''))
        self.process = start([*command, str(conf)], PROXY_CPU)
        for port in self.port, self.tls, self.h2c:
            wait_port(port)

    def cpu_us(self):
        """On-CPU time of all processes; their exits would be lost."""
        return sum(int(pathlib.Path(f'/proc/{p}/schedstat').read_text()
                       .split()[0]) for p in descendants(self.process.pid)) / 1e3

    def pss_kb(self):
        return sum(int(re.search(
            r'^Pss:\s+(\d+)', pathlib.Path(f'/proc/{p}/smaps_rollup')
            .read_text(), re.M).group(1))
            for p in descendants(self.process.pid))

    def run(self, scenario, seconds):
        at = '://127.0.0.1:'
        if scenario == 'plain':
            return wrk(self.name, seconds, 64, f'http{at}{self.port}/health')
        if scenario == 'tls':
            return wrk(self.name, seconds, 64, f'https{at}{self.tls}/health')
        if scenario == 'handshake':
            return handshakes(self.name, seconds,
                              f'https{at}{self.tls}/health')
        if scenario == 'resumed':  # wrk resumes wherever it may
            return wrk(self.name, seconds, 16, f'https{at}{self.tls}/health',
                       '-H', 'Connection: close')
        if scenario == 'h2':
            return h2load(self.name, seconds, f'https{at}{self.tls}/health')
        return h2load(self.name, seconds, f'http{at}{self.h2c}/health')

    def turn(self, scenario, seconds, keep=True):
        before, began = self.cpu_us(), time.monotonic()
        requests = self.run(scenario, seconds)
        spent = self.cpu_us() - before
        if keep and requests:
            self.costs.setdefault(scenario, []).append(spent / requests)
            self.rates.setdefault(scenario, []).append(
                requests / (time.monotonic() - began))

    def idle_kb(self, kind):
        """Per connection, after one request on each."""
        context = tls_context('h2' if kind == 'h2' else 'http/1.1')
        before, held = self.pss_kb(), []
        for _ in range(IDLE):
            s = socket.create_connection(
                ('127.0.0.1', self.port if kind == 'plain' else self.tls), 5)
            if kind != 'plain':
                s = context.wrap_socket(s)
            if kind == 'h2':
                # Preface, SETTINGS, and HEADERS of GET /health by index.
                s.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' +
                          bytes.fromhex('000000040000000000') +
                          bytes.fromhex('00000e010500000001' '8287'
                                        '0407') + b'/health' +
                          bytes.fromhex('4101') + b'a')
            else:
                s.sendall(b'GET /health HTTP/1.1\r\nHost: a\r\n\r\n')
            s.recv(65536)
            held.append(s)
        time.sleep(2.5)  # pools are trimmed once a second
        for s in held:
            s.setblocking(False)
            try:
                while s.recv(65536):
                    pass
            except (OSError, ssl.SSLError):
                pass
        used = self.pss_kb() - before
        for s in held:
            s.close()
        return used / IDLE

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def contenders(only):
    for name, (_, command) in CONTENDERS.items():
        if only and name not in only.split(','):
            continue
        if shutil.which(command[0]):
            yield name
        else:
            print(f'{name}: not installed')


def table(proxies, scenario):
    cost = {p: statistics.median(p.costs[scenario]) for p in proxies}
    peers = [c for p, c in cost.items() if p.name != 'penstock']
    best = min(peers or cost.values())
    print(f'{scenario:10} {"us/request":>10} {"min":>7} {"max":>7} '
          f'{"/ best peer":>11} {"requests/s":>11}')
    for p in sorted(proxies, key=lambda p: cost[p]):
        all_costs = p.costs[scenario]
        print(f'{p.name:10} {cost[p]:10.2f} {min(all_costs):7.2f} '
              f'{max(all_costs):7.2f} {cost[p] / best:11.2f} '
              f'{statistics.median(p.rates[scenario]):11.0f}', flush=True)


def idle(proxies, folder, ups):
    """Each kind with a process of its own: memory that was used stays."""
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print(f'{"idle":10} {"plain kB":>9} {"TLS kB":>9} {"HTTP/2 kB":>9}')
    for p in proxies:
        kb = []
        for kind in 'plain', 'tls', 'h2':
            fresh = Proxy(p.name, folder, ups)
            try:
                kb.append(fresh.idle_kb(kind))
            finally:
                fresh.stop()
        print(f'{p.name:10} {kb[0]:9.2f} {kb[1]:9.2f} {kb[2]:9.2f}',
              flush=True)


SCENARIOS = 'plain', 'tls', 'handshake', 'resumed', 'h2', 'h2c', 'idle'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--only', help='names, separated by commas')
    parser.add_argument('--scenarios', default=','.join(SCENARIOS),
                        help='some of ' + ', '.join(SCENARIOS))
    args = parser.parse_args()
    rounds, seconds = (3, 1) if args.quick else (9, 3)
    wanted = args.scenarios.split(',')
    unknown = [s for s in wanted if s not in SCENARIOS]
    if unknown:
        parser.error(f'no such scenario: {", ".join(unknown)}')
    folder = pathlib.Path(tempfile.mkdtemp(prefix='penstock-bench.'))
    running = []
    try:
        certify(folder)
        ups = [free_port() for _ in range(2)]
        for port in ups:
            running.append(start([str(BUILD / 'demo-upstream'), str(port),
                                  'up'], LOAD_CPU))
            wait_port(port)
        proxies = []
        for name in contenders(args.only):
            proxies.append(Proxy(name, folder, ups))
            running.append(proxies[-1].process)
        for scenario in wanted:
            if scenario == 'idle':
                idle(proxies, folder, ups)
                continue
            for p in proxies:
                p.turn(scenario, 1, keep=False)
            for _ in range(rounds):
                for p in proxies:
                    p.turn(scenario, seconds)
            table(proxies, scenario)
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""CPU time per request of penstock beside nginx and haproxy.

Each proxy has one worker on the first CPU; wrk (64 keep-alive connections) and
two demo upstreams share the second. All proxies run all the time and take turns
(A B C A B C ...); the figure is the median over the rounds of the CPU time of
all of a proxy's processes, divided by the requests that were answered.
Called by `make bench`; BENCH_ARGS=--quick for a short run.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get('BUILD', 'build')).resolve()
CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU, LOAD_CPU = CPUS[0], CPUS[-1]
USER = 'root' if os.getuid() == 0 else 'nobody'

PENSTOCK = '''
user = "{user}"; workers = 1; worker_connections = 4096;
pid_file = "{dir}/penstock.pid"; log = {{ level = "warn"; }};
admin = {{ socket = "{dir}/admin.sock"; }};
listeners = ( {{ address = "127.0.0.1:{port}"; }} );
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{up1}"; }},
  {{ address = "127.0.0.1:{up2}"; }} ); pool = {{ max_idle = 256; }}; }}; }};
routes = ( {{ path = "/*rest"; service = "s"; }} );
'''
NGINX = '''
worker_processes 1; daemon off; pid {dir}/nginx.pid; {nginx_user}
error_log {dir}/error.log warn;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {dir}/a; proxy_temp_path {dir}/b;
  fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;
  upstream s {{ server 127.0.0.1:{up1}; server 127.0.0.1:{up2};
    keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} reuseport;
    location / {{ proxy_pass http://s; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; }} }}
}}
'''
HAPROXY = '''
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 30s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend s
backend s
  balance roundrobin
  server a 127.0.0.1:{up1} pool-max-conn 256
  server b 127.0.0.1:{up2} pool-max-conn 256
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


def descendants(pid):
    found = [pid]
    for p in found:
        for task in pathlib.Path(f'/proc/{p}/task').iterdir():
            found += map(int, (task / 'children').read_text().split())
    return found


class Proxy:
    def __init__(self, name, folder, ups):
        self.name, self.port = name, free_port()
        self.costs, self.rates = [], []
        text, command = CONTENDERS[name]
        conf = folder / f'{name}.conf'
        conf.write_text(text.format(
            dir=folder, port=self.port, up1=ups[0], up2=ups[1], user=USER,
            nginx_user='user root;' if USER == 'root' else ''))
        self.process = start([*command, str(conf)], PROXY_CPU)
        wait_port(self.port)

    def cpu_us(self):
        """On-CPU time of all processes; their exits would be lost."""
        return sum(int(pathlib.Path(f'/proc/{p}/schedstat').read_text()
                       .split()[0]) for p in descendants(self.process.pid)) / 1e3

    def turn(self, seconds, keep=True):
        before = self.cpu_us()
        text = subprocess.run(
            ['wrk', '-t1', '-c64', f'-d{seconds}', '--latency',
             f'http://127.0.0.1:{self.port}/health'],
            capture_output=True, text=True, check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU})).stdout
        spent = self.cpu_us() - before
        bad = re.search(r'(Socket errors|Non-2xx).*', text)
        if bad:
            print(f'{self.name}: {bad.group(0)}')
        requests = int(re.search(r'(\d+) requests in', text).group(1))
        if keep and requests:
            self.costs.append(spent / requests)
            self.rates.append(float(re.search(r'Requests/sec: +([\d.]+)',
                                              text).group(1)))


def contenders(only):
    for name, (_, command) in CONTENDERS.items():
        if only and name not in only.split(','):
            continue
        if shutil.which(command[0]):
            yield name
        else:
            print(f'{name}: not installed')


def table(proxies):
    proxies.sort(key=lambda p: statistics.median(p.costs))
    best = statistics.median(proxies[0].costs)
    print(f'{"":10} {"us/request":>10} {"min":>7} {"max":>7} '
          f'{"ratio":>6} {"requests/s":>11}')
    for p in proxies:
        cost = statistics.median(p.costs)
        print(f'{p.name:10} {cost:10.2f} {min(p.costs):7.2f} '
              f'{max(p.costs):7.2f} {cost / best:6.2f} '
              f'{statistics.median(p.rates):11.0f}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--only', help='names, separated by commas')
    args = parser.parse_args()
    rounds, seconds = (3, 1) if args.quick else (9, 3)
    folder = pathlib.Path(tempfile.mkdtemp(prefix='penstock-bench.'))
    running = []
    try:
        ups = [free_port() for _ in range(2)]
        for port in ups:
            running.append(start([str(BUILD / 'demo-upstream'), str(port),
                                  'up'], LOAD_CPU))
            wait_port(port)
        proxies = []
        for name in contenders(args.only):
            proxies.append(Proxy(name, folder, ups))
            running.append(proxies[-1].process)
        for p in proxies:
            p.turn(1, keep=False)
        for _ in range(rounds):
            for p in proxies:
                p.turn(seconds)
        table(proxies)
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()

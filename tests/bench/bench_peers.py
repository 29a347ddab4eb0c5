"""The contenders: how each is configured for a scenario, started, reloaded.

One worker each, kept connections to the origin, no access log but in the full
scenario. A floor is a contender that does only what cannot be left out.
"""
import dataclasses
import os
import shutil
import signal
import subprocess
import time

from bench_kit import BUILD, PROGRAMS, ROOT, Processes, Wrong, free_port

HUGE = 1000000000
BUILDS = {}  # others of penstock, by label


@dataclasses.dataclass
class Want:
    """What a scenario wants of its contenders."""
    full: bool = False       # identity, roles, limits, log, trace
    tight: bool = False      # with full: a limit that refuses
    trusts: bool = False     # what the load says of its address
    large: bool = False      # bodies of 1 MiB
    down: bool = False       # of answers
    close: bool = False      # a floor ends connections with the answer
    connections: int = 4096
    kept: int = 256          # idle connections to the origin, of a peer
    routes: int = 0
    tickets: int = 2
    workers: int = 1
    spare: int = 0           # changes nothing but the configuration's text
    cpus: set = None


class Contender:
    reload_signal = signal.SIGHUP

    def __init__(self, bench, want, label=None, origins=None):
        self.bench, self.want = bench, want
        self.label = label or self.name
        self.origins = origins or [bench.large if want.down else bench.small]
        self.origin = self.origins[0]
        self.port, self.tls_port = free_port(), free_port()
        self.folder = bench.folder / f'{self.label}-{self.port}'.replace(
            ':', '_')
        self.folder.mkdir()
        self.log = self.folder / 'access.log'
        stdout = open(self.log, 'wb') if want.full and self.logs_to_stdout \
            else subprocess.DEVNULL
        self.processes = Processes(bench, self.label, self.command(),
                                   want.cpus or bench.cpus, self.folder,
                                   stdout=stdout)

    logs_to_stdout = False

    def command(self):
        raise NotImplementedError

    def reload(self):
        self.want.spare += 1
        self.command()
        self.processes.process.send_signal(self.reload_signal)

    def ready(self):
        self.processes.wait_for(self.port, 120 if self.want.routes else 20)

    def stop(self):
        self.processes.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class Penstock(Contender):
    name = 'penstock'

    @property
    def build(self):
        return BUILDS.get(self.label, BUILD)

    @staticmethod
    def version():
        return subprocess.run([BUILD / 'penstock', '-v'], capture_output=True,
                              text=True).stdout.split()[-1]

    def policy(self):
        w, files = self.want, self.bench.files
        if not w.full:
            return '', ''
        rate = 'rate = "1/hour"; burst = 1' if w.tight \
            else 'rate = "1000000/s"; burst = 1000000'
        return f'''
authenticators = {{ main = {{ type = "jwt"; algorithms = [ "RS256" ];
  issuer = "https://issuer.test"; audience = [ "api" ];
  keys = ( {{ id = "k1"; file = "{files}/token.pub"; }} ); }}; }};
roles = {{ member = [ "items:read" ]; }};
rate_limits = {{
  per_address = {{ key = "address"; {rate}; }};
  per_user = {{ key = "user"; rate = "1000000/s"; burst = 1000000; }}; }};
access_log = ( {{ path = "{self.log}"; }} );
tracing = {{ }};
''', '''authenticate = "main"; authorize = { any_role = [ "member" ]; };
  rate_limits = [ "per_address", "per_user" ];'''

    def command(self):
        w = self.want
        top, policy = self.policy()
        tls = f'tls = {{ certificates = ( {{ certificate = ' \
            f'"{self.bench.files}/cert.pem"; key = ' \
            f'"{self.bench.files}/key.pem"; }} ); }};'
        trusted = 'trusted_proxies = [ "127.0.0.1" ];' if w.trusts else ''
        paths = [f'/r{i:06}/*rest' for i in range(w.routes)] or ['/*rest']
        paths += [f'/spare/{w.spare}'] if w.spare else []
        endpoints = ', '.join(f'{{ address = "127.0.0.1:{o}"; }}'
                              for o in self.origins)
        routes = ',\n'.join(f'{{ path = "{p}"; service = "s"; {policy} }}'
                            for p in paths)
        conf = self.file('penstock.conf', f'''
user = "{'root' if ROOT else 'nobody'}"; workers = {w.workers};
worker_connections = {w.connections};
pid_file = "{self.folder}/pid"; log = {{ level = "warn"; }};
admin = {{ socket = "{self.folder}/sock"; }};
timeouts = {{ idle = "600s"; }}; {trusted}
listeners = ( {{ address = "127.0.0.1:{self.port}"; }},
  {{ address = "127.0.0.1:{self.tls_port}"; {tls} }} );
services = {{ s = {{ endpoints = ( {endpoints} );
  pool = {{ max_idle = {w.kept}; idle = "600s"; }}; }}; }};
{top}
routes = ( {routes} );
''')
        return [self.build / 'penstock', '-c', conf]

    def control(self, *words):
        done = subprocess.run(
            [self.build / 'penstockctl', '-s', self.folder / 'sock', *words],
            capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise Wrong(f'penstockctl {" ".join(words)}: {done.stderr}')
        return done.stdout


class Nginx(Contender):
    name = 'nginx'

    @staticmethod
    def version():
        return subprocess.run(['nginx', '-v'], capture_output=True,
                              text=True).stderr.strip().split('/')[-1]

    def command(self):
        w, at, files = self.want, self.folder, self.bench.files
        paths = [f'/r{i:06}/' for i in range(w.routes)] or ['/']
        paths += [f'/spare/{w.spare}'] if w.spare else []
        locations = '\n'.join(f'    location {p} {{ proxy_pass http://s; }}'
                              for p in paths)
        large = 'proxy_buffer_size 16k; proxy_buffers 16 32k; ' \
            'proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0; ' \
            'proxy_request_buffering off; client_body_buffer_size 128k;' \
            if w.large else ''
        # It ends connections that idle when a sixteenth of its table is left.
        connections = w.connections * 16 // 15 + 1
        tickets = f'ssl_conf_command NumTickets {w.tickets};' \
            if w.tickets != 2 else ''
        conf = self.file('nginx.conf', f'''
worker_processes {w.workers}; daemon off; pid {at}/pid;
{'user root;' if ROOT else ''} error_log {at}/error.log warn;
worker_shutdown_timeout 30s;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
  access_log off; keepalive_requests {HUGE}; keepalive_timeout 600s;
  tcp_nodelay on; server_tokens off; client_max_body_size 0;
  client_body_temp_path {at}/a; proxy_temp_path {at}/b;
  fastcgi_temp_path {at}/c; uwsgi_temp_path {at}/d; scgi_temp_path {at}/e;
  ssl_certificate {files}/cert.pem; ssl_certificate_key {files}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off;
  ssl_session_tickets on; ssl_buffer_size 4k; {tickets}
  {large}
  upstream s {{ server 127.0.0.1:{self.origin};
    keepalive {w.kept}; keepalive_requests {HUGE}; keepalive_timeout 600s; }}
  server {{ listen 127.0.0.1:{self.port} reuseport backlog=8192;
    listen 127.0.0.1:{self.tls_port} ssl http2 reuseport backlog=8192;
    proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
{locations}
  }}
}}
''')
        return ['nginx', '-c', conf, '-e', at / 'error.log']


def part(variable, *pieces):
    return ''.join(f'%[var({variable}),bytes({at},{n})]' for at, n in pieces)


TOKEN = 'var(txn.token)'
HAPROXY_FULL = '''
  log stdout len 4096 format raw local0 info
  log-format '{"timestamp":"%[date,utime(%%Y-%%m-%%dT%%H:%%M:%%SZ)]",\
"service":"%b","request_id":"%[var(txn.id)]","user_id":"%[var(txn.sub)]",\
"client":"%ci","method":"%HM","path":"%HPO","protocol":"%HV",\
"status":%ST,"bytes_in":%U,"bytes_out":%B,"duration_ms":%Ta,\
"upstream_ms":%Tr,"endpoint":"%s","state":"%ts"}'
  http-request set-var(txn.id) uuid()
  http-request set-var(txn.token) http_auth_bearer
  http-request track-sc0 src table per_address
  http-request deny deny_status 429 if { sc_http_req_rate(0,per_address) gt LIMIT }
  http-request deny deny_status 401 unless { TOKEN -m found }
  http-request deny deny_status 401 unless { TOKEN,jwt_header_query('$.alg') -m str RS256 }
  http-request deny deny_status 401 unless { TOKEN,jwt_verify("RS256","FILES/token.pub") -m int 1 }
  http-request deny deny_status 401 unless { TOKEN,jwt_payload_query('$.iss') -m str https://issuer.test }
  http-request deny deny_status 401 unless { TOKEN,jwt_payload_query('$.aud') -m str api }
  http-request set-var(txn.exp) TOKEN,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request set-var(txn.role) TOKEN,jwt_payload_query('$.roles[0]')
  http-request deny deny_status 403 unless { var(txn.role) -m str member }
  http-request set-var(txn.sub) TOKEN,jwt_payload_query('$.sub')
  http-request track-sc1 var(txn.sub) table per_user
  http-request deny deny_status 429 if { sc_http_req_rate(1,per_user) gt 10000000 }
  http-request set-header X-User-ID %[var(txn.sub)]
  http-request set-header X-User-Email %[TOKEN,jwt_payload_query('$.email')]
  http-request set-header X-User-Roles %[var(txn.role)]
  http-request set-header X-Tenant-ID %[TOKEN,jwt_payload_query('$.tenant_id')]
  http-request set-header X-Request-ID %[var(txn.id)]
  http-request set-header traceparent 00-TRACE-SPAN-00
'''.replace('TRACE', part('txn.id', (0, 8), (9, 4), (14, 4), (19, 4), (24, 12))) \
   .replace('SPAN', part('txn.id', (0, 8), (28, 8))).replace('TOKEN', TOKEN)


class Haproxy(Contender):
    name = 'haproxy'
    reload_signal = signal.SIGUSR2
    logs_to_stdout = True

    @staticmethod
    def version():
        return subprocess.run(['haproxy', '-v'], capture_output=True,
                              text=True).stdout.split()[2]

    def command(self):
        w = self.want
        full, tables, server = '', '', ''
        if w.full:
            full = HAPROXY_FULL.replace('FILES', str(self.bench.files)) \
                .replace('LIMIT', '0' if w.tight else '10000000')
            tables = ''.join(f'''
backend {name}
  stick-table type {kind} size 100k expire 60s store http_req_rate(10s)
''' for name, kind in (('per_address', 'ip'), ('per_user', 'string len 64')))
            server = 'check inter 5s observe layer7 error-limit 5 ' \
                'on-error mark-down'
        choice = 'default_backend s'
        if w.routes:
            routes = self.file('routes.map', ''.join(
                f'/r{i:06}/ s\n' for i in range(w.routes)))
            choice = f'use_backend %[path,map_beg({routes})]'
        spare = f'acl spare path /spare/{w.spare}' if w.spare else ''
        conf = self.file('haproxy.cfg', f'''
global
  nbthread {w.workers}
  maxconn {w.connections}
  no strict-limits
  stats socket {self.folder}/sock mode 600 level admin expose-fd listeners
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 2s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option forwardfor
  http-reuse always
  {'option splice-auto' if w.large else ''}
{tables}
frontend f
  bind 127.0.0.1:{self.port} backlog 8192
  bind 127.0.0.1:{self.tls_port} backlog 8192 ssl crt {self.bench.files}/both.pem alpn h2,http/1.1
  {spare}
  {full}
  {choice}
backend s
  balance roundrobin
  server a 127.0.0.1:{self.origin} pool-max-conn {w.kept} pool-purge-delay 600s {server}
''')
        return ['haproxy', '-W', '-f', conf]


class Floor(Contender):
    name = 'floor'

    @staticmethod
    def version():
        return '-'

    def command(self):
        if self.want.large:
            return [PROGRAMS / 'relay_splice', self.port, self.origin]
        return [PROGRAMS / 'relay', self.port, self.origin] + \
            (['close'] if self.want.close else [])


class AcceptClose(Floor):
    name = 'accept'

    def command(self):
        return [PROGRAMS / 'accept_close', self.port]


CONTENDERS = {c.name: c for c in (Penstock, Nginx, Haproxy, Floor,
                                  AcceptClose)}


def installed(name):
    return name not in ('nginx', 'haproxy') or shutil.which(name) is not None


def started(bench, names, want, **more):
    """Contenders by name, ready; and what is wrong with the others."""
    there, wrong = {}, {}
    for name in names:
        try:
            there[name] = CONTENDERS[name.split(':')[0]](
                bench, dataclasses.replace(want), name, **more)
        except Wrong as error:
            wrong[name] = str(error)
    for name, contender in list(there.items()):
        try:
            contender.ready()
        except Wrong as error:
            wrong[name] = str(error)
            there.pop(name).stop()
    time.sleep(0.1)
    return there, wrong


def environment_of_peers():
    """nginx of Debian lies where users do not look."""
    os.environ['PATH'] += ':/usr/sbin:/usr/local/sbin'

"""/health: services, what they depend on, and the whole."""
import json
import os
import signal
import threading

from gateway import wait_until
from origin import Origin
from wire import Wire

CHECK = ('health_check = { path = "/up"; interval = "500ms"; '
         'timeout = "500ms"; unhealthy = 5; healthy = 1; };')


def body(**services):
    """Services of (origins, what else they have)."""
    text = ''
    for name, (origins, extra) in services.items():
        listed = ', '.join(f'{{ address = "127.0.0.1:{o.port}"; }}'
                           for o in origins)
        text += f'{name} = {{ endpoints = ( {listed} ); {CHECK} {extra} }};\n'
    return (f'services = {{ {text} }};\n'
            'routes = ( { path = "/*rest"; service = "users"; } );\n')


def health(g):
    status, headers, doc = g.admin('/health')
    assert headers['content-type'] == 'application/json'
    doc = json.loads(doc)
    return status, doc['status'], {
        name: (s['status'], s['because'], s['usable'], s['total'])
        for name, s in doc.get('services', {}).items()}


def await_health(g, want):
    try:
        wait_until(lambda: health(g) == want, 10, 'this health')
    except AssertionError as error:
        raise AssertionError(f'{error}: {health(g)}') from None


def test_services_that_depend(gateway, house):
    origins = [Origin(lambda conn, _: conn.reply()) for _ in range(4)]
    house.origins += origins
    a, b, c, d = origins
    sick = set()

    def probed(origin):
        return lambda conn, _: conn.reply(503 if origin in sick else 200)
    for o in origins:
        o.on('/up', probed(o))
    g = gateway(body(users=([a, b], ''), orders=([c], 'depends = "users";'),
                     shop=([d], 'depends = [ "orders" ];')),
                allow=['killed by signal 9 '])
    well = (200, 'healthy', {'users': ('healthy', None, 2, 2),
                             'orders': ('healthy', None, 1, 1),
                             'shop': ('healthy', None, 1, 1)})
    assert health(g) == well
    assert g.ctl('health').stdout.startswith('status: healthy\n')
    sick.add(a)
    fair = (200, 'degraded', {'users': ('degraded', None, 1, 2),
                              'orders': ('degraded', 'users', 1, 1),
                              'shop': ('degraded', 'orders', 1, 1)})
    await_health(g, fair)
    assert g.metric('service_health', service='shop') == 1
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('master', pid)
    g.wait_ready()
    assert health(g) == fair
    sick.add(b)
    bad = {'users': ('unhealthy', None, 0, 2),
           'orders': ('degraded', 'users', 1, 1),
           'shop': ('degraded', 'orders', 1, 1)}
    await_health(g, (200, 'degraded', bad))
    assert g.metric('service_health', service='users') == 2
    sick |= {c, d}
    await_health(g, (503, 'unhealthy', {
        'users': ('unhealthy', None, 0, 2), 'orders': ('unhealthy', None, 0, 1),
        'shop': ('unhealthy', None, 0, 1)}))
    done = g.ctl('health', check=False)
    assert done.returncode == 1 and 'status: unhealthy' in done.stdout
    assert g.admin('/readyz')[0] == 200
    sick.clear()
    await_health(g, well)
    g.wait_log(r'service users: endpoint \S+: down: probe_status \(503\)')
    g.wait_log(r'service users: endpoint \S+: up: probe_ok')


def test_stopping(gateway, upstream):
    release = threading.Event()

    def slow(conn, _):
        release.wait(120)
        conn.reply()
    origin = upstream(slow)
    origin.on('/up', lambda conn, _: conn.reply())
    g = gateway(body(users=([origin], '')))
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
        wait_until(lambda: any(r.target == '/' for r in origin.requests))
        g.send(signal.SIGTERM)
        await_health(g, (503, 'stopping', {
            'users': ('healthy', None, 1, 1)}))
        release.set()
        assert w.response().status == 200

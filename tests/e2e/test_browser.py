"""A real browser: a page over HTTP/2 and TLS, fetches side by side, and a
WebSocket that shares their connection."""
import pytest

import ws
from browser import CHROMIUM, visiting
from gateway import wait_until
from origin import field
from secure import Shop, service

ROUTES = ('routes = ( { path = "/chat"; service = "s"; '
          'upgrade = [ "websocket" ]; }, { path = "/*rest"; service = "s"; } '
          ');\n')
# What happened is told to the origin in a last request.
PAGE = b'''<!DOCTYPE html><title>a page</title><script>
const said = [];
function say(text) { said.push(text); }
function over() { fetch('/over', { method: 'POST', body: said.join('|') }); }
async function visit() {
  const all = await Promise.all([...Array(30).keys()].map(
    i => fetch('/item/' + i).then(r => r.text())));
  say('items:' + new Set(all).size);
  const put = await fetch('/put', { method: 'POST', body: 'x'.repeat(300000) });
  say('put:' + await put.text());
  say('with:' + [...new Set(performance.getEntriesByType('resource').map(
    e => e.nextHopProtocol))].join());
  const socket = new WebSocket('wss://' + location.host + '/chat');
  socket.onmessage = e => { say('heard:' + e.data); socket.close(1000); };
  socket.onclose = e => { say('closed:' + e.code); over(); };
  socket.onerror = () => say('failed');
  socket.onopen = () => socket.send('hello');
}
visit().catch(e => { say('threw:' + e); over(); });
</script>'''


def serve(conn, request):
    if request.target == '/':
        conn.reply(200, PAGE, [('Content-Type', 'text/html')])
    elif request.target == '/put':
        conn.reply(200, str(len(request.body)))
    else:
        conn.reply(200, request.target)


@pytest.mark.skipif(CHROMIUM is None, reason='no chromium')
def test_browser(gateway, upstream, tmp_path):
    shop = Shop(tmp_path)
    leaf = shop.issue('local', ['localhost', 'IP:127.0.0.1'])
    origin = upstream(serve)
    origin.on('/chat', ws.echo)
    g = gateway(service(origin) + ROUTES,
                top=shop.listeners(files=('local',)))
    with visiting(f'https://127.0.0.1:{shop.port}/', leaf, tmp_path):
        told = wait_until(lambda: [r.body for r in origin.requests
                                   if r.target == '/over'], 60, 'the page')
    assert told[0].decode().split('|') == [
        'items:30', 'put:300000', 'with:h2', 'heard:hello', 'closed:1000']
    # Everything came on connections of HTTP/2, the WebSocket as well.
    assert g.metric('tunnels_total') == 1
    seen = [r.target for r in origin.requests]
    assert '/chat' in seen
    assert [r.target for r in origin.requests
            if field(r, 'Via') != ['2 penstock']] == []

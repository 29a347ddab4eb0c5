"""A real browser that asks other origins: what its pages may read, and what
never leaves it."""
import pytest

from browser import CHROMIUM, visiting
from gateway import free_port, wait_until
from origin import field
from secure import Shop

# What happened is told to the origin in a last request.
PAGE = '''<!DOCTYPE html><title>a page</title><script>
const api = 'https://127.0.0.1:API';
const said = [];
async function ask(name, path, how) {
  try {
    const r = await fetch(api + path, how);
    const body = await r.text();
    said.push(name + ':' + r.status + ',' +
              (r.status == 200 ? body : JSON.parse(body).error) + ',' +
              r.headers.get('x-page') + ',' + r.headers.get('x-kept'));
  } catch (e) {
    said.push(name + ':' + e.name);
  }
}
function framed(name, path) {
  return new Promise(done => {
    const frame = document.createElement('iframe');
    frame.onload = () => {
      const inside = frame.contentDocument;
      said.push(name + ':' + (inside === null ? 'kept out'
                                              : inside.body.textContent));
      done();
    };
    frame.src = path;
    document.body.append(frame);
  });
}
function sandboxed(name, path) {
  return new Promise(done => {
    const frame = document.createElement('iframe');
    onmessage = e => { said.push(name + ':' + e.data); done(); };
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = '<script>fetch("' + api + path + '").then(r => r.text())' +
      '.then(t => parent.postMessage(t, "*"),' +
      'e => parent.postMessage(e.name, "*"))</' + 'script>';
    document.body.append(frame);
  });
}
async function visit() {
  const json = { 'Content-Type': 'application/json' };
  await ask('simple', '/open/1');
  await ask('other', '/other/1');
  await ask('without', '/plain/1');
  await ask('dead', '/dead/1');
  await ask('put', '/app/put', { method: 'PUT', headers: { 'X-Token': 't' },
                                 body: 'x' });
  await ask('json', '/app/json', { method: 'POST', headers: json,
                                   body: '{}' });
  await ask('field', '/app/field', { headers: { 'X-Other': '1' } });
  await ask('method', '/app/method', { method: 'DELETE' });
  await ask('no-route', '/app/patch', { method: 'PATCH' });
  await ask('cookie', '/app/cookie', { credentials: 'include' });
  await ask('no-cookie', '/open/cookie', { credentials: 'include' });
  await sandboxed('null', '/null/1');
  await sandboxed('not-null', '/app/1');
  await framed('frame', '/framed');
  await framed('no-frame', '/unframed');
}
addEventListener('load', () => visit().catch(e => said.push('threw:' + e)).then(
  () => fetch('/over', { method: 'POST', body: said.join('|') })));
</script>'''


def routes(page):
    return f'''
cors = {{
  app = {{ origins = "{page}"; credentials = true;
          methods = [ "GET", "PUT", "POST" ];
          headers = [ "X-Token", "Content-Type" ]; expose = "X-Page"; }};
  open = {{ origins = "*"; expose = "X-Page"; }};
  other = {{ origins = [ "{page.replace("https", "http")}", "https://*.example" ]; }};
  null = {{ origins = "null"; }};
}};
routes = (
  {{ path = "/open/*rest"; service = "s"; cors = "open"; }},
  {{ path = "/app/*rest"; methods = [ "GET", "PUT", "POST", "DELETE" ];
    service = "s"; cors = "app"; }},
  {{ path = "/other/*rest"; service = "s"; cors = "other"; }},
  {{ path = "/null/*rest"; service = "s"; cors = "null"; }},
  {{ path = "/dead/*rest"; service = "dead"; cors = "app"; }},
  {{ path = "/unframed"; service = "s";
    security_headers = {{ frame_options = "deny"; }}; }},
  {{ path = "/*rest"; service = "s"; }} );
'''


@pytest.mark.skipif(CHROMIUM is None, reason='no chromium')
def test_browser(gateway, upstream, tmp_path):
    shop = Shop(tmp_path)
    leaf = shop.issue('local', ['localhost', 'IP:127.0.0.1'])
    api = free_port()
    page = f'https://127.0.0.1:{shop.port}'

    def serve(conn, request):
        if request.target == '/':
            conn.reply(200, PAGE.replace('API', str(api)),
                       [('Content-Type', 'text/html'),
                        ('Set-Cookie', 'taste=sweet; Secure; SameSite=Lax')])
        else:
            conn.reply(200, f'{request.method} {request.target}'
                            f'{"".join(field(request, "cookie"))}',
                       [('X-Page', '7'), ('X-Kept', 'back'),
                        ('Content-Type', 'text/plain')])

    origin = upstream(serve)
    g = gateway(
        f'services = {{ s = {{ endpoints = '
        f'( {{ address = "127.0.0.1:{origin.port}"; }} ); }}; '
        f'dead = {{ endpoints = ( {{ address = "127.0.0.1:{free_port()}"; }} '
        '); retry = { attempts = 1; }; }; };\n' + routes(page),
        top=shop.listeners(shop.listener(files=('local',), port=api),
                           files=('local',)))
    with visiting(page + '/', leaf, tmp_path):
        told = wait_until(lambda: [r.body for r in origin.requests
                                   if r.target == '/over'], 60, 'the page')
    assert told[0].decode().split('|') == [
        'simple:200,GET /open/1,7,null',
        'other:TypeError',
        'without:TypeError',
        'dead:502,connect_failed,null,null',
        'put:200,PUT /app/put,7,null',
        'json:200,POST /app/json,7,null',
        'field:TypeError',
        'method:TypeError',
        'no-route:TypeError',
        'cookie:200,GET /app/cookietaste=sweet,7,null',
        'no-cookie:TypeError',
        'null:GET /null/1',
        'not-null:TypeError',
        'frame:GET /framedtaste=sweet',
        'no-frame:kept out']
    # No preflight came so far, nor what was refused by one.
    seen = [(r.method, r.target) for r in origin.requests]
    assert [s for s in seen if s[0] not in ('GET', 'PUT', 'POST')] == []
    assert ('GET', '/app/field') not in seen
    # A request without one goes on, and the answer is kept from the page.
    assert ('GET', '/other/1') in seen
    assert g.metric('replies_total', why='cors_preflight') == 2
    assert g.metric('replies_total', why='cors_refused') == 3

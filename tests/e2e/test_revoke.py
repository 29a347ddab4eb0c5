"""Tokens that hold no more: in all workers at once, and streams with them."""
import threading
import time

import pytest

import ws
from conf import service
from gateway import Watch, wait_until
from origin import field
from tokens import Issuer, Key, authenticators, bearer
from wire import Cut, Wire, get
from ws import Asks, read_frame, replies


@pytest.fixture
def them():
    return Issuer()


def start(house, them, origin, workers=1):
    g = house.gateway('', start=False, workers=workers)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(
        them.authenticator(more='leeway = "0s";'),
        them.authenticator('other', more='leeway = "0s";')) + '''
routes = (
  { path = "/other"; service = "s"; authenticate = "other"; },
  { path = "/kept/*rest"; service = "s"; authenticate = "main"; },
  { path = "/*rest"; service = "s"; authenticate = "main";
    close_revoked = true; } );
''')
    return g.start()


def test_by_id_user_and_time(house, them):
    g = start(house, them, house.origin())
    now = int(time.time())

    def status(token, path='/'):
        return get(g.port, path, headers=bearer(token)).status

    one = them.sign(sub='alice', jti='j1', iat=now - 10)
    two = them.sign(sub='alice', jti='j2', iat=now - 10)
    bob = them.sign(sub='bob', jti='j3', iat=now - 10)
    for token in (one, two, bob):
        assert status(token) == 200
    g.ctl('revoke', 'token', 'j1')
    assert (status(one), status(two), status(bob)) == (401, 200, 200)
    assert b'token_revoked' in get(g.port, headers=bearer(one)).body
    g.ctl('revoke', 'user', 'alice')
    assert (status(two), status(bob)) == (401, 200)
    # Issued afterwards.
    assert status(them.sign(sub='alice', iat=now + 30)) in (200, 401)
    g.ctl('revoke', '--authenticator=main', 'all')
    assert status(bob) == 401 and status(bob, '/other') == 200
    g.ctl('unrevoke', '--authenticator=main', 'all')
    assert status(bob) == 200


def test_in_all_workers_at_once(house, them):
    g = start(house, them, house.origin(), workers=4)
    wires = [Wire(g.port) for _ in range(40)]
    for n in range(20):
        token = them.sign(sub='alice', jti=f'j{n}')
        assert all(w.ask(headers=bearer(token)).status == 200 for w in wires)
        g.ctl('revoke', 'token', f'j{n}')
        # The call has returned: nobody lets it in.
        assert all(w.ask(headers=bearer(token)).status == 401 for w in wires)
    for w in wires:
        w.close()


@pytest.mark.parametrize('how', ['revoked', 'expired'])
def test_a_websocket_is_closed(house, them, how):
    origin = house.origin(ws.echo)
    g = start(house, them, origin)
    exp = int(time.time()) + (5 if how == 'expired' else 60)
    token = them.sign(sub='alice', jti='j', exp=exp)
    w = Asks(g.port)
    w.ask_to_switch('/ws', more=[f'Authorization: Bearer {token}'])
    assert w.response().status == 101
    assert w.echoes(b'hello')
    if how == 'revoked':
        g.ctl('revoke', 'token', 'j')
    # RFC 6455 7.4.1: 1008.
    opcode, payload, _ = read_frame(w)
    assert opcode == ws.CLOSE and payload == b'\x03\xf0'
    w.say(payload, ws.CLOSE)
    assert w.ended()
    wait_until(lambda: replies(g, 'identity_ended') == 1, 5, 'its reason')
    w.close()


def test_a_websocket_that_does_not_answer(house, them):
    origin = house.origin(ws.echo)
    g = start(house, them, origin)
    token = them.sign(sub='alice', jti='j')
    w = Asks(g.port)
    w.ask_to_switch('/ws', more=[f'Authorization: Bearer {token}'])
    assert w.response().status == 101
    g.ctl('revoke', 'user', 'alice')
    begin = Watch()
    assert w.ended()
    assert begin.within(0, 5)
    wait_until(lambda: replies(g, 'identity_ended') == 1, 5, 'its reason')
    w.close()


def endless(conn, request):
    """Chunks, until the peer has enough."""
    conn.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    try:
        while True:
            conn.send('1\r\nx\r\n')
            time.sleep(0.02)
    except OSError:
        conn.end()


def test_a_stream_is_cut(house, them):
    g = start(house, them, house.origin(endless))
    token = them.sign(sub='alice', jti='j')
    with Wire(g.port) as w:
        w.send(f'GET /s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}'
               '\r\n\r\n')
        w.head()
        assert w.exactly(6) == b'1\r\nx\r\n'
        g.ctl('revoke', 'token', 'j')
        with pytest.raises((Cut, ConnectionResetError)):
            w.chunks()
    wait_until(lambda: replies(g, 'identity_ended') == 1, 5, 'its reason')


def test_other_routes_go_on(house, them):
    g = start(house, them, house.origin(endless))
    token = them.sign(sub='alice', jti='j')
    with Wire(g.port) as w:
        w.send(f'GET /kept/s HTTP/1.1\r\nHost: x\r\n'
               f'Authorization: Bearer {token}\r\n\r\n')
        w.head()
        g.ctl('revoke', 'token', 'j')
        assert get(g.port, '/kept/s', headers=bearer(token)).status == 401
        for _ in range(80):
            assert w.exactly(6) == b'1\r\nx\r\n'
    assert replies(g, 'identity_ended') == 0


def test_an_upload_is_refused(house, them):
    g = start(house, them, house.origin())
    token = them.sign(sub='alice', jti='j')
    with Wire(g.port) as w:
        w.send('POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n'
               f'Authorization: Bearer {token}\r\n\r\n1\r\nx\r\n')
        wait_until(lambda: g.metric('upstream_connects_total') == 1, 5,
                   'the request at its endpoint')
        g.ctl('revoke', 'token', 'j')
        r = w.response()
    assert r.status == 401 and b'token_revoked' in r.body


def test_an_answer_that_is_due_comes(house, them):
    """Sent whole, it was done: its client is told so."""
    gate = threading.Event()

    def slow(conn, request):
        gate.wait(120)
        conn.reply(200, 'done')
    origin = house.origin(slow)
    g = start(house, them, origin)
    token = them.sign(sub='alice', jti='j')
    with Wire(g.port) as w:
        w.send('POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n'
               f'Authorization: Bearer {token}\r\n\r\nx')
        wait_until(lambda: origin.requests, 5, 'the request at its endpoint')
        g.ctl('revoke', 'token', 'j')
        assert get(g.port, headers=bearer(token)).status == 401
        gate.set()
        assert w.response().body == b'done'


# --- rotation under load

def test_rotation(house):
    """100 changes of the set while tokens flow: none that is good is refused,
    none that was revoked is let in."""
    them = Issuer()
    them.serve(house)
    origin = house.origin()
    g = house.gateway(service(origin.port) + authenticators(them.authenticator(
        keys=them.jwks_text('cooldown = "100ms"; refresh = "5m";'))) + '''
routes = ( { path = "/*rest"; service = "s"; authenticate = "main"; } );
''', workers=2)
    bad, stop = [], threading.Event()
    current = [them.sign(sub='alice', jti='first')]
    revoked = []
    rounds = [0] * 4

    def client(number):
        with Wire(g.port) as w:
            while not stop.is_set():
                rounds[number] += 1
                gone = revoked[-1:]
                for token in gone:
                    if w.ask(headers=bearer(token)).status != 401:
                        bad.append('a revoked token was let in')
                r = w.ask(headers=bearer(current[0]))
                if r.status != 200:
                    bad.append(f'{r.status} {r.body}')
                stop.wait(0.003)
    threads = [threading.Thread(target=client, args=(number,))
               for number in range(len(rounds))]
    for t in threads:
        t.start()

    def all_anew(before):
        return all(now > then + 1 for now, then in zip(rounds, before)) or \
            not all(t.is_alive() for t in threads)
    for n in range(100):
        # Two keys overlap; the tokens of the one before stay good meanwhile.
        them.keys = [them.keys[-1], Key(f'r{n}')]
        time.sleep(0.11)  # the cool-down of the fetch before
        doomed = them.sign(sub='bob', jti=f'doomed{n}')
        assert get(g.port, headers=bearer(doomed)).status == 200
        current[0] = them.sign(sub='alice', jti=f'good{n}')
        g.ctl('revoke', 'token', f'doomed{n}')
        revoked.append(doomed)
        # Nobody is on the way with a token of the key that goes next.
        wait_until(lambda before=list(rounds): all_anew(before), 10, 'turns')
    assert all(t.is_alive() for t in threads)
    stop.set()
    for t in threads:
        t.join()
    assert not bad, bad[:3]
    assert field(origin.last, 'x-user-id') == ['alice']

"""What passes between a client and its upstream is that exchange, and nothing
else: not a byte of another one."""
import pytest

from conf import proxy
from wire import Wire

# The first read of an answer (worker/origin/solo.c), and a turn's of one
# connection (common/net/io_input.h).
SIZES = [300, 16384, 32768, 294912, 294913]


def answer(size, fill):
    """Of so many bytes, its head included."""
    head = 'HTTP/1.1 200 OK\r\nContent-Length: {:07d}\r\n\r\n'
    n = size - len(head.format(0))
    return head.format(n).encode() + fill * n


def unasked(conn, request):
    """Two answers at once, and then more of them."""
    size = int(request.target[1:])
    stray = answer(200, b'?')
    conn.send(answer(size, b'a') + stray)
    for _ in range(3):
        conn.send(stray)


@pytest.mark.parametrize('size', SIZES)
def test_answers_that_nobody_asked_for(house, size):
    g = house.gateway(proxy(house.origin(unasked).port))
    ask = f'GET /{size} HTTP/1.1\r\nHost: test\r\n\r\n'
    with Wire(g.port) as first, Wire(g.port) as second:
        for _ in range(5):
            first.send(ask * 4)
            second.send(ask)
            for w in [first] * 4 + [second]:
                r = w.response()
                assert r.status == 200
                assert set(r.body) == {ord('a')}, r.body[:20]

"""Answers that are sent at the end of a batch of events: to clients that take
none of them for a while, everything arrives, whole and in order."""
import threading
import time

import pytest

from conf import proxy
from wire import Wire, get

# More than a socket holds, and less at once than is sent without waiting.
CLIENTS, REQUESTS, BODY = 10, 1500, 3800


def requests(path):
    return b''.join(b'GET %s%d HTTP/1.1\r\nHost: t\r\n\r\n' % (path, i)
                    for i in range(REQUESTS))


class Lazy(threading.Thread):
    """Sends all its requests at once, and reads when it is told to."""

    def __init__(self, port, path):
        super().__init__()
        self.wire = Wire(port, timeout=60, rcvbuf=4096)
        self.path, self.go, self.bodies = path, threading.Event(), []

    def send(self):
        data = requests(self.path)
        # In pieces: a head often ends in the middle of one.
        for at in range(0, len(data), 1111):
            self.wire.send(data[at:at + 1111])

    def run(self):
        sender = threading.Thread(target=self.send)
        sender.start()
        self.go.wait()
        self.bodies = [self.wire.response().body for _ in range(REQUESTS)]
        sender.join()
        self.wire.close()


@pytest.mark.parametrize('path', [b'/up/', b'/own/'])
def test_nobody_reads_at_first(house, path):
    origin = house.origin(lambda conn, request: conn.reply(
        200, request.target.encode() + b' ' + b'x' * BODY))
    g = house.gateway(proxy(origin.port, routes='''
        { path = "/up/*rest"; service = "s"; },
        { path = "/own/*rest"; respond = { body = "{path} %s"; }; }'''
                            % ('x' * BODY)))
    clients = [Lazy(g.port, path) for _ in range(CLIENTS)]
    for c in clients:
        c.start()
    time.sleep(1.5)
    # Others are served meanwhile.
    assert get(g.port, path.decode() + 'other').status == 200
    for c in clients:
        c.go.set()
    for c in clients:
        c.join()
        assert [b.split()[0] for b in c.bodies] == \
            [b'%s%d' % (path, i) for i in range(REQUESTS)]
        assert {len(b.split()[1]) for b in c.bodies} == {BODY}

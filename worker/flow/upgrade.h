/*
 * upgrade.h - another protocol on the same connection (RFC 9110 7.8): which one
 * a request may ask for, and which answer may switch to it.
 */
#ifndef WORKER_FLOW_UPGRADE_H
#define WORKER_FLOW_UPGRADE_H

#include "worker/flow/pipeline.h"
#include "worker/flow/req.h"

/*
 * The filter: q->up asks for the first protocol that the client asks for and
 * the route lists, else for none. A handshake of WebSocket that no server may
 * take is refused (RFC 6455 4.2.1); one of another version goes on, since the
 * server has to say which it speaks (4.4).
 *
 * HTTP/2 asks otherwise (RFC 8441): for one protocol, and nothing else is left
 * to do where that is refused. WebSocket has no key there: q->up gets one for
 * an endpoint that needs it.
 */
enum verdict upgrade_request(struct req *q);

/* An extended CONNECT for what the route does not list: answered (501). */
bool upgrade_refuses(struct req *q);

/*
 * The 101 in h switches to what q->up asked for, and its handshake is right.
 * With HTTP/2 on the endpoint's side, it answers exactly what was asked.
 */
bool upgrade_fits(const struct req *q, const struct head *h);

/*
 * Makes of such a 101 that of the client's own version of HTTP: h->upgrade, and
 * what the client expects in return for its key. h->fields have room for
 * `room`.
 */
void upgrade_answer(struct req *q, struct head *h, uint32_t room);

/*
 * Of the protocols that an answer (426) offers, the first that the route lists;
 * else none. While the image is pinned.
 */
struct slice upgrade_offered(const struct req *q, const struct head *h);

bool upgrade_is_websocket(struct slice protocol);

#endif

/*
 * security_headers.h - header fields that tell browsers to be careful, set on
 * every answer, and fields removed from it that tell too much.
 */
#ifndef WORKER_FLOW_SECURITY_HEADERS_H
#define WORKER_FLOW_SECURITY_HEADERS_H

#include "worker/flow/req.h"

/*
 * Removes from h what s names and sets what it sets; h->room has to have room
 * for s->set.count more fields. `secured`: the client came by TLS (RFC 6797
 * 7.2). Values stay in the image.
 */
void security_headers_apply(const struct img_head *img,
    const struct img_security *s, bool secured, struct head *h);

/* The same for an answer before there is a request. */
void security_headers_bare(const struct img_head *img, struct head *h);

/* The filter: what is in force for q. */
void security_headers_answer(struct req *q, struct head *h);

#endif

/*
 * admin.h - the admin API's connections: HTTP/1.1 over the unix socket, a few
 * clients at a time. What is answered is in admin_routes.
 */
#ifndef MASTER_ADMIN_H
#define MASTER_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/http/h1.h"
#include "common/net/io.h"
#include "master/access.h"
#include "master/admin_reply.h"
#include "master/probes.h"
#include "master/reload.h"

#define ADMIN_CLIENTS_MAX 16

struct admin;

struct admin_client {
	struct list link;
	struct admin *admin;
	struct io io;
	struct h1 h1;
	struct timer timer; /* a request must come, an answer must leave */
	struct loop_task free;
	struct stream *stream; /* of the request at hand, or NULL */
	uint8_t method;        /* enum http_method */
	bool closing;
	uint64_t run;          /* waits for this reload; 0: for none */
	uint32_t target_bytes; /* path without query */
	char target[ADMIN_TARGET_MAX];
	struct text body;
	bool body_over; /* it is longer than ADMIN_BODY_MAX */
};

struct admin {
	struct loop *loop;
	struct inherit *in;
	struct reload *reload;
	const struct probes *probes;
	struct access *access;
	struct loop_watch watch; /* the listening socket; fd -1: none */
	struct list clients;
	uint32_t count;
};

/* Listens on in->admin_fd, if there is one. False with errno. */
bool admin_init(struct admin *a, struct loop *loop, struct inherit *in,
    struct reload *reload, const struct probes *probes, struct access *access);
void admin_fini(struct admin *a);

/* A reload ended: answers those that wait for it. */
void admin_reloaded(struct admin *a, enum reload_outcome how);

#endif

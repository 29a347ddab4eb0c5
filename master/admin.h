/*
 * admin.h - the admin API's connections: HTTP/1.1 over the unix socket and over
 * TCP, a few clients at a time. What is answered is in admin_routes.
 *
 * A request must be whole, and an answer taken, within a time each, however
 * little by little the client goes. What can be refused by its head is, before
 * its body. Where there is no room for one more client the one that has neither
 * asked nor taken anything for longest leaves.
 */
#ifndef MASTER_ADMIN_H
#define MASTER_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/http/h1.h"
#include "common/net/io.h"
#include "master/access.h"
#include "master/admin_door.h"
#include "master/admin_reply.h"
#include "master/probes.h"
#include "master/reload.h"

struct admin;

struct admin_client {
	struct list link;
	struct admin *admin;
	struct admin_door *door;
	struct io io;
	struct h1 h1;
	struct mono since;  /* its last request, or answer */
	uint64_t taken;     /* bytes_out of io at the last look */
	struct timer timer; /* a request must come, an answer must leave */
	struct loop_task free;
	struct stream *stream;     /* of the request at hand, or NULL */
	uint8_t method;            /* enum http_method */
	char who[ADMIN_WHO_BYTES]; /* audited_peer */
	bool closing;
	bool unread;           /* it was answered before its body was read */
	bool local;            /* the socket is a unix one: */
	uid_t uid;             /* of its other end */
	uint64_t run;          /* waits for this reload; 0: for none */
	uint32_t target_bytes; /* path without query */
	char target[ADMIN_TARGET_MAX];
	struct text accept, authorization;
	struct text body;
	bool body_over; /* it is longer than ADMIN_BODY_MAX */
};

struct admin {
	struct loop *loop;
	struct inherit *in;
	struct reload *reload;
	const struct probes *probes;
	struct access *access;
	/* The request that changes something right now (audited.h), or NULL. */
	const struct admin_request *asking;
	struct admin_door socket, address; /* admin.socket, admin.address */
};

/* Listens on in->admin_fd and in->admin_tcp_fd, if they are there. False with
 * errno. */
bool admin_init(struct admin *a, struct loop *loop, struct inherit *in,
    struct reload *reload, const struct probes *probes, struct access *access);
void admin_fini(struct admin *a);

/* A reload ended: answers those that wait for it. */
void admin_reloaded(struct admin *a, enum reload_outcome how);

#endif

/*
 * secure.h - the TLS policies of this worker: made from what is published, kept
 * by the hash of their content, so that generations share them and a reload
 * that changes no certificate makes nothing anew.
 *
 * A cache: what is missing is made when it is asked for; secure_turn makes it
 * ahead, a little in each turn, and drops what neither this image nor the one
 * before it names.
 */
#ifndef WORKER_FLOW_SECURE_H
#define WORKER_FLOW_SECURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/tls.h"
#include "shm/image.h"

struct env;
struct secure;

/* `e` outlives it. Its hooks look certificates and ticket keys up in what is
 * published in the turn of the handshake. */
struct secure *secure_new(struct env *e);
void secure_free(struct secure *s);

/* To be called in each turn that has an image. */
void secure_turn(struct secure *s, uint64_t budget_us);

/*
 * TLS for a connection that was accepted by the listener on `local`: by what
 * the current image says of it. NULL without memory.
 */
struct tls *secure_accept(
    struct secure *s, const struct img_tls *t, const struct addr *local);

/*
 * The policy towards a service: img_head.tls_outs[index] of img, whose secrets
 * are given. It stays the cache's: take a reference to keep it. NULL without
 * memory.
 */
struct tls_client *secure_client(struct secure *s, const struct img_head *img,
    const char *secrets, uint32_t index);

#endif

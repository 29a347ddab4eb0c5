/*
 * tls_wire.h - what tls_io.c needs of tls_wire.c. libssl always finds room for
 * what it writes; to read, it finds what one recv brings, and only after
 * t->may_receive was set.
 */
#ifndef COMMON_NET_TLS_WIRE_H
#define COMMON_NET_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#define TLS_PUT_OFF_US 100000
#define TLS_RECORD_MAX 16384 /* bytes of data in one, RFC 8446 5.1 */

struct tls;

/* Puts the areas under t->ssl. False without memory. */
bool tls_wire_join(struct tls *t);
/* t is being freed. */
void tls_wire_forget(struct tls *t);

/* There are records that libssl has not seen. */
bool tls_wire_has_input(const struct tls *t);

/* To be called after each step that may have written: sends it, or keeps it
 * behind what waits for the socket already. */
void tls_wire_push(struct tls *t);
/* Or: keeps it without sending, for what is written in this step. */
void tls_wire_hold(struct tls *t);
/*
 * Or: nobody waits for it. It leaves in front of what is sent next, or when
 * TLS_PUT_OFF_US have passed, and counts as sent (not in io->wire_bytes) until
 * then.
 */
void tls_wire_put_off(struct tls *t);
/*
 * Before a step that writes: takes up what waits, if it is little, so that both
 * leave in one send; else sends it. False: something waits.
 */
bool tls_wire_lift(struct tls *t);

/*
 * Room for n bytes of records behind those that were made in this step, and so
 * many were put there. NULL: the peer makes us answer, and does not listen.
 */
unsigned char *tls_wire_room(struct tls *t, size_t n);
void tls_wire_add(size_t n);

/* The last n bytes of them, with room for as many behind; or NULL. */
unsigned char *tls_wire_last(size_t n);

/* TLS_RECORD_MAX bytes to put the data of one record together. */
char *tls_wire_gather(void);

#endif

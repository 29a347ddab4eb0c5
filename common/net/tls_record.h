/*
 * tls_record.h - records of TLS 1.3 that go out, sealed here (RFC 8446 5.2):
 * for a short one, libssl does four times the work of its cipher.
 *
 *	data ---------------------------------> seal -> wire.out
 *	libssl: alert, update of the key -------^
 *
 * libssl makes the handshake and the first two records of data, of which the
 * second has to be what would be made here. Later it still reads, and decides
 * what is to be said besides data; what it has sealed itself is dropped, and
 * what it has said, sealed here.
 */
#ifndef COMMON_NET_TLS_RECORD_H
#define COMMON_NET_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* RFC 8446 5.5 allows AES-GCM a few more with one key. */
#define TLS_RECORDS_PER_KEY (UINT64_C(1) << 24)

struct tls;

/* Once per process, before any context. */
void tls_record_init(void);

/* Around each step of the handshake; `done`: it is over. */
void tls_record_watch(struct tls *t);
void tls_record_watched(struct tls *t, bool done);

/*
 * Makes one record of data, or a part of it, which is not empty and at most
 * TLS_RECORD_MAX. Returns how many bytes of it; 0: it failed, or t->half: the
 * peer has sent half of a message, and libssl writes nothing before the rest of
 * it was read.
 */
size_t tls_record_write(struct tls *t, struct slice data);

/* t is being freed. */
void tls_record_end(struct tls *t);

#endif

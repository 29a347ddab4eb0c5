/*
 * io_tls.h - the seam inside struct io: what io.c asks of TLS, and what TLS
 * asks of the socket.
 *
 *	owner <- input - io.c <- tls_read  - libssl - BIO <- io_socket_recv
 *	owner -> out   - io.c -> tls_write - libssl - BIO -> io_socket_send
 *	                                  \- tls_record -/
 *
 * Both areas through which records pass belong to the process. What of them
 * one connection has to keep is copied only when it must wait: for the socket
 * (counted in io->wire_bytes), or because another connection needs the area.
 * No call from here ends in an owner's event.
 */
#ifndef COMMON_NET_IO_TLS_H
#define COMMON_NET_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct buf;
struct io;
struct tls;

/* ---- by tls_io.c and tls_wire.c ---- */

/* The two areas; once, before any io, and after the last. */
bool tls_wire_init(void);
void tls_wire_fini(void);

/* t begins to work on io. */
void tls_attach(struct tls *t, struct io *io);

/* Records that were received before t was there; takes b over. */
void tls_feed(struct tls *t, struct buf *b);

enum tls_step { TLS_WAITS, TLS_DONE, TLS_FAILED };

/*
 * One step of the handshake, with one recv at most. What the last flight says
 * is held back (io->wire_bytes), to leave with what the owner writes next.
 * TLS_FAILED: io->error is set.
 */
enum tls_step tls_handshake(struct io *io);

/* The side that speaks first: its owner waits for `connected`. */
bool tls_is_client(const struct tls *t);

/*
 * As much of the peer's data as one recv gives and `most` allows; io->held says
 * whether there may be more without one. *moved: bytes of data or, when there
 * are none, of records: 0 when nothing has moved. The end sets io->saw_eof, a
 * failure io->error.
 */
size_t tls_read(struct io *io, char *to, size_t most, size_t *moved);

/* Data, or a part of a record, was received that tls_read has not given. */
bool tls_has_more(const struct tls *t);

/*
 * Makes records of the spans and sends them, while the socket takes them all.
 * Returns the bytes of the spans that were taken; 0 before the handshake is
 * over, while io->wire_bytes wait, and when more has to be read first.
 */
size_t tls_write(struct io *io, const struct iovec *iov, int count);

/* Sends the records that wait. True when none does. */
bool tls_flush(struct io *io);

/* Says close_notify, once, behind all records; true when none waits. */
bool tls_bye(struct io *io);

/* ---- by io.c and io_input.c ---- */

/*
 * One recv of at most `most` bytes; 0 when there was nothing to get, or the
 * end. Keeps io->readable, saw_eof, error and bytes_in.
 */
size_t io_socket_recv(struct io *io, char *to, size_t most);

/*
 * One send; 0 when the socket takes nothing or is broken. Keeps io->writable,
 * error and bytes_out.
 */
size_t io_socket_send(struct io *io, const struct iovec *iov, int count);

/* Keeps the first error; a task tells it. */
void io_error_set(struct io *io, int error);

/* The socket takes nothing, with this errno; EAGAIN: for now. */
void io_send_failed(struct io *io, int error);

#endif

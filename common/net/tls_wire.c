/*
 * tls_wire.c - records between libssl and the socket: the two areas of the
 * process, what of them a connection keeps, and the BIO in front of them.
 *
 *	socket --recv--> wire.in --BIO--> libssl
 *	                    \ rest: t->in
 *	libssl --BIO--> wire.out --send--> socket
 *	tls_record.c ---/   \ rest: t->out
 */
#include <errno.h>
#include <sys/mman.h>

#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/io_tls.h"
#include "common/net/tls_state.h"
#include "common/net/tls_wire.h"

#define OUT_BYTES 98304    /* a step's data, in records */
#define HELD_MAX 4096      /* that still leaves with what comes next */
#define WAITING_MAX 262144 /* more than our own writes ever leave */
#define IOV_SENT 16

/* The process's areas. */
static struct wire {
	char in[IO_SCRATCH_BYTES];
	char out[OUT_BYTES];
	char gather[TLS_RECORD_MAX];
	size_t in_start, in_end;
	struct tls *in_owner; /* of in[in_start..in_end), or NULL */
	size_t out_end;
} * wire;

static BIO_METHOD *wire_method;

/* ---- in ---- */

/* The area is needed: its rest moves to the connection that it is for. */
static void
wire_in_evict(void)
{
	struct tls *t = wire->in_owner;
	size_t n = wire->in_end - wire->in_start;

	wire->in_owner = NULL;
	if (t == NULL)
		return;
	MUST(t->in == NULL);
	t->in = buf_take(n);
	if (t->in == NULL) {
		io_error_set(t->io, ENOMEM);
		return;
	}
	memcpy(t->in->data, wire->in + wire->in_start, n);
	t->in->end = (uint32_t)n;
}

/* From what was kept; 0: nothing was. */
static size_t
wire_take_kept(struct tls *t, char *to, size_t most)
{
	struct buf *b = t->in;
	size_t n;

	if (b == NULL)
		return 0;
	n = b->end - b->start;
	if (n > most)
		n = most;
	memcpy(to, b->data + b->start, n);
	b->start += (uint32_t)n;
	if (b->start == b->end) {
		buf_give(b);
		t->in = NULL;
	}
	return n;
}

/* From the area, which is filled when this step may. */
static size_t
wire_take(struct tls *t, char *to, size_t most)
{
	size_t n;

	if (wire->in_owner != t) {
		if (!t->may_receive || !t->io->readable)
			return 0;
		t->may_receive = false;
		wire_in_evict();
		wire->in_start = 0;
		wire->in_end = io_socket_recv(t->io, wire->in, t->io->read_max);
		if (wire->in_end == 0)
			return 0;
		wire->in_owner = t;
	}
	n = wire->in_end - wire->in_start;
	if (n > most)
		n = most;
	memcpy(to, wire->in + wire->in_start, n);
	wire->in_start += n;
	if (wire->in_start == wire->in_end)
		wire->in_owner = NULL;
	return n;
}

static int
wire_bio_read(BIO *bio, char *to, int most)
{
	struct tls *t = BIO_get_data(bio);
	size_t n;

	BIO_clear_retry_flags(bio);
	n = wire_take_kept(t, to, (size_t)most);
	if (n == 0)
		n = wire_take(t, to, (size_t)most);
	if (n != 0)
		return (int)n;
	if (t->io->saw_eof)
		return 0;
	t->dry = true;
	BIO_set_retry_read(bio);
	return -1;
}

/* ---- out ---- */

/* Keeps out[from..out_end), behind what waits for the socket already. */
static void
wire_keep(struct tls *t, size_t from)
{
	struct io *io = t->io;

	if (io->error == 0)
		obuf_append(&t->out, wire->out + from, wire->out_end - from);
	wire->out_end = 0;
	if (t->out.failed)
		io_error_set(io, ENOMEM);
	io->wire_bytes = t->out.bytes;
}

void
tls_wire_hold(struct tls *t)
{
	wire_keep(t, 0);
}

/* What was put off waits like all else from here on. */
static void
wire_let_go(struct tls *t)
{
	if (!t->put_off)
		return;
	t->put_off = false;
	timer_fini(&t->io->loop->timers, &t->due);
	t->io->wire_bytes = t->out.bytes;
}

static void
wire_due(struct timer *timer)
{
	struct tls *t = CONTAINER_OF(timer, struct tls, due);

	wire_let_go(t);
	io_flush(t->io);
}

void
tls_wire_put_off(struct tls *t)
{
	struct io *io = t->io;

	tls_wire_hold(t);
	if (io->wire_bytes == 0 || io->error != 0)
		return;
	t->put_off = true;
	io->wire_bytes = 0;
	timer_init(&t->due, wire_due);
	timer_set(&io->loop->timers, &t->due,
	    mono_add_us(clock_now(), TLS_PUT_OFF_US));
}

void
tls_wire_push(struct tls *t)
{
	struct io *io = t->io;
	struct iovec iov = { wire->out, wire->out_end };
	size_t sent = 0;

	if (wire->out_end == 0)
		return;
	if (t->put_off) {
		wire_let_go(t);
		wire_keep(t, 0);
		tls_flush(io);
		return;
	}
	if (io->wire_bytes == 0 && io->writable) {
		sent = io_socket_send(io, &iov, 1);
		t->sent_us = clock_now().us;
	}
	if (sent == wire->out_end)
		wire->out_end = 0;
	else
		wire_keep(t, sent);
}

unsigned char *
tls_wire_room(struct tls *t, size_t n)
{
	if (n > OUT_BYTES - wire->out_end)
		tls_wire_push(t);
	if (t->out.bytes > WAITING_MAX) {
		tls_fault_say(t, "the peer does not read");
		return NULL;
	}
	return n <= OUT_BYTES ? (unsigned char *)wire->out + wire->out_end
			      : NULL;
}

void
tls_wire_add(size_t n)
{
	wire->out_end += n;
}

unsigned char *
tls_wire_last(size_t n)
{
	return n <= wire->out_end && n <= OUT_BYTES - wire->out_end
	    ? (unsigned char *)wire->out + wire->out_end - n
	    : NULL;
}

static int
wire_bio_write(BIO *bio, const char *p, int n)
{
	struct tls *t = BIO_get_data(bio);
	unsigned char *to = tls_wire_room(t, (size_t)n);

	BIO_clear_retry_flags(bio);
	if (to == NULL)
		return -1;
	/* Of what it makes once the records are ours, it is told otherwise. */
	if (t->sealer != NULL)
		return n;
	memcpy(to, p, (size_t)n);
	tls_wire_add((size_t)n);
	return n;
}

bool
tls_wire_lift(struct tls *t)
{
	struct io *io = t->io;

	wire_let_go(t);
	if (io->wire_bytes == 0)
		return true;
	if (io->wire_bytes > HELD_MAX)
		return tls_flush(io);
	while (t->out.head != NULL) {
		const struct buf *b = t->out.head;
		size_t n = b->end - b->start;

		memcpy(wire->out + wire->out_end, b->data + b->start, n);
		wire->out_end += n;
		obuf_consume(&t->out, n);
	}
	io->wire_bytes = 0;
	return true;
}

bool
tls_flush(struct io *io)
{
	struct tls *t = io->tls;

	while (io->wire_bytes != 0 && io->writable) {
		struct iovec iov[IOV_SENT];
		int count = obuf_iov(&t->out, iov, IOV_SENT);

		obuf_consume(&t->out, io_socket_send(io, iov, count));
		io->wire_bytes = t->out.bytes;
	}
	return io->wire_bytes == 0;
}

/* ---- the BIO ---- */

static long
wire_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	/* The end is io->saw_eof: for libssl it would be a failure that spoils
	 * the session. */
	return command == BIO_CTRL_FLUSH;
}

static int
wire_bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static bool
wire_method_init(void)
{
	wire_method = BIO_meth_new(
	    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "penstock io");
	return wire_method != NULL &&
	    BIO_meth_set_read(wire_method, wire_bio_read) == 1 &&
	    BIO_meth_set_write(wire_method, wire_bio_write) == 1 &&
	    BIO_meth_set_ctrl(wire_method, wire_bio_ctrl) == 1 &&
	    BIO_meth_set_create(wire_method, wire_bio_create) == 1;
}

bool
tls_wire_init(void)
{
	void *p = mmap(NULL, sizeof(*wire), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	wire = p;
	return wire_method_init();
}

void
tls_wire_fini(void)
{
	BIO_meth_free(wire_method);
	wire_method = NULL;
	munmap(wire, sizeof(*wire));
	wire = NULL;
}

char *
tls_wire_gather(void)
{
	return wire->gather;
}

bool
tls_wire_has_input(const struct tls *t)
{
	return t->in != NULL || wire->in_owner == t;
}

void
tls_wire_forget(struct tls *t)
{
	wire_let_go(t);
	if (wire != NULL && wire->in_owner == t)
		wire->in_owner = NULL;
}

bool
tls_wire_join(struct tls *t)
{
	BIO *bio = BIO_new(wire_method);

	if (bio == NULL)
		return false;
	BIO_set_data(bio, t);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}

/*
 * tls_io.c - see io_tls.h: the steps of a connection, each one recv at most, as
 * few sends as possible, and no event.
 */
#include <errno.h>
#include <openssl/err.h>

#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/io_tls.h"
#include "common/net/tls_record.h"
#include "common/net/tls_state.h"
#include "common/net/tls_wire.h"

#define RECORD_FIRST 4096 /* a peer can begin when three packets came */
#define BURST_FIRST 65536 /* bytes in such records after a pause */
#define PAUSE_US 1000000  /* of sending */
#define STEP_BYTES 65536  /* of data for one send */

/*
 * An update of the peer's key costs as much as ten records of data, and brings
 * none: a peer may send so many of them, and one more for so many records.
 */
#define BARREN_MAX 32
#define BARREN_PRICE 16

void
tls_attach(struct tls *t, struct io *io)
{
	t->io = io;
	if (tls_wire_join(t))
		return;
	t->broken = true;
	io_error_set(io, ENOMEM);
}

void
tls_feed(struct tls *t, struct buf *b)
{
	MUST(t->in == NULL);
	t->in = b;
	t->io->held = true;
}

bool
tls_is_client(const struct tls *t)
{
	return t->client != NULL;
}

/* libssl has failed: its alert leaves, and the owner will be told. */
static void
tls_fail(struct tls *t)
{
	struct io *io = t->io;
	bool first = io->error == 0;

	t->broken = true;
	tls_fault_set(t);
	tls_wire_push(t);
	io_error_set(io, EPROTO);
	/* That the alert could not leave is not what was wrong. */
	if (first)
		io->error = EPROTO;
	io->readable = false;
	io->held = false;
}

static bool
tls_begin(struct tls *t)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
	t->may_receive = true;
	return !t->broken;
}

/* What is sealed here asks no library's queue how it went. What comes in is for
 * a step that reads. */
static bool
tls_begin_write(struct tls *t)
{
	bool may = t->sealer != NULL ? !t->broken : tls_begin(t);

	t->may_receive = false;
	t->half = false;
	return may;
}

/*
 * A connection that waits holds no record buffer. SSL_MODE_RELEASE_BUFFERS sees
 * to those of data, at a third of this call's price; those of other records are
 * left.
 */
static void
tls_rest(struct tls *t)
{
	(void)SSL_free_buffers(t->ssl);
}

static void
tls_done(struct tls *t)
{
	t->ready = true;
	if (t->client != NULL)
		tls_client_done(t);
	else
		tls_server_done(t);
	/* Behind the handshake of TLS 1.3, a server has only a ticket to send,
	 * and the answer to the first request takes it along. */
	if (t->client == NULL && SSL_version(t->ssl) == TLS1_3_VERSION)
		tls_wire_put_off(t);
	else
		tls_wire_hold(t);
	tls_rest(t);
}

enum tls_step
tls_handshake(struct io *io)
{
	struct tls *t = io->tls;
	int r;

	if (t->started && !io->readable && !io->held && !io->saw_eof)
		return TLS_WAITS;
	if (!tls_begin(t))
		return TLS_FAILED;
	t->started = true;
	tls_record_watch(t);
	r = SSL_do_handshake(t->ssl);
	tls_record_watched(t, r == 1);
	io->held = tls_wire_has_input(t);
	if (r == 1) {
		tls_done(t);
		return TLS_DONE;
	}
	if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ) {
		tls_fail(t);
		return TLS_FAILED;
	}
	tls_wire_push(t);
	tls_rest(t);
	return TLS_WAITS;
}

/* Whether another step may find something without a recv: asking libssl costs
 * a third of a short request's step. */
static bool
tls_has_input(const struct tls *t)
{
	return SSL_has_pending(t->ssl) == 1 || tls_wire_has_input(t);
}

/* A message, and no data. */
static void
tls_read_barren(struct tls *t)
{
	t->barren += BARREN_PRICE;
	if (t->barren <= BARREN_MAX * BARREN_PRICE)
		return;
	tls_fault_say(t, "the peer sends too many records without data");
	tls_fail(t);
}

/* SSL_read has no data: why. */
static void
tls_read_end(struct tls *t, int error)
{
	struct io *io = t->io;

	/* It stops behind each message, with others in the same record, too. */
	io->held = error == SSL_ERROR_WANT_READ && !t->dry;
	tls_rest(t);
	if (io->held)
		tls_read_barren(t);
	if (error == SSL_ERROR_WANT_READ)
		return;
	if (error == SSL_ERROR_ZERO_RETURN) {
		io->saw_eof = true;
		io->readable = false;
		io->held = false;
	} else if (error == SSL_ERROR_SYSCALL && io->saw_eof) {
		io->cut = true;
	} else {
		tls_fail(t);
	}
}

size_t
tls_read(struct io *io, char *to, size_t most, size_t *moved)
{
	struct tls *t = io->tls;
	uint64_t before = io->bytes_in;
	size_t got = 0;

	*moved = 0;
	if (!tls_begin(t)) {
		io->readable = false;
		io->held = false;
		return 0;
	}
	do {
		size_t n;
		int r;

		t->dry = false;
		r = SSL_read_ex(t->ssl, to + got, most - got, &n);
		if (r == 1) {
			got += n;
			t->barren -= t->barren != 0;
			io->held = tls_has_input(t);
		} else {
			tls_read_end(t, SSL_get_error(t->ssl, r));
		}
	} while (got < most && io->held);
	tls_wire_push(t);
	*moved = got != 0 ? got : (size_t)(io->bytes_in - before);
	return got;
}

bool
tls_has_more(const struct tls *t)
{
	return SSL_has_pending(t->ssl) != 0 || tls_wire_has_input(t);
}

/* ---- writing ---- */

/* How much to put into the next record. */
static size_t
record_size(struct tls *t)
{
	if (clock_now().us - t->sent_us >= PAUSE_US)
		t->burst = 0;
	return t->burst < BURST_FIRST ? RECORD_FIRST : TLS_RECORD_MAX;
}

/* Where in the spans the next byte is. */
struct spans {
	const struct iovec *iov;
	int count;
	size_t at; /* in iov[0] */
};

static void
spans_skip(struct spans *s, size_t n)
{
	s->at += n;
	while (s->count != 0 && s->at >= s->iov->iov_len) {
		s->at -= s->iov->iov_len;
		s->iov++;
		s->count--;
	}
}

/*
 * The bytes for one record: in place when the span is worth one, or the last;
 * otherwise gathered.
 */
static struct slice
spans_record(struct spans s, size_t most)
{
	size_t n = s.iov->iov_len - s.at;
	const char *p = (const char *)s.iov->iov_base + s.at;
	char *to = tls_wire_gather();
	size_t got = 0;

	if (n >= most / 2 || s.count == 1)
		return slice_make(p, n < most ? n : most);
	while (s.count != 0 && got < most) {
		p = (const char *)s.iov->iov_base + s.at;
		n = s.iov->iov_len - s.at;
		if (n > most - got)
			n = most - got;
		memcpy(to + got, p, n);
		got += n;
		spans_skip(&s, n);
	}
	return slice_make(to, got);
}

/* Makes records for one send; returns the bytes that are in them. */
static size_t
tls_seal(struct tls *t, struct spans *s)
{
	size_t done = 0;

	while (s->count != 0 && done < STEP_BYTES) {
		struct slice r = spans_record(*s, record_size(t));
		size_t n = tls_record_write(t, r);

		if (n == 0) {
			if (!t->half)
				tls_fail(t);
			break;
		}
		t->burst += n;
		done += n;
		spans_skip(s, n);
	}
	return done;
}

static void
tls_seal_bye(struct tls *t)
{
	t->bye = true;
	if (SSL_shutdown(t->ssl) < 0)
		tls_fault_set(t);
}

size_t
tls_write(struct io *io, const struct iovec *iov, int count)
{
	struct tls *t = io->tls;
	struct spans s = { iov, count, 0 };
	size_t done = 0;

	if (!t->ready || t->bye || !tls_begin_write(t) || !tls_wire_lift(t))
		return 0;
	spans_skip(&s, 0);
	do {
		done += tls_seal(t, &s);
		if (io->last && !t->broken && done == io->out.bytes)
			tls_seal_bye(t);
		tls_wire_push(t);
	} while (
	    s.count != 0 && io->wire_bytes == 0 && io->writable && !t->half);
	return done;
}

bool
tls_bye(struct io *io)
{
	struct tls *t = io->tls;

	if (t->ready && !t->bye && tls_begin(t) && tls_wire_lift(t)) {
		tls_seal_bye(t);
		tls_wire_push(t);
	}
	return tls_flush(io);
}

/*
 * io_pass.c - the bytes of a long body, from one socket through a duct to
 * another one: the kernel moves its pages, and nobody looks at them.
 *
 *	socket -> io_pass_run -> duct of the other io -> io_flush -> socket
 *
 * An io has a duct only while there are bytes in it: so one is enough for all
 * whose peers take what comes.
 */
#include "common/net/io_pass.h"

#include <errno.h>
#include <fcntl.h>

#include "common/base/must.h"
#include "common/net/duct.h"
#include "common/net/io.h"
#include "common/net/io_input.h"
#include "common/net/io_tls.h"

/* What comes in smaller pieces is copied at less cost. */
#define PASS_LEAST 16384

static ssize_t
duct_move(int from, int to, size_t most)
{
	ssize_t n;

	do {
		n = splice(from, NULL, to, NULL, most,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	return n;
}

void
io_duct_drop(struct io *io)
{
	if (io->duct == 0)
		return;
	duct_give(io->duct, io->wire_bytes == 0);
	io->duct = 0;
	io->wire_bytes = 0;
}

bool
io_duct_flush(struct io *io)
{
	while (io->wire_bytes != 0 && io->writable) {
		ssize_t n =
		    duct_move(duct_out(io->duct), io->watch.fd, io->wire_bytes);

		if (n <= 0) {
			io_send_failed(io, n < 0 ? errno : EPIPE);
			break;
		}
		io->wire_bytes -= (uint32_t)n;
		io->bytes_out += (uint64_t)n;
	}
	if (io->wire_bytes != 0)
		return false;
	io_duct_drop(io);
	return true;
}

/* A duct for what comes next, behind nothing; false: it is to be copied. */
static bool
io_duct_prepare(struct io *to)
{
	if (io_unsent(to) != 0 && !io_flush(to))
		return false;
	to->duct = duct_take();
	return to->duct != 0;
}

/* Nothing came, for this reason; 0: it is the end. */
static void
io_pass_failed(struct io *io, int error)
{
	if (error == EINVAL || error == ENOMEM) {
		io->passes = false;
		return;
	}
	io->readable = false;
	if (error == 0)
		io->saw_eof = true;
	else if (error != EAGAIN)
		io_error_set(io, error);
}

/* From io's socket into the duct. 0: nothing is there, or it cannot be. */
static size_t
io_pass_receive(struct io *io, const struct io_pass *pass)
{
	struct io *to = pass->to;
	size_t most = pass->most < DUCT_BYTES ? (size_t)pass->most : DUCT_BYTES;
	ssize_t n = duct_move(io->watch.fd, duct_in(to->duct), most);

	if (n > 0) {
		to->wire_bytes = (uint32_t)n;
		io->bytes_in += (uint64_t)n;
		return (size_t)n;
	}
	io_pass_failed(io, n < 0 ? errno : 0);
	io_duct_drop(to);
	return 0;
}

size_t
io_pass_run(struct io *io)
{
	struct io_pass pass = IO_PASS_NONE;
	size_t n;

	if (io_stashed(io) == 0)
		pass = io->events->passes(io);
	if (pass.most == 0 || !io_duct_prepare(pass.to)) {
		io->passes = false;
		return 0;
	}
	n = io_pass_receive(io, &pass);
	if (n == 0)
		return 0;
	io->passes = n >= PASS_LEAST;
	io->in_input = true;
	io->events->passed(io, n);
	io->in_input = false;
	/* io_close left it. */
	if (!io_is_open(io))
		io_input_drop(io);
	return n;
}

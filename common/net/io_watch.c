/*
 * io_watch.c - when the loop is told of a socket: not before its owner has to
 * know what happens on it, and of room only when that lacks.
 */
#include "common/net/io_watch.h"

#include <errno.h>

#include "common/net/io.h"
#include "common/net/io_tls.h"

static void
io_watched(struct io *io, bool done)
{
	io->watched = io->watched || done;
	if (!done)
		io_error_set(io, errno);
}

void
io_watch(struct io *io)
{
	if (io->watched || !io_is_open(io))
		return;
	/* A handshake sends without io_flush. */
	if (io->blocked || io->tls != NULL)
		io_watch_room(io);
	else
		io_watched(io, loop_add_reading(io->loop, &io->watch));
}

void
io_watch_room(struct io *io)
{
	if (io->room || !io->begun)
		return;
	io->room = true;
	io_watched(io,
	    io->watched ? loop_watch_both(io->loop, &io->watch)
			: loop_add(io->loop, &io->watch, false));
}

/*
 * client_pass.c - the bytes of long bodies, up and down, that go past the codec
 * of a client connection of HTTP/1 (common/net/io_pass.c).
 */
#include "worker/client_state.h"

static struct client *
client_of_req(const struct req *q)
{
	return CONTAINER_OF(q->stream, struct client_work, codec.stream)
	    ->client;
}

struct io_pass
client_passes(struct io *io)
{
	const struct client *c = CONTAINER_OF(io, struct client, io);

	if (c->req == NULL || c->state != CLIENT_BUSY)
		return IO_PASS_NONE;
	return io_pass_at_most(
	    req_passes(c->req), h1_passes_in(&c->work->codec));
}

void
client_passed(struct io *io, size_t n)
{
	struct client *c = CONTAINER_OF(io, struct client, io);

	req_passed(c->req, n);
	h1_passed_in(&c->work->codec, n);
	if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING)
		return;
	if (h1_passes_in(&c->work->codec) == 0)
		io->read_max = CLIENT_READ_NEXT;
	client_after_input(c, false);
}

struct io_pass
client_req_passes(struct req *q)
{
	struct client *c = client_of_req(q);

	if (c->io.tls != NULL)
		return IO_PASS_NONE;
	return (struct io_pass){ &c->io, h1_passes_out(&c->work->codec) };
}

void
client_req_passed(struct req *q, size_t n)
{
	h1_passed_out(&client_of_req(q)->work->codec, n);
}

/*
 * forward_pass.c - long bodies that nothing here wants to see pass between the
 * two sockets without being copied (common/net/io_pass.c). Each byte counts as
 * if it had been handed on.
 */
#include "worker/origin/forward_state.h"

struct io_pass
forward_passes_down(struct call *c)
{
	const struct forward *f = c->user;
	struct req *q = f->req;

	if (f->waiting)
		return IO_PASS_NONE;
	return req_answer_passes(q);
}

void
forward_passed_down(struct call *c, size_t n)
{
	const struct forward *f = c->user;

	req_answer_passed(f->req, n);
}

struct io_pass
forward_passes_up(struct req *q)
{
	const struct forward *f = q->handled;

	if (!forward_sending(f) || f->keeping)
		return IO_PASS_NONE;
	return call_passes(&f->call);
}

void
forward_passed_up(struct req *q, size_t n)
{
	struct forward *f = q->handled;

	f->body_begun = true;
	call_passed(&f->call, n);
}

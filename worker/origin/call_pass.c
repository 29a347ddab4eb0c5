/*
 * call_pass.c - the bytes of long bodies that go past the codecs: whither, and
 * what is counted of them.
 */
#include "worker/origin/call_state.h"

#include "worker/origin/solo.h"

struct io_pass
call_on_passes(struct call *c)
{
	if (c->sink->passes == NULL)
		return IO_PASS_NONE;
	return c->sink->passes(c);
}

void
call_on_passed(struct call *c, size_t n)
{
	c->sink->passed(c, n);
}

struct io_pass
call_passes(const struct call *c)
{
	struct origin *o = c->origin;

	if (o == NULL || o->io == NULL || o->io->tls != NULL)
		return IO_PASS_NONE;
	return (struct io_pass){ o->io, h1_passes_out(&solo_of(o)->codec) };
}

void
call_passed(struct call *c, size_t n)
{
	call_continue(c);
	c->starved = false;
	h1_passed_out(&solo_of(c->origin)->codec, n);
}

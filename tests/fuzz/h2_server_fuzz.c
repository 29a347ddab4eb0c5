/*
 * h2_server_fuzz.c - a client's frames, or any bytes, into the HTTP/2 codec in
 * the server role, cut anywhere, with an owner that answers, pauses and lets go
 * by a plan: the same events and the same frames whatever the cuts, none out of
 * its order, and each request that comes out of it is one request of HTTP/1.1,
 * and the same.
 *
 *	byte 0: raw bytes, small windows, an end, GOAWAY; 1-4: cuts; 5-12: plans
 */
#include "tests/fuzz/h2_thrice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codec_limits limits = { 1024, 64, 12 };
static const struct h2_limits large = { 6, 65535, 1 << 20, 20, 60 };
static const struct h2_limits small = { 3, 100, 65535, 20, 60 };

static void
begin(struct run *r, const uint8_t *data, bool following)
{
	memset(r, 0, sizeof(*r));
	r->role = CODEC_SERVER;
	r->plan = data + 1 + CUTS;
	r->following = following;
	obuf_init(&r->out, NULL);
	r->h2 = h2_new(CODEC_SERVER, &watch_events, &limits,
	    data[0] & CHOICE_SMALL ? &small : &large, &r->out, r);
	MUST(r->h2 != NULL);
}

static void
finish(struct run *r, const uint8_t *data)
{
	if (data[0] & CHOICE_GOAWAY) {
		h2_goaway(r->h2, (data[0] & CHOICE_RAW) != 0);
		run_turn(r);
	}
	run_close(r, (data[0] & CHOICE_EOF) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct thrice_owner owner = { begin, finish };

	return run_thrice(&owner, true, data, size);
}

/*
 * h2_flood.c - what costs us and brings a peer nothing is counted: streams that
 * end before their answer (CVE-2023-44487, and CVE-2025-8671, where the server
 * is made to end them), and frames that ask for a frame or for nothing.
 */
#include "common/http/h2_state.h"

#define ONE 1000u
/*
 * Frames of the peer that have a reason are not counted: who is frugal answers
 * DATA with two WINDOW_UPDATEs at most, of the stream and of the connection;
 * some do so for each KiB that they have read, and some measure the way with a
 * PING (gRPC).
 */
#define CREDIT_PER_DATA 4
#define CREDIT_DATA_BYTES 512
#define CREDIT_MOST 65536 /* of small frames so many wait in sockets */
/* DATA of so many bytes is no trickle. */
#define DATA_BYTES 256
/*
 * Others give back each message that they have read by itself, in two
 * WINDOW_UPDATEs, however many came in one frame; of gRPC the least is five
 * bytes long.
 */
#define RETURN_BYTES 2
#define RETURN_MOST (1u << 20)
/* A header block may take so many frames beyond one for each so many bytes of a
 * head, and on the wire so many times a head: RFC 9113 10.5.1, CVE-2024-27316.
 */
#define BLOCK_FRAMES 8
#define BLOCK_FRAME_BYTES 4096
#define BLOCK_WIRE 4

void
h2_budget_init(struct h2_budget *b, uint32_t most)
{
	b->most = (uint64_t)most * ONE;
	b->left = b->most;
	b->at = clock_now();
}

/* A hundredth of the most per second, at least one. */
static void
budget_grow(struct h2_budget *b)
{
	struct mono now = clock_now();
	uint64_t per_second = b->most / 100 > ONE ? b->most / 100 : ONE;
	uint64_t us = mono_diff_us(now, b->at);
	uint64_t more;

	if (us < 1000)
		return;
	more = us / 1000 * per_second / 1000;
	if (more == 0)
		return;
	b->at = now;
	b->left = b->left + more < b->most ? b->left + more : b->most;
}

bool
h2_budget_take(struct h2_budget *b)
{
	/* Also while there is some: else all of it comes twice. */
	budget_grow(b);
	if (b->left < ONE)
		return false;
	b->left -= ONE;
	return true;
}

void
h2_flood_reset(struct h2 *h, struct h2_stream *s)
{
	if (h->role == CODEC_CLIENT || (s != NULL && s->charged))
		return;
	if (s != NULL)
		s->charged = true;
	if (!h2_budget_take(&h->resets))
		h2_fail(h, H2_FLOOD, "too many streams were reset");
}

void
h2_flood_credit(struct h2 *h, uint32_t frames)
{
	h->credit += frames;
	if (h->credit > CREDIT_MOST)
		h->credit = CREDIT_MOST;
}

/* A window of a few bytes makes many frames of a few. */
void
h2_flood_sent(struct h2 *h, size_t n, bool more)
{
	if (n < DATA_BYTES && more)
		return;
	h2_flood_credit(h, CREDIT_PER_DATA + (uint32_t)(n / CREDIT_DATA_BYTES));
	h->to_return += n;
	if (h->to_return > RETURN_MOST)
		h->to_return = RETURN_MOST;
}

void
h2_flood_control(struct h2 *h)
{
	if (h->credit != 0)
		h->credit--;
	else if (!h2_budget_take(&h->control))
		h2_fail(h, H2_FLOOD, "too many frames without effect");
}

void
h2_flood_data(struct h2 *h, size_t content, bool end)
{
	if (content == 0 && !end)
		h2_flood_control(h);
	else if (content >= DATA_BYTES)
		h2_flood_credit(h, 1);
}

static void
flood_block(struct h2 *h, const nghttp2_frame_hd *hd)
{
	size_t head = h->base.limits->head_bytes;

	if (hd->type == NGHTTP2_HEADERS) {
		h->block_frames = 0;
		h->block_wire = 0;
	}
	h->block_frames++;
	h->block_wire += hd->length;
	if (h->block_frames > BLOCK_FRAMES + head / BLOCK_FRAME_BYTES ||
	    h->block_wire > BLOCK_WIRE * head + BLOCK_FRAME_BYTES)
		h2_fail(h, H2_FLOOD, "a header block goes on and on");
}

/* Those of streams that are gone are read for nothing. */
static void
flood_headers(struct h2 *h, const struct h2_stream *s, int32_t id)
{
	if (h->role == CODEC_SERVER && id > h->last_id)
		h->last_id = id;
	else if (s == NULL)
		h2_flood_control(h);
}

static void
flood_window(struct h2 *h)
{
	if (h->to_return >= RETURN_BYTES)
		h->to_return -= RETURN_BYTES;
	else
		h2_flood_control(h);
}

void
h2_flood_frame(
    struct h2 *h, const struct h2_stream *s, const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_HEADERS:
		flood_headers(h, s, hd->stream_id);
		flood_block(h, hd);
		break;
	case NGHTTP2_CONTINUATION:
		flood_block(h, hd);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		flood_window(h);
		break;
	case NGHTTP2_RST_STREAM: /* when its stream is known */
		break;
	case NGHTTP2_DATA: /* when it has been read; of that for streams that
			    * are gone libnghttp2 tells nothing */
		break;
	default:
		h2_flood_control(h);
	}
}

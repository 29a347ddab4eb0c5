/*
 * grpc_web_body.c - see grpc_web_body.h.
 */
#include "worker/filter/grpc_web_body.h"

#include "worker/flow/req.h"

#define BLOCK 8192u /* of what is handed on */

/* ---- requests ---- */

static enum why
up_data(struct sink *s, struct slice bytes)
{
	struct grpc_web_up *u = CONTAINER_OF(s, struct grpc_web_up, sink);
	enum why why = WHY_OK;
	char out[BLOCK];
	size_t n;

	while (bytes.n != 0 && why == WHY_OK) {
		if (!base64_read(&u->reader, &bytes, out, sizeof(out), &n))
			return WHY_BAD_GRPC_WEB;
		why = sink_data(s->next, slice_make(out, n));
	}
	return why;
}

static enum why
up_end(struct sink *s, const struct head *trailers)
{
	struct grpc_web_up *u = CONTAINER_OF(s, struct grpc_web_up, sink);

	if (!base64_read_whole(&u->reader))
		return WHY_BAD_GRPC_WEB;
	return sink_end(s->next, trailers);
}

void
grpc_web_up_init(struct grpc_web_up *u, struct req *q)
{
	static const struct sink_ops ops = { up_data, up_end };

	*u = (struct grpc_web_up){ 0 };
	sink_init(&u->sink, &ops, q);
}

/* ---- answers ---- */

/* What of the front of `bytes` is of the present message; *ends: its end. */
static struct slice
message_part(struct grpc_web_down *d, struct slice bytes, bool *ends)
{
	size_t n = 0;

	while (d->head_bytes < GRPC_MESSAGE_HEAD && n < bytes.n) {
		uint8_t c = (uint8_t)bytes.p[n++];

		if (d->head_bytes++ != 0)
			d->left = d->left << 8 | c;
	}
	*ends = false;
	if (d->head_bytes == GRPC_MESSAGE_HEAD) {
		size_t some = bytes.n - n < d->left ? bytes.n - n : d->left;

		n += some;
		d->left -= (uint32_t)some;
		*ends = d->left == 0;
	}
	if (*ends)
		d->head_bytes = 0;
	return slice_make(bytes.p, n);
}

/* Text that is handed on block by block. */
struct text_block {
	struct grpc_web_down *d;
	enum why why;
	size_t n;
	char out[BLOCK];
};

static void
block_flush(struct text_block *b)
{
	if (b->why == WHY_OK)
		b->why = sink_data(b->d->sink.next, slice_make(b->out, b->n));
	b->n = 0;
}

static void
block_write(struct text_block *b, struct slice bytes)
{
	while (bytes.n != 0) {
		b->n += base64_write(&b->d->writer, &bytes, b->out + b->n,
		    sizeof(b->out) - b->n);
		if (sizeof(b->out) - b->n < 4)
			block_flush(b);
	}
}

static void
block_pad(struct text_block *b)
{
	if (sizeof(b->out) - b->n < 4)
		block_flush(b);
	b->n += base64_write_end(&b->d->writer, b->out + b->n);
}

static enum why
down_text(struct grpc_web_down *d, struct slice bytes)
{
	struct text_block b;
	bool ends;

	b.d = d;
	b.why = WHY_OK;
	b.n = 0;
	while (bytes.n != 0) {
		struct slice part = message_part(d, bytes, &ends);

		block_write(&b, part);
		if (ends)
			block_pad(&b);
		bytes = slice_skip(bytes, part.n);
	}
	block_flush(&b);
	return b.why;
}

static enum why
down_data(struct sink *s, struct slice bytes)
{
	struct grpc_web_down *d = CONTAINER_OF(s, struct grpc_web_down, sink);

	return d->text ? down_text(d, bytes) : sink_data(s->next, bytes);
}

/* The trailers as a message; empty without memory. */
static struct slice
trailers_message(struct arena *a, const struct head *trailers)
{
	size_t n = 0, at = GRPC_MESSAGE_HEAD;
	char *p;

	for (uint32_t i = 0; i < trailers->count; i++)
		n += trailers->fields[i].name.n + trailers->fields[i].value.n +
		    4;
	p = n <= UINT32_MAX ? arena_alloc(a, GRPC_MESSAGE_HEAD + n) : NULL;
	if (p == NULL)
		return SLICE_NONE;
	p[0] = (char)GRPC_WEB_TRAILERS;
	for (unsigned i = 0; i < 4; i++)
		p[1 + i] = (char)(n >> (24 - 8 * i));
	for (uint32_t i = 0; i < trailers->count; i++) {
		const struct field *f = &trailers->fields[i];

		for (size_t k = 0; k < f->name.n; k++)
			p[at++] = ascii_lower(f->name.p[k]);
		memcpy(p + at, ": ", 2);
		if (f->value.n != 0)
			memcpy(p + at + 2, f->value.p, f->value.n);
		memcpy(p + at + 2 + f->value.n, "\r\n", 2);
		at += f->value.n + 4;
	}
	return slice_make(p, at);
}

/* A message that was not whole ends here. */
static enum why
down_cut(struct grpc_web_down *d)
{
	char out[4];
	size_t n = base64_write_end(&d->writer, out);

	d->head_bytes = 0;
	d->left = 0;
	return sink_data(d->sink.next, slice_make(out, n));
}

static enum why
down_end(struct sink *s, const struct head *trailers)
{
	struct grpc_web_down *d = CONTAINER_OF(s, struct grpc_web_down, sink);
	enum why why = down_cut(d);
	struct slice message;

	if (why == WHY_OK && trailers != NULL && trailers->count != 0) {
		message = trailers_message(&s->req->arena, trailers);
		why = message.n != 0 ? down_data(s, message) : WHY_OVERLOADED;
	}
	return why == WHY_OK ? sink_end(s->next, NULL) : why;
}

void
grpc_web_down_init(struct grpc_web_down *d, struct req *q, bool text)
{
	static const struct sink_ops ops = { down_data, down_end };

	*d = (struct grpc_web_down){ .text = text };
	sink_init(&d->sink, &ops, q);
}

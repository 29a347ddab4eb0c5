/*
 * admin_answer.c - see admin_answer.h.
 */
#include "master/admin_answer.h"

#include <string.h>

#include "common/http/http.h"
#include "common/net/fds.h"

static void
admin_field(
    struct head *h, struct field *f, enum field_id id, struct slice value)
{
	f[h->count++] = (struct field){
		.name = http_field_name(id), .value = value, .id = (uint16_t)id
	};
	h->present |= UINT64_C(1) << (unsigned)id;
}

void
admin_answer_queue(struct admin_client *c, const struct admin_reply *r)
{
	struct field fields[4];
	struct head h = { .status = r->status,
		.reason = http_reason(r->status),
		.method = c->method,
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.length = r->body.n,
		.close = c->closing,
		.fields = fields };
	bool bodiless = c->method == METHOD_HEAD || r->body.n == 0;

	admin_field(&h, fields, FIELD_CONTENT_TYPE, slice_str(r->type));
	admin_field(&h, fields, FIELD_CACHE_CONTROL, SLICE_LIT("no-store"));
	if (r->allow[0] != '\0')
		admin_field(&h, fields, FIELD_ALLOW, slice_str(r->allow));
	if (r->challenge != NULL)
		admin_field(&h, fields, FIELD_WWW_AUTHENTICATE,
		    slice_str(r->challenge));
	(void)stream_head(c->stream, &h, bodiless);
	if (!bodiless) {
		stream_data(c->stream, text_slice(&r->body));
		stream_end(c->stream, NULL);
	}
	/* What follows waits until this has left (admin_input). */
	stream_pause(c->stream, true);
	c->stream = NULL;
}

void
admin_answer_pass(struct admin_client *c, const struct admin_reply *r)
{
	struct iovec first;

	if (obuf_iov(&c->io.out, &first, 1) != 1)
		return;
	if (fds_send(c->io.watch.fd, *(const char *)first.iov_base, r->fds,
		r->fd_count)) {
		obuf_consume(&c->io.out, 1);
		return;
	}
	/* Nothing of it is said. */
	obuf_consume(&c->io.out, c->io.out.bytes);
	c->closing = true;
}

/*
 * admin_reply.c - see admin_reply.h.
 */
#include "master/admin_reply.h"

#include <stdio.h>

#include "common/base/json.h"
#include "common/http/http.h"

void
admin_reply_init(struct admin_reply *r)
{
	*r = (struct admin_reply){ .status = 200, .type = "application/json" };
	text_init(&r->body);
}

void
admin_reply_fini(struct admin_reply *r)
{
	text_fini(&r->body);
}

void
admin_reply_problem(struct admin_reply *r, uint16_t status, struct slice detail)
{
	struct json j;

	r->status = status;
	r->type = "application/problem+json";
	(void)snprintf(r->detail, sizeof(r->detail), "%.*s", SLICE_FMT(detail));
	text_clear(&r->body);
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "type", SLICE_LIT("about:blank"));
	json_add_string(&j, "title", http_reason(status));
	json_add_uint(&j, "status", status);
	if (detail.n != 0)
		json_add_string(&j, "detail", detail);
	json_object_end(&j);
}

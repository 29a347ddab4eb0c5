/*
 * admin_debug.c - see admin_debug.h.
 */
#include "master/admin_debug.h"

#include "common/base/json.h"
#include "common/base/must.h"
#include "master/json_fields.h"
#include "shm/debug_token.h"

#define TOKEN_LASTS 600 /* seconds, unless it is said how long */

static void
token_make(const struct region *region, int64_t for_s, struct admin_reply *r)
{
	struct mac *mac = mac_new(region_secrets(region)->debug_key);
	int64_t expires_s = clock_wall().us / 1000000 + for_s;
	char token[DEBUG_TOKEN_MAX];
	struct json j;
	size_t n;

	MUST(mac != NULL);
	n = debug_token_make(mac, expires_s, token);
	MUST(n != 0);
	mac_free(mac);
	r->status = 201;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "token", slice_make(token, n));
	json_add_string(&j, "field", http_field_name(FIELD_PENSTOCK_DEBUG));
	json_add_int(&j, "expires", expires_s);
	json_object_end(&j);
}

void
admin_debug_token_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "for", NULL };
	const struct slice body = q->body.n != 0 ? q->body : SLICE_LIT("{}");
	struct json_fields f;
	int64_t for_s;

	json_fields_init(&f, body, names);
	for_s = json_fields_duration(&f, "for");
	if (json_fields_ok(&f) && for_s > DEBUG_TOKEN_LONGEST)
		json_fields_say(&f, "for is at most 7d");
	if (!json_fields_ok(&f))
		admin_reply_problem(r, 400, slice_str(f.wrong));
	else
		token_make(&a->in->region, for_s != 0 ? for_s : TOKEN_LASTS, r);
	json_fields_fini(&f);
}

/*
 * admin_change.c - see admin_change.h.
 */
#include "master/admin_change.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "master/admin_endpoints.h"
#include "master/admin_find.h"
#include "master/audited.h"

#define CHANGE_WEIGHT_MAX 1000 /* as in the configuration */

static bool
change_state(const json_t *value, struct operate_change *c, struct text *why)
{
	const char *word = json_string_value(value);

	c->admin_what = json_is_null(value) ? OPERATE_CONFIGURED : OPERATE_SET;
	if (json_is_null(value))
		return true;
	for (unsigned i = 0; word != NULL && i < ADMIN_COUNT; i++) {
		c->admin = (enum endpoint_admin)i;
		if (strcmp(word, endpoint_admin_name(c->admin)) == 0)
			return true;
	}
	text_printf(
	    why, "state must be \"ready\", \"drain\", \"maint\" or null");
	return false;
}

static bool
change_weight_of(
    const json_t *value, struct operate_change *c, struct text *why)
{
	json_int_t weight = json_integer_value(value);

	c->weight_what = json_is_null(value) ? OPERATE_CONFIGURED : OPERATE_SET;
	c->weight = (uint32_t)weight;
	if (json_is_null(value) || (weight >= 1 && weight <= CHANGE_WEIGHT_MAX))
		return true;
	text_printf(why, "weight must be an integer from 1 to %d, or null",
	    CHANGE_WEIGHT_MAX);
	return false;
}

static bool
change_read(json_t *doc, struct operate_change *c, struct text *why)
{
	void *it = json_object_iter(doc);
	bool ok = true;

	for (; ok && it != NULL; it = json_object_iter_next(doc, it)) {
		const char *key = json_object_iter_key(it);
		const json_t *value = json_object_iter_value(it);

		if (strcmp(key, "state") == 0)
			ok = change_state(value, c, why);
		else if (strcmp(key, "weight") == 0)
			ok = change_weight_of(value, c, why);
		else {
			text_printf(why,
			    "unknown member \"%s\": there are state and weight",
			    key);
			ok = false;
		}
	}
	return ok;
}

bool
admin_change_read(struct slice body, struct operate_change *c, struct text *why)
{
	json_error_t error;
	json_t *doc = json_loadb(body.n != 0 ? body.p : "", body.n,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	bool ok = false;

	*c = (struct operate_change){ 0 };
	if (doc == NULL)
		text_printf(why, "the body is no JSON: line %d: %s", error.line,
		    error.text);
	else if (!json_is_object(doc))
		text_printf(why, "the body must be a JSON object");
	else if (json_object_size(doc) == 0)
		text_printf(why, "nothing to change: give state or weight");
	else
		ok = change_read(doc, c, why);
	json_decref(doc);
	return ok;
}

static void
change_done(struct admin *a, const struct admin_request *q,
    const struct lookup *l, struct admin_reply *r)
{
	char what[512];

	(void)snprintf(what, sizeof(what), "%.*s/%.*s", SLICE_FMT(q->arg[0]),
	    SLICE_FMT(q->arg[1]));
	audited_by(a, AUDIT_ENDPOINT, slice_str(what), q->body);
	admin_endpoints_found(a, l, false, r);
}

void
admin_change_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct text why = { 0 };
	struct operate_change c;
	struct lookup l;

	if (!admin_find_endpoint(a, q, &l, r))
		return;
	if (!admin_change_read(q->body, &c, &why))
		admin_reply_problem(r, 400, text_slice(&why));
	else if (!operate_apply(a->reload, &l, &c))
		admin_reply_problem(r, 507,
		    SLICE_LIT("no room for one more change of an endpoint"));
	else
		change_done(a, q, &l, r);
	text_fini(&why);
}

/*
 * change_fuzz.c - any bytes as the body of a PATCH of an endpoint: what is
 * taken of it is within its bounds, what is refused has a reason that can be
 * said in JSON.
 */
#include <jansson.h>
#include <stdlib.h>

#include "common/base/json.h"
#include "common/base/must.h"
#include "master/admin_change.h"
#include "tests/fuzz/lines.h"

static void
check_change(const struct operate_change *c)
{
	MUST(c->admin_what != OPERATE_KEEP || c->weight_what != OPERATE_KEEP);
	MUST(c->admin_what != OPERATE_SET || c->admin < ADMIN_COUNT);
	MUST(c->weight_what != OPERATE_SET ||
	    (c->weight >= 1 && c->weight <= 1000));
}

/* What was written can be read, whatever the bytes were. */
static void
check_json(struct slice s)
{
	json_t *back;
	struct text t;
	struct json j;

	text_init(&t);
	json_init(&j, &t);
	json_array_begin(&j, NULL);
	json_add_string(&j, NULL, s);
	json_array_end(&j);
	back = json_loadb(t.p, t.n, JSON_ALLOW_NUL, NULL);
	MUST(back != NULL && json_array_size(back) == 1);
	json_decref(back);
	text_fini(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = { (const char *)data, size };
	struct text why = { 0 };
	struct operate_change c;

	if (admin_change_read(body, &c, &why)) {
		check_change(&c);
		MUST(why.n == 0);
	} else {
		MUST(why.n != 0);
		check_json(text_slice(&why));
	}
	check_json(body);
	text_fini(&why);
	return 0;
}

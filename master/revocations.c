/*
 * revocations.c - see revocations.h.
 */
#include "master/revocations.h"

#include "common/base/json.h"
#include "master/json_fields.h"
#include "master/state.h"

#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define AUTHENTICATOR_MAX 255

static const char *const kind_names[REVOKE_KINDS] = { "token", "user", "all" };

const char *
revoke_kind_name(enum revoke_kind kind)
{
	return kind < REVOKE_KINDS ? kind_names[kind] : "unknown";
}

bool
revoke_kind_find(struct slice name, enum revoke_kind *kind)
{
	for (unsigned i = 0; i < REVOKE_KINDS; i++) {
		if (!slice_eq(name, slice_str(kind_names[i])))
			continue;
		*kind = (enum revoke_kind)i;
		return true;
	}
	return false;
}

/* ---- writing ---- */

static void
entry_write(struct text *out, const struct revoke_entry *e)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_string(&j, "kind", slice_str(revoke_kind_name(e->kind)));
	if (e->authenticator.n != 0)
		json_add_string(&j, "authenticator", e->authenticator);
	if (e->value.n != 0)
		json_add_string(&j, "value", e->value);
	if (e->kind != REVOKE_TOKEN)
		json_add_int(&j, "before", e->before_s);
	if (e->until_s != REVOCATIONS_NEVER)
		json_add_int(&j, "until", e->until_s);
	json_object_end(&j);
	text_add_char(out, '\n');
}

void
revocations_write(const struct region *r, struct text *out)
{
	struct revoke_entry e;

	state_begin(out, REVOCATIONS_FILE);
	for (uint32_t i = 0; i < REVOKED_MAX; i++)
		if (revoke_at(r, i, &e))
			entry_write(out, &e);
}

/* ---- reading ---- */

struct loading {
	struct region *region;
	char wrong[JSON_FIELDS_WRONG];
};

static void
entry_take(struct loading *l, struct json_fields *f)
{
	struct revoke_entry e = { 0 };

	if (!revoke_kind_find(json_fields_text(f, "kind", 16), &e.kind))
		json_fields_say(f, "kind is none of token, user, all");
	e.authenticator =
	    json_fields_text(f, "authenticator", AUTHENTICATOR_MAX);
	e.value = json_fields_text(f, "value", REVOKE_TEXT_MAX);
	e.before_s = json_fields_int(f, "before", 0, SECONDS_MAX, 0);
	e.until_s =
	    json_fields_int(f, "until", 0, SECONDS_MAX, REVOCATIONS_NEVER);
	if ((e.value.n == 0) != (e.kind == REVOKE_ALL))
		json_fields_say(f, "the value does not go with the kind");
	if (json_fields_ok(f) && !revoke_add(l->region, &e))
		json_fields_say(f, "there are more than fit in");
}

static const char *
loading_line(void *ctx, struct slice line)
{
	static const char *const names[] = { "kind", "authenticator", "value",
		"before", "until", NULL };
	struct loading *l = ctx;
	struct json_fields f;

	json_fields_init(&f, line, names);
	if (json_fields_ok(&f))
		entry_take(l, &f);
	memcpy(l->wrong, f.wrong, sizeof(l->wrong));
	json_fields_fini(&f);
	return l->wrong[0] != '\0' ? l->wrong : NULL;
}

bool
revocations_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { .region = r };

	return state_walk(text, REVOCATIONS_FILE, loading_line, &l, d);
}

/*
 * admin_revocations.c - see admin_revocations.h.
 */
#include "master/admin_revocations.h"

#include <stdio.h>

#include "common/base/json.h"
#include "master/audited.h"
#include "master/json_fields.h"
#include "master/revocations.h"

#define VALUE_MAX 4096
#define AUTHENTICATOR_MAX 255

/* ---- showing ---- */

static void
entry_members(struct json *j, const struct revoke_entry *e)
{
	json_add_string(j, "kind", slice_str(revoke_kind_name(e->kind)));
	if (e->kind != REVOKE_ALL)
		json_add_string(j, "value", e->value);
	if (e->authenticator.n != 0)
		json_add_string(j, "authenticator", e->authenticator);
	if (e->kind != REVOKE_TOKEN)
		json_add_int(j, "before", e->before_s);
	if (e->until_s == REVOCATIONS_NEVER)
		json_add_null(j, "until");
	else
		json_add_int(j, "until", e->until_s);
}

void
admin_revocations_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct revoke_entry e;
	struct json j;

	(void)q;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "revocations");
	for (uint32_t i = 0; i < REVOKED_MAX; i++) {
		if (!revoke_at(&a->in->region, i, &e))
			continue;
		json_object_begin(&j, NULL);
		entry_members(&j, &e);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}

/* ---- reading ---- */

/* What an entry is about. */
static void
entry_read_subject(struct json_fields *f, struct revoke_entry *e)
{
	json_fields_need(f, "kind");
	if (!revoke_kind_find(json_fields_text(f, "kind", 16), &e->kind))
		json_fields_say(f, "kind must be token, user or all");
	e->authenticator =
	    json_fields_text(f, "authenticator", AUTHENTICATOR_MAX);
	e->value = json_fields_text(f, "value", VALUE_MAX);
	if (e->kind == REVOKE_ALL && e->value.n != 0)
		json_fields_say(f, "of all there is no value");
	if (e->kind != REVOKE_ALL && e->value.n == 0)
		json_fields_say(f, "value is missing or empty");
}

static void
entry_read_times(struct json_fields *f, struct revoke_entry *e)
{
	int64_t now_s = clock_wall().us / 1000000, for_s;

	e->before_s = json_fields_time(f, "before", now_s);
	e->until_s = json_fields_time(f, "until", REVOCATIONS_NEVER);
	for_s = json_fields_duration(f, "for");
	if (for_s != 0 && e->until_s != REVOCATIONS_NEVER)
		json_fields_say(f, "until and for exclude each other");
	if (for_s != 0)
		e->until_s = now_s + for_s;
	if (e->until_s <= now_s)
		json_fields_say(f, "it would be over already");
}

/* A name that no authenticator has is most likely a mistake. */
static void
entry_check_authenticator(
    struct json_fields *f, const struct img_head *img, struct slice name)
{
	const struct img_auth *auth;

	if (name.n == 0 || !json_fields_ok(f))
		return;
	auth = img != NULL ? img_at(img, img->access.authenticators.off) : NULL;
	for (uint32_t i = 0;
	     img != NULL && i < img->access.authenticators.count; i++)
		if (slice_eq(img_slice(img, auth[i].name), name))
			return;
	json_fields_say(f, "no authenticator \"%.*s\"", SLICE_FMT(name));
}

/* ---- changing ---- */

static void
changed(struct admin *a, const struct revoke_entry *e, uint16_t status,
    struct admin_reply *r)
{
	bool saved = access_changed(a->access, SAVER_REVOCATIONS);
	char what[512];
	struct json j;

	(void)snprintf(what, sizeof(what), "%s%s%.*s",
	    revoke_kind_name(e->kind), e->value.n != 0 ? " " : "",
	    SLICE_FMT(e->value));
	audited_by(a, status == 201 ? AUDIT_REVOKED : AUDIT_UNREVOKED,
	    slice_str(what), e->authenticator);

	r->status = status;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	entry_members(&j, e);
	json_add_bool(&j, "saved", saved);
	json_object_end(&j);
}

void
admin_revoke_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "kind", "authenticator", "value",
		"before", "until", "for", NULL };
	struct revoke_entry e = { 0 };
	struct json_fields f;

	json_fields_init(&f, q->body, names);
	entry_read_subject(&f, &e);
	entry_read_times(&f, &e);
	entry_check_authenticator(
	    &f, reload_current(&a->in->region), e.authenticator);
	if (!json_fields_ok(&f))
		admin_reply_problem(r, 400, slice_str(f.wrong));
	else if (!revoke_add(&a->in->region, &e))
		admin_reply_problem(r, 507,
		    SLICE_LIT("there are 65536 revocations, which is all: "
			      "unrevoke some, or revoke all"));
	else
		changed(a, &e, 201, r);
	json_fields_fini(&f);
}

void
admin_unrevoke_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "kind", "authenticator", "value",
		NULL };
	struct revoke_entry e = { .until_s = REVOCATIONS_NEVER };
	struct json_fields f;

	json_fields_init(&f, q->body, names);
	entry_read_subject(&f, &e);
	if (!json_fields_ok(&f))
		admin_reply_problem(r, 400, slice_str(f.wrong));
	else if (!revoke_lift(&a->in->region, e.kind, e.authenticator, e.value))
		admin_reply_problem(r, 404, SLICE_LIT("this is not revoked"));
	else
		changed(a, &e, 200, r);
	json_fields_fini(&f);
}

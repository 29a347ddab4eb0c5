/*
 * audited.c - see audited.h. Names come from the registry, since the image may
 * be no longer pinned; of the target the path alone is told, as there may be a
 * token in the query.
 */
#include "worker/flow/audited.h"

#include "shm/registry.h"
#include "worker/flow/identity.h"

#define WHAT_BYTES 600

/* What is refused for this reason; AUDIT_EVENTS: nothing that is told. */
static enum audit_event
event_of(enum why why)
{
	const struct why_info *w = &why_table[why];

	if (why == WHY_REFRESH_REUSED)
		return AUDIT_TOKEN_REUSED;
	if (why == WHY_IDENTITY_TOO_LARGE || strncmp(w->code, "AUTH_", 5) != 0)
		return AUDIT_EVENTS;
	return w->status == 403 ? AUDIT_ACCESS_REFUSED : AUDIT_AUTH_REFUSED;
}

static struct slice
what_text(const struct req *q, char room[WHAT_BYTES])
{
	struct text t;

	text_init_fixed(&t, room, WHAT_BYTES);
	text_add(&t, q->head.method_text);
	text_add_char(&t, ' ');
	text_add(&t, q->uri.path);
	return text_slice(&t);
}

static void
note_who(const struct req *q, struct audit_note *n)
{
	const struct identity *id = q->identity;

	n->text[AUDIT_WHO] = q->said_user;
	n->text[AUDIT_VIA] = q->said_to;
	n->claimed = q->said_user.n != 0 && !q->proven;
	if (id == NULL)
		return;
	n->claimed = false;
	n->text[AUDIT_WHO] = identity_claim(id, IMG_CLAIM_USER);
	n->text[AUDIT_VIA] = id->authenticator;
	n->text[AUDIT_DETAIL] = id->token_id;
}

static void
note_make(struct req *q, enum audit_event e, enum why why,
    char room[WHAT_BYTES], struct audit_note *n)
{
	const struct region *r = q->env->region;

	*n = (struct audit_note){ .event = e, .address = &q->client };
	note_who(q, n);
	n->text[AUDIT_OBJECT] = what_text(q, room);
	n->text[AUDIT_REQUEST] = q->request_id;
	n->text[AUDIT_ROUTE] = registry_name(r, q->plan.name);
	if (q->plan.service != REGISTRY_NONE)
		n->text[AUDIT_SERVICE] =
		    registry_service_name(r, q->plan.service);
	if (why == WHY_OK)
		return;
	n->outcome = AUDIT_REFUSED;
	n->status = why_table[why].status;
	n->text[AUDIT_WHY] = slice_str(why_table[why].word);
	n->text[AUDIT_CODE] = slice_str(why_table[why].code);
}

bool
audited_before_written(struct req *q, enum audit_event e)
{
	char room[WHAT_BYTES];
	struct audit_note n;

	note_make(q, e, WHY_OK, room, &n);
	return audit_before(q->env->region, &n);
}

void
audited_write(struct req *q, enum audit_event e, enum why why)
{
	char room[WHAT_BYTES];
	struct audit_note n;

	if (!audit_wants(q->env->region, e))
		return;
	note_make(q, e, why, room, &n);
	audit_write(q->env->region, &n);
}

enum why
audited_refusal_written(struct req *q, enum why why)
{
	enum audit_event e = event_of(why);
	char room[WHAT_BYTES];
	struct audit_note n;

	if (e == AUDIT_EVENTS || !audit_wants(q->env->region, e))
		return why;
	note_make(q, e, why, room, &n);
	return audit_before(q->env->region, &n) ? why : WHY_AUDIT_FULL;
}

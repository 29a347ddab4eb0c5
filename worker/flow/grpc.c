/*
 * grpc.c - see grpc.h.
 */
#include "worker/flow/grpc.h"

#include "common/base/text.h"
#include "common/net/timer.h"
#include "worker/flow/reply.h"

#define GRPC_FIELDS 8u
#define MESSAGE_MAX 384u
#define STATUS_DIGITS 9

static const struct slice timeout_name = { "grpc-timeout", 12 };

struct grpc_deadline {
	struct timer timer;
	struct req *req;
	struct mono due;
	struct slice said; /* the client's own words */
	char left[GRPC_TIMEOUT_TEXT];
};

static __attribute__((noinline)) void
grpc_begin_typed(struct req *q)
{
	const struct field *type = head_get(&q->head, FIELD_CONTENT_TYPE);
	struct slice suffix;

	q->grpc = (uint8_t)grpc_text_kind(type->value, &suffix);
}

void
grpc_begin(struct req *q)
{
	if (q->head.method == METHOD_POST &&
	    head_has(&q->head, FIELD_CONTENT_TYPE))
		grpc_begin_typed(q);
}

struct slice
grpc_content_type(struct req *q, enum grpc_kind kind)
{
	static const char *const names[] = { [GRPC_NONE] = "",
		[GRPC_PLAIN] = "application/grpc",
		[GRPC_WEB] = "application/grpc-web",
		[GRPC_WEB_TEXT] = "application/grpc-web-text" };
	const struct field *type = head_get(&q->head, FIELD_CONTENT_TYPE);
	struct slice suffix;

	(void)grpc_text_kind(type->value, &suffix);
	return arena_printf(
	    &q->arena, "%s%.*s", names[kind], SLICE_FMT(suffix));
}

/* ---- own answers ---- */

/* "Not Found: no_route", and more. */
static struct slice
answer_message(struct req *q, enum why why, const char *detail)
{
	const struct why_info *w = &why_table[why];
	char plain[MESSAGE_MAX / 3], *out;
	struct text t;

	out = arena_alloc(&q->arena, MESSAGE_MAX);
	if (out == NULL)
		return SLICE_NONE;
	text_init_fixed(&t, plain, sizeof(plain));
	text_printf(&t, "%s: %s", w->title, w->word);
	if (detail != NULL)
		text_printf(&t, "; %s", detail);
	return slice_make(
	    out, grpc_text_message(text_slice(&t), out, MESSAGE_MAX));
}

static void
answer_add(struct head *h, struct slice name, struct slice value)
{
	h->fields[h->count++] = (struct field){ .name = name, .value = value };
}

void
grpc_answer(
    struct req *q, enum why why, const char *detail, const struct field *extra)
{
	struct field *fields =
	    arena_alloc(&q->arena, GRPC_FIELDS * sizeof(*fields));
	struct slice code =
	    arena_printf(&q->arena, "%u", (unsigned)why_table[why].grpc);
	struct slice type = grpc_content_type(q, (enum grpc_kind)q->grpc);
	struct slice message = answer_message(q, why, detail);
	struct head h = { .status = 200,
		.reason = http_reason(200),
		.version = HTTP_1_1,
		.method = q->head.method,
		.body = BODY_NONE,
		.fields = fields,
		.close = reply_closes(q) };

	if (arena_failed(&q->arena)) {
		req_end(q, why, true);
		return;
	}
	head_add(&h, FIELD_SERVER, SLICE_LIT("penstock"));
	head_add(&h, FIELD_CONTENT_TYPE, type);
	answer_add(&h, SLICE_LIT("grpc-status"), code);
	answer_add(&h, SLICE_LIT("grpc-message"), message);
	if (extra != NULL && extra->id == FIELD_RETRY_AFTER)
		h.fields[h.count++] = *extra;
	req_answer_head(q, &h, GRPC_FIELDS, true);
}

/* ---- the deadline ---- */

static void
deadline_passed(struct timer *t)
{
	struct grpc_deadline *d = CONTAINER_OF(t, struct grpc_deadline, timer);

	req_fail(d->req, WHY_DEADLINE);
}

/* The one grpc-timeout; NULL: none. False: there are several. */
static bool
deadline_find(const struct head *h, struct field **found)
{
	*found = NULL;
	for (uint32_t i = 0; i < h->count; i++) {
		struct field *f = &h->fields[i];

		if (f->id != FIELD_OTHER ||
		    !slice_eq_nocase(f->name, timeout_name))
			continue;
		if (*found != NULL)
			return false;
		*found = f;
	}
	return true;
}

static bool
deadline_start(struct req *q, struct slice said, uint64_t us)
{
	struct grpc_deadline *d = arena_alloc(&q->arena, sizeof(*d));

	if (d == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return false;
	}
	*d = (struct grpc_deadline){ .req = q, .said = said };
	d->due = mono_add_us(q->began, us);
	timer_init(&d->timer, deadline_passed);
	timer_set(&q->env->loop->timers, &d->timer, d->due);
	q->deadline = d;
	return true;
}

bool
grpc_set_deadline(struct req *q)
{
	struct field *f;
	uint64_t us;

	if (!deadline_find(&q->head, &f)) {
		req_fail_with(
		    q, WHY_BAD_REQUEST, "there are several grpc-timeout", NULL);
		return false;
	}
	if (f == NULL)
		return true;
	if (!grpc_text_timeout(f->value, &us)) {
		req_fail_with(q, WHY_BAD_REQUEST,
		    "grpc-timeout is not 1 to 8 digits and a unit", NULL);
		return false;
	}
	if (us == 0) {
		req_fail(q, WHY_DEADLINE);
		return false;
	}
	return deadline_start(q, f->value, us);
}

void
grpc_tell_deadline(struct req *q)
{
	struct grpc_deadline *d = q->deadline;
	struct field *f;
	uint64_t left;

	if (d == NULL || !deadline_find(&q->up, &f) || f == NULL)
		return;
	/* A rule of the route may have put another one there. */
	if (f->value.p != d->said.p && f->value.p != d->left)
		return;
	left = mono_diff_us(d->due, clock_now());
	f->value = slice_make(d->left, grpc_text_make_timeout(left, d->left));
}

void
grpc_hear(struct req *q, const struct head *h)
{
	const struct field *f = head_find_name(h, SLICE_LIT("grpc-status"));
	int32_t status = 0;

	if (f == NULL || f->value.n == 0 || f->value.n > STATUS_DIGITS)
		return;
	for (size_t i = 0; i < f->value.n; i++) {
		if (f->value.p[i] < '0' || f->value.p[i] > '9')
			return;
		status = status * 10 + (f->value.p[i] - '0');
	}
	q->grpc_status = status;
}

void
grpc_end(struct req *q)
{
	if (q->deadline != NULL)
		timer_fini(&q->env->loop->timers, &q->deadline->timer);
}

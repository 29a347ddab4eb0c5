/*
 * debug_text.c - see debug_text.h. Nothing in it is a secret, or comes from
 * the request: names of the configuration, addresses of endpoints, times.
 */
#include "worker/flow/debug_text.h"

#include "common/base/must.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/steps.h"

/* RFC 9651 3.3.3: what is not ASCII has no place in a string. */
static void
text_string(struct text *t, const char *name, struct slice s)
{
	text_add_char(t, ';');
	text_add(t, slice_str(name));
	text_add(t, SLICE_LIT("=\""));
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			text_add_char(t, '\\');
		text_add_char(t, (char)(c >= 0x20 && c < 0x7f ? c : '?'));
	}
	text_add_char(t, '"');
}

static void
text_number(struct text *t, const char *name, uint64_t value)
{
	text_add_char(t, ';');
	text_add(t, slice_str(name));
	text_add_char(t, '=');
	text_add_u64(t, value);
}

/* Elements are whole, or not there. */
static void
text_element(struct text *t, const struct text *one)
{
	if (one->cut || t->room - t->n < one->n + 2)
		return;
	if (t->n != 0)
		text_add(t, SLICE_LIT(", "));
	text_add(t, text_slice(one));
}

#define ELEMENT_MAX 640

static void
text_route(const struct req *q, struct text *t)
{
	const struct img_route *r = q->match.route;
	char room[ELEMENT_MAX];
	struct text one;

	if (r == NULL)
		return;
	text_init_fixed(&one, room, sizeof(room));
	text_add(&one, SLICE_LIT("route"));
	text_string(&one, "name", img_slice(q->image, r->name));
	if (q->service != NULL)
		text_string(
		    &one, "service", img_slice(q->image, q->service->name));
	text_number(&one, "generation", q->image->generation);
	text_element(t, &one);
}

static void
text_step(const struct req *q, const struct step *s, struct text *t)
{
	char room[ELEMENT_MAX];
	struct text one;

	text_init_fixed(&one, room, sizeof(room));
	text_add(&one, slice_str(q->env->filters[s->filter].name));
	text_number(&one, "us", s->took_ns / 1000);
	switch ((enum verdict)s->verdict) {
	case GO_ON:
		break;
	case WAIT:
		text_add(&one, SLICE_LIT(";wait"));
		break;
	case DONE:
		text_add(&one, SLICE_LIT(";done"));
		break;
	}
	text_element(t, &one);
}

static void
text_call(const struct req_try *call, struct text *t)
{
	char room[ELEMENT_MAX], addr[ADDR_TEXT_MAX];
	struct text one;

	text_init_fixed(&one, room, sizeof(room));
	text_add(&one, SLICE_LIT("call"));
	text_string(&one, "to", slice_make(addr, addr_text(&call->addr, addr)));
	if (call->service.n != 0)
		text_string(&one, "service", call->service);
	text_number(
	    &one, "us", call->total_us != 0 ? call->total_us : call->head_us);
	if (call->status != 0)
		text_number(&one, "status", call->status);
	if (call->why != WHY_OK) {
		text_add(&one, SLICE_LIT(";why="));
		text_add(&one, slice_str(why_table[call->why].word));
	}
	text_element(t, &one);
}

/* They are kept with the newest first. */
static void
text_calls(const struct req *q, struct text *t)
{
	const struct req_try *calls[8];
	size_t n = 0;

	for (const struct req_try *c = q->tries; c != NULL && n < 8;
	     c = c->before)
		calls[n++] = c;
	while (n != 0)
		text_call(calls[--n], t);
}

static void
text_answer(const struct req *q, unsigned status, struct text *t)
{
	char room[ELEMENT_MAX];
	struct text one;

	text_init_fixed(&one, room, sizeof(room));
	text_add(&one, SLICE_LIT("answer"));
	text_number(&one, "status", status);
	if (q->why != WHY_OK) {
		text_add(&one, SLICE_LIT(";why="));
		text_add(&one, slice_str(why_table[q->why].word));
	}
	text_number(
	    &one, "us", (q->steps->last_ns - q->steps->began_ns) / 1000);
	text_element(t, &one);
}

void
debug_text(const struct req *q, unsigned status, struct text *t)
{
	text_route(q, t);
	for (uint32_t i = 0; i < q->steps->count; i++)
		text_step(q, &q->steps->step[i], t);
	text_calls(q, t);
	text_answer(q, status, t);
}

/*
 * explain_json.c - an explanation for programs: one object, on one line.
 */
#include "worker/explain_state.h"

#include "common/base/json.h"

static void
json_place(struct json *j, const struct explain_place *p)
{
	if (p->line == 0)
		return;
	json_add_string(j, "file", p->file);
	json_add_uint(j, "line", p->line);
}

static void
json_detail(struct json *j, const struct explain_detail *d)
{
	json_object_begin(j, NULL);
	json_add_string(j, "key", slice_str(d->key));
	json_add_string(j, "value", d->value);
	json_place(j, &d->place);
	json_object_end(j);
}

static void
json_step(struct json *j, const struct explain_step *s)
{
	json_object_begin(j, NULL);
	json_add_string(j, "step", slice_str(s->name));
	json_add_string(
	    j, "verdict", slice_str(explain_verdict_name(s->verdict)));
	if (s->waited)
		json_add_bool(j, "waited", true);
	if (s->why != WHY_OK)
		json_add_string(j, "why", slice_str(why_table[s->why].word));
	if (s->said.n != 0)
		json_add_string(j, "reason", s->said);
	json_add_thousandths(j, "us", s->ns);
	json_place(j, &s->place);
	if (s->details != NULL) {
		json_array_begin(j, "details");
		for (const struct explain_detail *d = s->details; d != NULL;
		     d = d->next)
			json_detail(j, d);
		json_array_end(j);
	}
	json_object_end(j);
}

static void
json_head(struct json *j, const struct head *h)
{
	json_array_begin(j, "fields");
	for (uint32_t i = 0; i < h->count; i++) {
		json_array_begin(j, NULL);
		json_add_string(j, NULL, h->fields[i].name);
		json_add_string(j, NULL, h->fields[i].value);
		json_array_end(j);
	}
	json_array_end(j);
}

static void
json_members(struct json *j, const struct explained *x)
{
	json_array_begin(j, "endpoints");
	for (const struct explain_member *m = x->members; m != NULL;
	     m = m->next) {
		json_object_begin(j, NULL);
		json_add_string(j, "endpoint", m->addr);
		json_add_string(j, "label", m->label);
		json_add_uint(j, "weight", m->weight);
		json_add_bool(j, "backup", m->backup);
		json_add_bool(j, "chosen", m->chosen);
		if (m->bar != NULL)
			json_add_string(j, "not", slice_str(m->bar));
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_forward(struct json *j, const struct explained *x)
{
	json_add_string(j, "policy", x->policy);
	json_members(j, x);
	json_object_begin(j, "upstream");
	json_add_string(j, "method", x->head.method_text);
	json_add_string(j, "target", x->head.target);
	json_head(j, &x->head);
	json_object_end(j);
}

static void
json_outcome(struct json *j, const struct explained *x)
{
	json_object_begin(j, "outcome");
	json_add_string(j, "kind", slice_str(explain_outcome_name(x->outcome)));
	if (x->status != 0)
		json_add_uint(j, "status", x->status);
	json_add_string(j, "why", slice_str(why_table[x->why].word));
	if (x->said.n != 0)
		json_add_string(j, "reason", x->said);
	if (x->service.n != 0)
		json_add_string(j, "service", x->service);
	if (x->outcome == EXPLAIN_FORWARD)
		json_forward(j, x);
	else if (x->outcome == EXPLAIN_ANSWER)
		json_head(j, &x->head);
	json_object_end(j);
}

void
explain_json(const struct explained *x, struct text *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	if (x->id.n != 0)
		json_add_string(&j, "id", x->id);
	json_add_string(&j, "method", x->ask->method);
	json_add_string(&j, "url", x->ask->url);
	json_add_uint(&j, "generation", x->generation);
	if (x->route.n != 0)
		json_add_string(&j, "route", x->route);
	json_array_begin(&j, "steps");
	for (uint32_t i = 0; i < x->count; i++)
		json_step(&j, &x->steps[i]);
	json_array_end(&j);
	json_outcome(&j, x);
	json_object_end(&j);
	text_add_char(out, '\n');
}

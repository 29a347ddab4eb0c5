/*
 * correlation.c - see correlation.h.
 */
#include "worker/filter/correlation.h"

#include "worker/filter/trace_fields.h"
#include "worker/flow/trace.h"

struct correlation_name {
	uint16_t id; /* enum field_id */
	struct slice name;
};

static struct correlation_name
correlation_name(const struct req *q, const struct img_tracing *rule)
{
	return (struct correlation_name){ (uint16_t)rule->correlation_id,
		img_slice(q->image, rule->correlation) };
}

static bool
correlation_is(const struct field *f, const void *what)
{
	const struct correlation_name *name = what;

	return f->id == name->id &&
	    (f->id != FIELD_OTHER || slice_eq_nocase(f->name, name->name));
}

static bool
correlation_is_sane(struct slice id)
{
	if (id.n == 0 || id.n > CORRELATION_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] > '~')
			return false;
	return true;
}

/* Fields of that name, the last of which is *last. */
static uint32_t
correlation_find(const struct head *h, const struct correlation_name *name,
    struct field **last)
{
	uint32_t found = 0;

	*last = NULL;
	if (name->id != FIELD_OTHER && !head_has(h, name->id))
		return 0;
	for (uint32_t i = 0; i < h->count; i++) {
		if (!correlation_is(&h->fields[i], name))
			continue;
		*last = &h->fields[i];
		found++;
	}
	return found;
}

static void
correlation_add(
    struct head *h, const struct correlation_name *name, struct slice value)
{
	h->fields[h->count++] = (struct field){
		.name = name->name, .value = value, .id = name->id
	};
	h->present |= (uint64_t)(name->id != FIELD_OTHER) << name->id;
}

struct slice
correlation_choose(const struct req *q, const struct img_tracing *rule)
{
	struct correlation_name name;
	struct field *said;

	if (rule->correlation.len == 0)
		return SLICE_NONE;
	name = correlation_name(q, rule);
	/* What is for this hop alone is no id of what it leads to. */
	return correlation_find(&q->head, &name, &said) == 1 &&
		correlation_is_sane(said->value) &&
		!head_nominated(&q->head, name.name)
	    ? said->value
	    : q->request_id;
}

void
correlation_tell(struct req *q, const struct img_tracing *rule)
{
	struct correlation_name name = correlation_name(q, rule);
	struct slice id = q->trace->correlation;
	struct field *said;
	uint32_t found = correlation_find(&q->up, &name, &said);

	if (found == 1 && said->value.p == id.p)
		return; /* it goes upstream as it came */
	if (found != 0)
		trace_take_out(q, correlation_is, &name);
	correlation_add(&q->up, &name, id);
}

void
correlation_answer(struct req *q, struct head *h)
{
	const struct img_tracing *rule = &q->image->telemetry.tracing;
	struct correlation_name name = correlation_name(q, rule);
	struct field *there;

	if (correlation_find(h, &name, &there) != 0)
		there->value = q->trace->correlation;
	else if (head_reserve(h, 1, &q->arena))
		correlation_add(h, &name, q->trace->correlation);
}

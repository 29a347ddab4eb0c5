/*
 * limit_key.c - what a request is counted by. Where a part is not there, the
 * address stands for it: nobody escapes by leaving something out.
 */
#include "shm/limiter_key.h"
#include "worker/filter/limit_state.h"
#include "worker/flow/identity.h"

/*
 * The value of the field; empty: there is none, or several, of which the
 * endpoint might take another one.
 */
static struct slice
header_value(const struct req *q, const struct img_limit_part_of *p)
{
	struct slice name = img_slice(q->image, p->name), value = SLICE_NONE;
	bool found = false;

	if (p->field == FIELD_HOST)
		return q->head.host;
	if (p->field != FIELD_OTHER &&
	    !head_has(&q->head, (enum field_id)p->field))
		return SLICE_NONE;
	for (uint32_t i = 0; i < q->head.count; i++) {
		const struct field *f = &q->head.fields[i];

		if (f->id != p->field ||
		    (f->id == FIELD_OTHER && !slice_eq_nocase(f->name, name)))
			continue;
		if (found)
			return SLICE_NONE;
		found = true;
		value = f->value;
	}
	return value;
}

static struct slice
part_value(const struct req *q, const struct img_limit_part_of *p)
{
	switch ((enum img_limit_part)p->part) {
	case IMG_LIMIT_USER:
		return identity_claim(q->identity, IMG_CLAIM_USER);
	case IMG_LIMIT_TENANT:
		return identity_claim(q->identity, IMG_CLAIM_TENANT);
	case IMG_LIMIT_SERVICE:
		return identity_claim(q->identity, IMG_CLAIM_SERVICE);
	case IMG_LIMIT_ROUTE:
		return img_slice(q->image, q->match.route->name);
	case IMG_LIMIT_HEADER:
		return header_value(q, p);
	case IMG_LIMIT_ADDRESS:
	case IMG_LIMIT_PARTS:
		break;
	}
	return SLICE_NONE;
}

/* Of several parts, or another one than the address. */
static __attribute__((noinline)) void
key_make(const struct req *q, const struct img_limit *l,
    const struct img_limit_part_of *p, struct limit_charge *c)
{
	struct limiter_key_maker m;
	bool address = false;

	limiter_key_begin(&m, l->id);
	for (uint32_t i = 0; i < l->parts.count; i++) {
		struct slice value = part_value(q, &p[i]);

		if (value.n != 0) {
			limiter_key_add(&m, (uint8_t)p[i].part, value);
		} else if (!address) {
			limiter_key_add_address(&m, &q->client);
			address = true;
		}
	}
	limiter_key_end(q->env->region, &m, &c->key);
	if (address && l->table == LIMITER_IDENTITY)
		c->table = LIMITER_ADDRESS;
}

void
limit_key_make(
    const struct req *q, const struct img_limit *l, struct limit_charge *c)
{
	const struct img_limit_part_of *p = img_at(q->image, l->parts.off);

	c->table = l->table;
	if (l->parts.count == 1 && p->part == IMG_LIMIT_ADDRESS)
		limiter_key_address(q->env->region, l->id, &q->client, &c->key);
	else
		key_make(q, l, p, c);
}

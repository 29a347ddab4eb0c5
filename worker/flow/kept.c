/*
 * kept.c - see kept.h.
 */
#include "worker/flow/kept.h"

#include "shm/record.h"

static bool
kept_wants(const struct img_head *img, const struct img_record_field *want,
    const struct field *f)
{
	struct slice name = img_slice(img, want->name);

	if (want->id != FIELD_OTHER)
		return f->id == want->id;
	return slice_eq(name, SLICE_LIT("*")) ||
	    (f->id == FIELD_OTHER && slice_eq_nocase(f->name, name));
}

const struct field *
kept_next(const struct head *h, const struct img_head *img,
    const struct img_record_field *want, const struct field *f)
{
	const struct field *end = h->fields + h->count;

	if (want->id != FIELD_OTHER && !head_has(h, (enum field_id)want->id))
		return NULL;
	for (f = f != NULL ? f + 1 : h->fields; f != end; f++)
		if (kept_wants(img, want, f))
			return f;
	return NULL;
}

/* One byte more than anybody reads: that some are missing will be said. */
static struct slice
kept_copy(struct req *q, struct slice s)
{
	if (s.n > KEPT_BYTES + 1)
		s.n = KEPT_BYTES + 1;
	return arena_copy(&q->arena, s);
}

/* Behind `last`; NULL without memory. */
static struct req_kept **
kept_add(struct req *q, const struct field *f, struct req_kept **last)
{
	struct req_kept *k = arena_alloc(&q->arena, sizeof(*k));

	if (k == NULL)
		return NULL;
	*k = (struct req_kept){
		.name = kept_copy(q, f->name),
		.value = kept_copy(q, f->value),
	};
	*last = k;
	return &k->next;
}

void
kept_take(struct req *q, const struct head *h)
{
	const struct img_head *img = q->image;
	const struct img_record_field *want;
	struct req_kept **last = &q->kept;
	uint32_t room = RECORD_FIELDS_MAX + 1; /* likewise */

	if (img == NULL || img->telemetry.fields.count == 0)
		return;
	want = img_at(img, img->telemetry.fields.off);
	for (uint32_t i = 0; i < img->telemetry.fields.count; i++) {
		const struct field *f = NULL;

		while (want[i].answer != 0 && last != NULL && room != 0 &&
		    (f = kept_next(h, img, &want[i], f)) != NULL) {
			last = kept_add(q, f, last);
			room--;
		}
	}
}

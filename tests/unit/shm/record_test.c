/* Tests of record.c: whatever the bytes are, nothing outside them is read. */
#include "shm/record.h"

#include "tests/unit/shm/fixture.h"

static _Alignas(8) char bytes[RECORD_MAX];
static struct record_view view;

/* With two attempts, a step, two fields, and texts behind them. */
static struct record_request *
record(void)
{
	struct record_request *r = (void *)bytes;
	size_t n = sizeof(*r) + 2 * sizeof(struct record_attempt) +
	    sizeof(struct record_step) + 2 * sizeof(struct record_field);

	memset(bytes, 0, sizeof(bytes));
	r->head.kind = RECORD_REQUEST;
	r->attempts_kept = 2;
	r->steps = 1;
	r->fields = 2;
	memcpy(bytes + n, "texts---", 8);
	r->text_bytes[RECORD_PATH] = 5;
	r->head.bytes = (uint32_t)n + 8;
	return r;
}

static bool
sees(void)
{
	return record_view(
	    &view, bytes, ((struct record_head *)(void *)bytes)->bytes);
}

static void *
field_at(unsigned i)
{
	return bytes + sizeof(struct record_request) +
	    2 * sizeof(struct record_attempt) + sizeof(struct record_step) +
	    i * sizeof(struct record_field);
}

START_TEST(sees_what_is_there)
{
	record();
	ck_assert(sees());
	ck_assert_ptr_eq(view.request, (void *)bytes);
	ck_assert_ptr_eq(view.fields, field_at(0));
	ck_assert(
	    slice_eq(record_text(&view, RECORD_PATH), SLICE_LIT("texts")));
	ck_assert_uint_eq(record_text(&view, RECORD_HOST).n, 0);
}
END_TEST

START_TEST(refuses_what_lies_outside)
{
	struct record_request *r = record();
	struct record_attempt *a = (void *)(r + 1);
	struct record_field *f = field_at(1);
	uint16_t end = (uint16_t)r->head.bytes;
	const struct record_str bad[] = { { end, 1 },
		{ (uint16_t)(end - 2), 3 }, { (uint16_t)(end - 9), 1 },
		{ 0, 1 }, { UINT16_MAX, UINT16_MAX } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct record_str *at[] = { &a[0].service, &a[1].service,
			&f->name, &f->value };

		for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
			struct record_str good = *at[k];

			*at[k] = bad[i];
			ck_assert(!sees());
			*at[k] = good;
			ck_assert(sees());
		}
	}
}
END_TEST

START_TEST(refuses_texts_longer_than_the_rest)
{
	struct record_request *r = record();

	for (int i = 0; i < RECORD_TEXTS; i++) {
		uint16_t good = r->text_bytes[i];

		r->text_bytes[i] = (uint16_t)(good + 3);
		ck_assert(sees());
		r->text_bytes[i] = (uint16_t)(good + 4);
		ck_assert(!sees());
		r->text_bytes[i] = UINT16_MAX;
		ck_assert(!sees());
		r->text_bytes[i] = good;
	}
	memset(r->text_bytes, 0xff, sizeof(r->text_bytes));
	ck_assert(!sees());
}
END_TEST

START_TEST(refuses_too_many_entries)
{
	struct record_request *r = record();

	r->attempts_kept = RECORD_ATTEMPTS_MAX + 1;
	ck_assert(!sees());
	r->attempts_kept = 3; /* the texts are theirs then */
	ck_assert(!sees());
	r = record();
	r->steps = RECORD_STEPS_MAX + 1;
	ck_assert(!sees());
	r = record();
	r->fields = RECORD_FIELDS_MAX + 1;
	ck_assert(!sees());
}
END_TEST

START_TEST(refuses_what_is_no_record)
{
	struct record_request *r = record();
	size_t n = r->head.bytes;

	for (size_t cut = 0; cut < n; cut += 8)
		ck_assert(!record_view(&view, bytes, cut));
	r->head.bytes = (uint32_t)sizeof(*r) - 8;
	ck_assert(!sees());
	r->head.bytes = (uint32_t)n + 4;
	ck_assert(!sees());
	r->head.bytes = RECORD_MAX + 8;
	ck_assert(!sees());
	r = record();
	r->head.kind = RECORD_PAD;
	ck_assert(!sees());
	r->head.kind = 77;
	ck_assert(!sees());
	r->head.kind = RECORD_AUDIT;
	ck_assert(sees());
	ck_assert_ptr_null(view.request);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("record");

	tcase_add_test(tc, sees_what_is_there);
	tcase_add_test(tc, refuses_what_lies_outside);
	tcase_add_test(tc, refuses_texts_longer_than_the_rest);
	tcase_add_test(tc, refuses_too_many_entries);
	tcase_add_test(tc, refuses_what_is_no_record);
	return fixture_run(tc, "record");
}

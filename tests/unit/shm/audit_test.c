/* Tests of audit.c: what is written, what is wanted, what a full ring does. */
#include "shm/audit.h"

#include "shm/readers.h"
#include "shm/recorder.h"
#include "tests/unit/shm/fixture.h"

static _Alignas(8) char out[RECORD_MAX];
static struct img_head image;

static void
begin(struct region *r, uint32_t ring, bool refuse, uint32_t events)
{
	fixture_region(r, 2);
	audit_begin(r, ring);
	image.telemetry.audit =
	    (struct img_audit){ .on = 1, .refuse = refuse, .events = events };
	audit_follow(r, &image);
}

static const struct record_audit *
next(struct region *r, uint32_t ring, struct recorder_cursor *c)
{
	uint32_t n = recorder_next(r, RECORDER_AUDIT, ring, c, out);

	return n != 0 ? audit_view(out, n) : NULL;
}

static const struct audit_note revoked = { .event = AUDIT_REVOKED,
	.text = { [AUDIT_OBJECT] = SLICE_LIT("user alice") } };

START_TEST(what_is_written_is_read)
{
	const struct addr address = { .ip = { [10] = 255, 255, 10, 0, 0, 7 } };
	const struct audit_note n = { .event = AUDIT_AUTH_REFUSED,
		.outcome = AUDIT_REFUSED,
		.status = 401,
		.address = &address,
		.count = 7,
		.text = { [AUDIT_WHO] = SLICE_LIT("alice"),
		    [AUDIT_REQUEST] = SLICE_LIT("r1") } };
	struct recorder_cursor c = { 0 };
	const struct record_audit *a;
	struct region r;

	begin(&r, 1, false, AUDIT_DEFAULT);
	audit_write(&r, &n);
	a = next(&r, 1, &c);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->head.seq, 1);
	ck_assert_uint_eq(a->event, AUDIT_AUTH_REFUSED);
	ck_assert_uint_eq(a->outcome, AUDIT_REFUSED);
	ck_assert_uint_eq(a->status, 401);
	ck_assert_uint_eq(a->count, 7);
	ck_assert_uint_eq(a->flags, AUDIT_HAS_ADDRESS);
	ck_assert_mem_eq(&a->address, &address, sizeof(address));
	ck_assert(slice_eq(audit_text(a, AUDIT_WHO), SLICE_LIT("alice")));
	ck_assert(slice_eq(audit_text(a, AUDIT_REQUEST), SLICE_LIT("r1")));
	ck_assert_uint_eq(audit_text(a, AUDIT_VIA).n, 0);
	ck_assert_ptr_null(next(&r, 1, &c));
	region_fini(&r);
}
END_TEST

START_TEST(what_is_not_wanted_is_not_written)
{
	struct recorder_cursor c = { 0 };
	struct region r;

	ck_assert_uint_eq(AUDIT_DEFAULT & AUDIT_BIT(AUDIT_AUTH_OK), 0);
	begin(&r, 0, true, AUDIT_BIT(AUDIT_BANNED));
	ck_assert(!audit_wants(&r, AUDIT_REVOKED));
	ck_assert(audit_before(&r, &revoked));
	audit_write(&r, &revoked);
	audit_follow(&r, NULL);
	ck_assert(!audit_wants(&r, AUDIT_BANNED));
	ck_assert(!audit_refuses(&r));
	ck_assert_ptr_null(next(&r, 0, &c));
	ck_assert_uint_eq(audit_lost(&r), 0);
	region_fini(&r);
}
END_TEST

START_TEST(long_texts_are_clipped)
{
	struct audit_note n = { .event = AUDIT_REVOKED };
	struct recorder_cursor c = { 0 };
	const struct record_audit *a;
	static char text[4096];
	struct region r;

	memset(text, 'x', sizeof(text));
	for (unsigned t = 0; t < AUDIT_TEXTS; t++)
		n.text[t] = slice_make(text, sizeof(text));
	begin(&r, 0, false, AUDIT_DEFAULT);
	audit_write(&r, &n);
	a = next(&r, 0, &c);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->flags, AUDIT_CLIPPED);
	for (unsigned t = 0; t < AUDIT_TEXTS; t++)
		ck_assert_uint_eq(
		    audit_text(a, (enum audit_text)t).n, AUDIT_TEXT_MAX);
	region_fini(&r);
}
END_TEST

/* Until nothing more is written; returns how many were. */
static uint64_t
fill(struct region *r)
{
	uint64_t n = 0;

	while (audit_lost(r) == 0 && n < 1000000) {
		audit_write(r, &revoked);
		n++;
	}
	return n - 1;
}

/* Reads all, as penstocklog does. */
static uint64_t
drain(struct region *r, uint32_t ring, struct recorder_cursor *c)
{
	uint64_t n = 0;

	while (next(r, ring, c) != NULL)
		n++;
	atomic_store(&r->readers->audit[ring], c->at);
	return n;
}

START_TEST(what_is_lost_is_said_once_there_is_room)
{
	struct recorder_cursor c = { 0 };
	const struct record_audit *a;
	struct region r;
	uint64_t n;

	begin(&r, WORKERS_MAX, false, AUDIT_DEFAULT);
	n = fill(&r);
	ck_assert_uint_gt(n, 100);
	ck_assert(!audit_refuses(&r));
	ck_assert(audit_before(&r, &revoked));
	audit_write(&r, &revoked);
	ck_assert_uint_eq(audit_lost(&r), 3);
	ck_assert_uint_eq(drain(&r, WORKERS_MAX, &c), n);
	audit_write(&r, &revoked);
	a = next(&r, WORKERS_MAX, &c);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, AUDIT_LOST);
	ck_assert_uint_eq(a->count, 3);
	ck_assert_uint_eq(a->head.seq, n + 1);
	a = next(&r, WORKERS_MAX, &c);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, AUDIT_REVOKED);
	audit_write(&r, &revoked);
	ck_assert_ptr_nonnull(next(&r, WORKERS_MAX, &c));
	ck_assert_ptr_null(next(&r, WORKERS_MAX, &c));
	ck_assert_uint_eq(audit_lost(&r), 3);
	region_fini(&r);
}
END_TEST

START_TEST(refuse_keeps_room_for_what_is_under_way)
{
	struct recorder_cursor c = { 0 };
	struct region r;
	uint64_t n = 0, more = 0;

	begin(&r, 0, true, AUDIT_DEFAULT);
	for (; !audit_refuses(&r); n++)
		ck_assert(audit_before(&r, &revoked));
	while (audit_before(&r, &revoked))
		more++;
	/* A quarter of it, but for what ends of blocks take. */
	ck_assert_uint_gt(more * 4, n);
	ck_assert_uint_lt(more * 2, n);
	ck_assert_uint_eq(audit_lost(&r), 0);
	ck_assert_uint_eq(drain(&r, 0, &c), n + more);
	ck_assert(!audit_refuses(&r));
	ck_assert(audit_before(&r, &revoked));
	region_fini(&r);
}
END_TEST

START_TEST(what_nobody_wants_needs_no_room)
{
	struct region r;

	begin(&r, 0, true, AUDIT_BIT(AUDIT_REVOKED));
	while (audit_before(&r, &revoked))
		;
	ck_assert(!audit_has_room(&r, AUDIT_REVOKED));
	ck_assert(audit_has_room(&r, AUDIT_TOKEN_REFRESHED));
	image.telemetry.audit.refuse = 0;
	audit_follow(&r, &image);
	ck_assert(audit_has_room(&r, AUDIT_REVOKED));
	region_fini(&r);
}
END_TEST

/* Room for one record is none while it has to be said what was lost. */
START_TEST(room_that_was_found_is_not_taken_by_what_was_lost)
{
	struct recorder_cursor c = { 0 };
	struct region r;

	begin(&r, 0, true, AUDIT_DEFAULT);
	while (audit_before(&r, &revoked))
		;
	audit_write(&r, &revoked);
	ck_assert_uint_eq(audit_lost(&r), 1);
	while (!audit_has_room(&r, AUDIT_REVOKED)) {
		ck_assert_ptr_nonnull(next(&r, 0, &c));
		atomic_store(&r.readers->audit[0], c.at);
	}
	audit_write(&r, &revoked);
	ck_assert_uint_eq(audit_lost(&r), 1);
	region_fini(&r);
}
END_TEST

START_TEST(a_torn_record_is_none)
{
	struct recorder_cursor c = { 0 };
	struct record_audit *a = (void *)out;
	struct region r;

	begin(&r, 0, false, AUDIT_DEFAULT);
	audit_write(&r, &revoked);
	ck_assert_ptr_nonnull(next(&r, 0, &c));
	ck_assert_ptr_null(audit_view(out, sizeof(*a) - 1));
	ck_assert_ptr_null(audit_view(out, a->head.bytes - 1));
	a->text[AUDIT_OBJECT].len = (uint16_t)a->head.bytes;
	ck_assert_ptr_null(audit_view(out, a->head.bytes));
	a->text[AUDIT_OBJECT].len = 0;
	a->head.kind = RECORD_REQUEST;
	ck_assert_ptr_null(audit_view(out, a->head.bytes));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audit");

	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, what_is_not_wanted_is_not_written);
	tcase_add_test(tc, long_texts_are_clipped);
	tcase_add_test(tc, what_is_lost_is_said_once_there_is_room);
	tcase_add_test(tc, refuse_keeps_room_for_what_is_under_way);
	tcase_add_test(tc, what_nobody_wants_needs_no_room);
	tcase_add_test(tc, room_that_was_found_is_not_taken_by_what_was_lost);
	tcase_add_test(tc, a_torn_record_is_none);
	return fixture_run(tc, "audit");
}

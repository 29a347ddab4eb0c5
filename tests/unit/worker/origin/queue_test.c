/*
 * Tests of queue.c and queue_share.c: who is next, who is refused, which worker
 * is woken. Two workers, in one loop, whose requests take permits by
 * themselves.
 */
#include "worker/origin/queue.h"

#include "shm/registry.h"
#include "shm/slots.h"
#include "tests/unit/own_clock.h"
#include "tests/unit/shm/fixture.h"
#include "worker/origin/queue_state.h"

#define WORKERS 2
#define WAITERS 8
#define NORMAL IMG_CLASS_NORMAL
#define PRIORITY IMG_CLASS_PRIORITY
#define EMERGENCY IMG_CLASS_EMERGENCY

static struct region region;
static struct loop loop;
static struct env envs[WORKERS];
static struct queue_rule rule;
/* What each worker reads. */
static struct {
	struct img_head head;
	struct img_service service;
} image;
static struct queue_waiter waiters[WAITERS];
static uint32_t endpoint, tickets[WAITERS];
static unsigned woken[WORKERS];
static char story[64]; /* a number: has one; t, f and a number: in vain */

static void
tell(char what, const struct queue_waiter *w)
{
	char text[] = { what, (char)('0' + (w - waiters)), '\0' };

	strcat(story, what == ' ' ? text + 1 : text);
}

static void
look(struct queue_waiter *w)
{
	struct env *e = w->env;
	uint32_t ticket = PERMIT_NONE;

	if (!queue_holds(e, w->service))
		ticket = permit_take(
		    &e->permits, endpoint, image.service.max_connections);
	if (ticket == PERMIT_NONE)
		return;
	tickets[w - waiters] = ticket;
	queue_leave(w);
	tell(' ', w);
}

static void
over(struct queue_waiter *w, enum why why)
{
	ck_assert(why == WHY_QUEUE_TIMEOUT || why == WHY_QUEUE_FULL);
	tell(why == WHY_QUEUE_TIMEOUT ? 't' : 'f', w);
}

static void
wake(struct env *e, uint32_t slot)
{
	ck_assert_uint_ne(slot, e->slot);
	woken[slot]++;
}

static void
publish(void)
{
	struct eset_want want = { .weight = 1 };
	const char *why;

	ck_assert(addr_parse("127.0.0.1:1", &want.addr, &why));
	want.label = SLICE_LIT("127.0.0.1:1");
	rule.service = registry_service(&region, SLICE_LIT("s"));
	ck_assert(registry_publish_set(&region, rule.service, &want, 1));
	endpoint = registry_set(&region, rule.service)->members[0].handle.index;
}

static void
make_image(void)
{
	image.head.services =
	    (struct img_span){ offsetof(typeof(image), service), 1 };
	image.service =
	    (struct img_service){ .slot = rule.service, .max_connections = 1 };
}

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	ck_assert(loop_init(&loop));
	publish();
	make_image();
	rule.length = 4;
	rule.timeout_us = 10000000;
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct env *e = &envs[w];

		*e = (struct env){ .loop = &loop,
			.region = &region,
			.slot = w,
			.view = { .image = &image.head, .generation = 1 },
			.wake_worker = wake };
		e->counters = counters_block(&region, w);
		e->queues = queues_new(e);
		ck_assert(
		    e->queues != NULL && permits_init(&e->permits, &region, w));
		slot_set_state(&region, w, SLOT_READY);
		slot_beat(&region, w, clock_now().us + 60000000);
		woken[w] = 0;
	}
	memset(waiters, 0, sizeof(waiters));
	for (int i = 0; i < WAITERS; i++) {
		waiters[i].look = look;
		waiters[i].over = over;
	}
	story[0] = '\0';
}

static void
turn(void)
{
	own_us += 1000;
	ck_assert(loop_turn(&loop, 0));
}

static void
teardown(void)
{
	for (int i = 0; i < WAITERS; i++)
		if (waiters[i].env != NULL)
			queue_forget(&waiters[i]);
	turn();
	for (uint32_t w = 0; w < WORKERS; w++) {
		ck_assert_uint_eq(
		    atomic_load(&envs[w].counters[COUNTER_QUEUE_WAITING]), 0);
		queues_free(envs[w].queues);
		permits_fini(&envs[w].permits);
	}
	ck_assert(!waiters_any(&region, rule.service));
	ck_assert_uint_eq(
	    permit_count(&region, PERMIT_QUEUE + rule.service), 0);
	loop_fini(&loop);
	region_fini(&region);
}

static enum why
enter(int i, uint32_t worker, uint32_t class)
{
	rule.class = class;
	if (waiters[i].arrived.us == 0)
		waiters[i].arrived = (struct mono){ 100 + (uint64_t)i };
	return queue_enter(&waiters[i], &envs[worker], &rule);
}

/* Its connection is closed. */
static void
drop(int i)
{
	struct env *e = waiters[i].env;

	permit_drop(&e->permits, tickets[i]);
	queue_freed(e, rule.service);
}

/* One has it, so that the others wait. */
static void
begin(uint32_t worker)
{
	ck_assert_int_eq(enter(0, worker, NORMAL), WHY_OK);
	turn();
	ck_assert_str_eq(story, "0");
	story[0] = '\0';
}

START_TEST(by_class_and_by_age)
{
	begin(0);
	waiters[1].arrived.us = 50; /* it has been elsewhere meanwhile */
	ck_assert_int_eq(enter(2, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(3, 0, EMERGENCY), WHY_OK);
	ck_assert_int_eq(enter(4, 0, PRIORITY), WHY_OK);
	ck_assert(queue_is_before(&envs[0], rule.service, EMERGENCY));
	ck_assert(queue_is_before(&envs[1], rule.service, EMERGENCY));
	turn();
	ck_assert_str_eq(story, "");
	drop(0);
	turn();
	drop(3);
	turn();
	ck_assert(!queue_is_before(&envs[0], rule.service, PRIORITY));
	ck_assert(queue_is_before(&envs[1], rule.service, NORMAL));
	drop(4);
	turn();
	drop(1);
	turn();
	ck_assert_str_eq(story, "3412");
	ck_assert(!queue_is_before(&envs[1], rule.service, NORMAL));
}
END_TEST

START_TEST(all_that_is_free_is_used)
{
	begin(0);
	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(enter(i, 0, NORMAL), WHY_OK);
	image.service.max_connections = 3;
	drop(0);
	turn();
	ck_assert_str_eq(story, "123");
}
END_TEST

START_TEST(places_are_of_all_workers)
{
	begin(0);
	for (int i = 1; i < 5; i++)
		ck_assert_int_eq(enter(i, i % 2, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(5, 0, NORMAL), WHY_QUEUE_FULL);
	ck_assert_int_eq(enter(5, 1, NORMAL), WHY_QUEUE_FULL);
	ck_assert_int_eq(enter(2, 0, NORMAL), WHY_OK); /* it has one */
	queue_leave(&waiters[2]);
	queue_leave(&waiters[2]);
	ck_assert_int_eq(enter(5, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(6, 1, NORMAL), WHY_QUEUE_FULL);
}
END_TEST

START_TEST(a_higher_class_takes_a_place)
{
	begin(0);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 0, PRIORITY), WHY_OK);
	ck_assert_int_eq(enter(3, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(4, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(5, 0, EMERGENCY), WHY_OK);
	ck_assert_str_eq(story, ""); /* at the end of the turn */
	turn();
	ck_assert_str_eq(story, "f3");
	ck_assert_int_eq(enter(6, 0, PRIORITY), WHY_OK);
	turn();
	ck_assert_str_eq(story, "f3f1");
	ck_assert_int_eq(enter(7, 0, PRIORITY), WHY_QUEUE_FULL);
	ck_assert_int_eq(enter(7, 0, EMERGENCY), WHY_OK);
	queue_leave(&waiters[6]); /* before it is told */
	turn();
	ck_assert_str_eq(story, "f3f1");
	ck_assert_uint_eq(
	    permit_count(&region, PERMIT_QUEUE + rule.service), 4);
}
END_TEST

START_TEST(time_is_up)
{
	rule.timeout_us = 30000;
	begin(0);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_uint_eq(queue_turn_us(&envs[0], rule.service), 30000 / 8);
	while (waiters[1].state == QUEUE_WAITS)
		turn();
	ck_assert_str_eq(story, "t1");
	/* All its waits together: nothing is left. */
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_QUEUE_TIMEOUT);
	ck_assert_uint_ge(
	    atomic_load(&envs[0].counters[COUNTER_QUEUE_US]), 30000);
	ck_assert_uint_eq(
	    atomic_load(&envs[0].counters[COUNTER_QUEUE_TIMEOUTS]), 2);
}
END_TEST

static void
pass_us(uint64_t us)
{
	own_us += us;
	for (uint32_t w = 0; w < WORKERS; w++)
		slot_beat(&region, w, clock_now().us + us + 60000000);
	turn();
}

START_TEST(overloaded_for_long)
{
	rule.timeout_us = 400000000;
	begin(0);
	pass_us(1000000000);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 0, NORMAL), WHY_OK);
	pass_us(250000000);
	/* As if it had been so for a timeout. */
	queue_at(envs[0].queues, rule.service)->late[NORMAL].us = 1;
	ck_assert_int_eq(enter(3, 0, NORMAL), WHY_OK);
	drop(0);
	turn();
	ck_assert_str_eq(story, "3");
	/* The oldest has not waited for long: in order again. */
	queue_leave(&waiters[1]);
	queue_leave(&waiters[2]);
	ck_assert_int_eq(enter(4, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(5, 0, NORMAL), WHY_OK);
	drop(3);
	turn();
	ck_assert_str_eq(story, "34");
}
END_TEST

START_TEST(another_worker_is_woken)
{
	begin(0);
	ck_assert_int_eq(enter(1, 1, NORMAL), WHY_OK);
	turn();
	ck_assert_uint_eq(woken[1], 0);
	drop(0);
	turn();
	ck_assert_uint_eq(woken[1], 1);
	queues_woken(&envs[1]);
	turn();
	ck_assert_str_eq(story, "1");
	ck_assert_uint_eq(woken[0] + woken[1], 1);
}
END_TEST

/* By the bound that there is now: not that of the last one who waited here. */
START_TEST(another_worker_is_woken_by_a_new_bound)
{
	begin(0);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 1, NORMAL), WHY_OK);
	queue_leave(&waiters[1]);
	drop(0);
	turn();
	ck_assert_str_eq(story, "2");
	image.service.max_connections = 3;
	for (uint32_t w = 0; w < WORKERS; w++)
		envs[w].view.generation++;
	/* Two that need not wait. */
	for (int i = 0; i < 2; i++)
		tickets[i] = permit_take(&envs[0].permits, endpoint, 3);
	ck_assert_uint_ne(tickets[1], PERMIT_NONE);
	ck_assert_int_eq(enter(4, 1, NORMAL), WHY_OK);
	turn();
	woken[1] = 0;
	drop(0);
	turn();
	ck_assert_uint_eq(woken[1], 1);
}
END_TEST

/* Woken, but nobody waits any more: L2 of waiters.c. */
START_TEST(who_leaves_passes_it_on)
{
	begin(0);
	ck_assert_int_eq(enter(1, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 0, NORMAL), WHY_OK);
	turn();
	permit_drop(&envs[0].permits, tickets[0]);
	queue_leave(&waiters[1]);
	turn();
	ck_assert_uint_eq(woken[0], 1);
	ck_assert_str_eq(story, "");
	queues_woken(&envs[0]);
	turn();
	ck_assert_str_eq(story, "2");
}
END_TEST

START_TEST(a_higher_class_elsewhere_is_first)
{
	begin(0);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 1, EMERGENCY), WHY_OK);
	ck_assert_int_eq(queue_claims(&envs[0], rule.service), QUEUE_OTHERS);
	ck_assert_int_eq(queue_claims(&envs[1], rule.service), QUEUE_OWN);
	drop(0);
	turn();
	/* Both were looked at: worker 0 left it to the other one. */
	ck_assert_str_eq(story, "2");
}
END_TEST

START_TEST(workers_take_turns)
{
	rule.timeout_us = 80000000;
	begin(0);
	ck_assert_int_eq(queue_claims(&envs[0], rule.service), QUEUE_NOBODY);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	ck_assert_int_eq(queue_claims(&envs[0], rule.service), QUEUE_OWN);
	ck_assert_int_eq(enter(2, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(queue_claims(&envs[0], rule.service), QUEUE_OWN);
	/* An eighth of it would be more than a turn may last. */
	ck_assert_uint_eq(queue_turn_us(&envs[0], rule.service), 50000);
	pass_us(50000);
	ck_assert_str_eq(story, "");
	ck_assert_int_eq(queue_claims(&envs[0], rule.service), QUEUE_OTHERS);
	ck_assert(queue_holds(&envs[0], rule.service));
	drop(0);
	turn();
	ck_assert_str_eq(story, "");
	ck_assert_uint_eq(woken[1], 1);
	queues_woken(&envs[1]);
	turn();
	ck_assert_str_eq(story, "2");
}
END_TEST

START_TEST(what_idles_elsewhere_is_asked_for)
{
	begin(0);
	registry_pooled_add(&region, 1, endpoint, 1);
	ck_assert_int_eq(enter(1, 0, NORMAL), WHY_OK);
	turn();
	ck_assert_uint_eq(woken[1], 1);
	ck_assert_uint_ne(permit_wanted_us(&region, endpoint), 0);
	registry_pooled_add(&region, 1, endpoint, -1);
}
END_TEST

/* Whoever was woken does not come: not for ever. */
START_TEST(what_stays_free_is_taken)
{
	begin(0);
	ck_assert_int_eq(enter(1, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(2, 1, NORMAL), WHY_OK);
	ck_assert_int_eq(enter(3, 0, NORMAL), WHY_OK);
	permit_drop(&envs[0].permits, tickets[0]);
	for (int n = 0; n < 400 && story[0] == '\0'; n++)
		turn();
	ck_assert_int_ne(story[0], '\0');
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, by_class_and_by_age);
	tcase_add_test(tc, all_that_is_free_is_used);
	tcase_add_test(tc, places_are_of_all_workers);
	tcase_add_test(tc, a_higher_class_takes_a_place);
	tcase_add_test(tc, time_is_up);
	tcase_add_test(tc, overloaded_for_long);
	tcase_add_test(tc, another_worker_is_woken);
	tcase_add_test(tc, another_worker_is_woken_by_a_new_bound);
	tcase_add_test(tc, who_leaves_passes_it_on);
	tcase_add_test(tc, a_higher_class_elsewhere_is_first);
	tcase_add_test(tc, workers_take_turns);
	tcase_add_test(tc, what_idles_elsewhere_is_asked_for);
	tcase_add_test(tc, what_stays_free_is_taken);
	return fixture_run(tc, "queue");
}

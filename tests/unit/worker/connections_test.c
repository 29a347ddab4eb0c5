/* Tests of connections.c: whose connections count together, and whose do not.
 */
#include "worker/connections.h"

#include "common/net/ranges.h"
#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"
#include "worker/flow/why.h"

#define WORKERS 2

/* An image with room for the trusted. */
static struct {
	struct img_head head;
	struct addr_range trusted[2];
} image;
static struct region region;
static struct env envs[WORKERS];

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	memset(&image, 0, sizeof(image));
	for (uint32_t w = 0; w < WORKERS; w++) {
		envs[w] = (struct env){ .region = &region, .slot = w };
		envs[w].counters = counters_block(&region, w);
		envs[w].view.image = &image.head;
		ck_assert(permits_init(&envs[w].permits, &region, w));
	}
}

static void
teardown(void)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		permits_fini(&envs[w].permits);
	region_fini(&region);
}

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(text), &a));
	return a;
}

static bool
take(uint32_t w, const char *text, uint32_t *ticket)
{
	struct addr a = address(text);

	return connections_take(&envs[w], &a, ticket);
}

/* The same ones again and again: how many are let in? */
static uint32_t
room(const char *text)
{
	uint32_t n = 0, ticket, port = 1;
	struct addr a = address(text);

	for (; n < 20; n++) {
		a.port = (uint16_t)port++;
		if (!connections_take(&envs[n % WORKERS], &a, &ticket))
			break;
	}
	return n;
}

static uint64_t
counted(enum counter c)
{
	return atomic_load(&envs[0].counters[c]) +
	    atomic_load(&envs[1].counters[c]);
}

START_TEST(no_limit)
{
	uint32_t ticket = 0;

	ck_assert(take(0, "192.0.2.1", &ticket));
	ck_assert_uint_eq(ticket, PERMIT_NONE);
	connections_drop(&envs[0], ticket);
	ck_assert_uint_eq(room("192.0.2.1"), 20);
	envs[0].view.image = NULL; /* before the first configuration */
	ck_assert(take(0, "192.0.2.1", &ticket));
	ck_assert_uint_eq(ticket, PERMIT_NONE);
	ck_assert_uint_eq(atomic_load(&region.state->ledgers[0].high), 0);
}
END_TEST

START_TEST(each_address_by_itself)
{
	image.head.limits.connections_per_address = 3;
	ck_assert_uint_eq(room("192.0.2.1"), 3);
	ck_assert_uint_eq(room("192.0.2.2"), 3);
	ck_assert_uint_eq(room("192.0.2.1"), 0);
	ck_assert_uint_eq(counted(COUNTER_CONNECTIONS_OVER_ADDRESS), 3);
	ck_assert_uint_eq(counted(COUNTER_CONNECTIONS_UNCOUNTED), 0);
	slot_settle(&region, 0, 9);
	ck_assert_uint_eq(room("192.0.2.1"), 2); /* worker 1 has one */
}
END_TEST

START_TEST(a_net_of_v6_is_one_client)
{
	image.head.limits.connections_per_address = 3;
	ck_assert_uint_eq(room("2001:db8:0:1::1"), 3);
	ck_assert_uint_eq(room("2001:db8:0:1:ffff:ffff:ffff:ffff"), 0);
	ck_assert_uint_eq(room("2001:db8:0:2::1"), 3);
	/* The mapped form is IPv4 and has no nets: so says every addr. */
	ck_assert_uint_eq(room("0.0.0.1"), 3);
	ck_assert_uint_eq(room("0.0.0.2"), 3);
}
END_TEST

START_TEST(what_is_dropped_is_there_again)
{
	uint32_t a, b, c;

	image.head.limits.connections_per_address = 2;
	ck_assert(take(0, "::1", &a));
	ck_assert(take(1, "::1", &b));
	ck_assert(!take(0, "::1", &c));
	ck_assert_uint_eq(c, PERMIT_NONE);
	connections_drop(&envs[1], b);
	ck_assert(take(0, "::1", &c));
	ck_assert_uint_ne(c, PERMIT_NONE);
	connections_drop(&envs[0], a);
	connections_drop(&envs[0], c);
	ck_assert_uint_eq(room("::1"), 2);
}
END_TEST

START_TEST(trusted_proxies_are_exempt)
{
	struct addr_net net;
	const char *why;

	ck_assert(addr_net_parse("10.0.0.0/8", &net, &why));
	image.head.limits.connections_per_address = 2;
	image.head.trusted.off =
	    (uint32_t)((char *)image.trusted - (char *)&image);
	image.head.trusted.count =
	    (uint32_t)ranges_of_nets(&net, 1, image.trusted);
	ck_assert_uint_eq(room("10.1.2.3"), 20);
	ck_assert_uint_eq(room("11.1.2.3"), 2);
}
END_TEST

START_TEST(many_addresses)
{
	uint32_t ticket;

	image.head.limits.connections_per_address = 1;
	for (uint32_t i = 0; i < 65536; i++) {
		struct addr a = address("10.0.0.0");

		a.ip[14] = (uint8_t)(i >> 8);
		a.ip[15] = (uint8_t)i;
		ck_assert(connections_take(&envs[0], &a, &ticket));
	}
	/* By chance, one set or another has more than its share. */
	ck_assert_uint_lt(counted(COUNTER_CONNECTIONS_UNCOUNTED), 8);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("connections");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_limit);
	tcase_add_test(tc, each_address_by_itself);
	tcase_add_test(tc, a_net_of_v6_is_one_client);
	tcase_add_test(tc, what_is_dropped_is_there_again);
	tcase_add_test(tc, trusted_proxies_are_exempt);
	tcase_add_test(tc, many_addresses);
	return fixture_run(tc, "connections");
}

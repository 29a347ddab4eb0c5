/*
 * nets_fuzz.c - any bytes as a file of networks: what is taken is had by the
 * ranges that are made of it, with an index and without; what is not has a
 * complaint.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/net/ranges.h"
#include "master/conf_nets.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last address of a net. */
static struct addr
net_end(const struct addr_net *n)
{
	struct addr a = { 0 };

	memcpy(a.ip, n->ip, sizeof(a.ip));
	for (unsigned i = n->bits; i < 128; i++)
		a.ip[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return a;
}

static void
check_address(const struct conf_nets_found *f, const struct addr_range *ranges,
    size_t count, const struct ranges_index *index, struct addr a)
{
	static const uint8_t v4[12] = { [10] = 0xff, 0xff };
	bool want = false;

	a.is_v6 = memcmp(a.ip, v4, sizeof(v4)) != 0;
	for (size_t i = 0; i < f->count; i++)
		want = want || addr_net_has(&f->items[i], &a);
	MUST(ranges_have(ranges, count, &a) == want);
	MUST(index == NULL || ranges_have_indexed(ranges, index, &a) == want);
}

static void
check(const struct conf_nets_found *f, bool indexed)
{
	static struct ranges_index made;
	const struct ranges_index *index = indexed ? &made : NULL;
	struct addr_range *ranges = calloc(2 * f->count + 1, sizeof(*ranges));
	size_t count = ranges_of_nets(f->items, f->count, ranges);

	MUST(ranges != NULL);
	if (indexed)
		ranges_index_make(ranges, count, &made);
	for (size_t i = 0; i < f->count && i < 64; i++) {
		struct addr a = net_end(&f->items[i]);

		check_address(f, ranges, count, index, a);
		for (int k = 15; k >= 0 && ++a.ip[k] == 0; k--)
			continue;
		check_address(f, ranges, count, index, a);
		memcpy(a.ip, f->items[i].ip, sizeof(a.ip));
		check_address(f, ranges, count, index, a);
	}
	free(ranges);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_nets_found found = { 0 };
	struct conf c = { .main_file = "fuzz" };
	struct diag d;
	struct conf_source s = { &c, &d, { "fuzz", 1 }, "deny_files", "nets" };
	size_t lines = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	diag_init(&d);
	conf_nets_text(&s, slice_make((const char *)data, size), &found);
	MUST(found.count + d.errors <= lines + 2);
	/* An index is dear to make. */
	check(&found, size % 16 == 0);
	free(found.items);
	diag_fini(&d);
	return 0;
}

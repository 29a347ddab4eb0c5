/*
 * dns_fuzz.c - any bytes as a DNS answer, to each type of question: what is
 * taken of it is sorted, whole and no more than its bytes can hold. The first
 * byte says which type.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/resolve_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_addrs(const struct resolve_answer *a, uint16_t type)
{
	for (uint32_t i = 0; i < a->addr_count; i++) {
		MUST(a->addrs[i].is_v6 == (type == RESOLVE_TYPE_AAAA));
		MUST(a->addrs[i].port == 0 && a->addrs[i].spare == 0);
		MUST(i == 0 ||
		    memcmp(&a->addrs[i - 1], &a->addrs[i],
			sizeof(a->addrs[i])) < 0);
	}
}

static void
check_records(const struct resolve_answer *a)
{
	for (uint32_t i = 0; i < a->record_count; i++) {
		const char *target = a->records[i].target;
		size_t n = strnlen(target, sizeof(a->records[i].target));

		MUST(n != 0 && n < sizeof(a->records[i].target));
		MUST(strspn(target,
			 "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n);
		MUST(a->records[i].port != 0);
		MUST(i == 0 ||
		    a->records[i - 1].priority <= a->records[i].priority);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { RESOLVE_TYPE_A, RESOLVE_TYPE_AAAA,
		RESOLVE_TYPE_SRV };
	struct resolve_answer a;
	uint16_t type;

	if (size == 0)
		return 0;
	type = types[data[0] % 3];
	/* Of its own size, so that the sanitizers see more. */
	uint8_t *copy = malloc(size);
	MUST(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (resolve_answer_read(&a, copy, size - 1, type)) {
		MUST(a.addr_count * 10u <= size);
		MUST(a.record_count * 10u <= size);
		check_addrs(&a, type);
		check_records(&a);
	} else {
		MUST(a.addrs == NULL && a.records == NULL);
	}
	resolve_answer_fini(&a);
	free(copy);
	return 0;
}

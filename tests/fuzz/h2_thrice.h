/*
 * h2_thrice.h - one input as three runs of an owner: its bytes as they come,
 * cut here and there, and one by one. All must be told the same.
 *
 *	byte 0: raw bytes, small windows, an end, GOAWAY; 1-4: cuts; 5-12: plans
 */
#ifndef TESTS_FUZZ_H2_THRICE_H
#define TESTS_FUZZ_H2_THRICE_H

#include "common/base/pool.h"
#include "tests/fuzz/h2_watch.h"

#define CUTS 4
#define CHOICES (1 + CUTS + PLANS)

#define CHOICE_RAW 1
#define CHOICE_SMALL 2
#define CHOICE_EOF 4
#define CHOICE_GOAWAY 8

/* The two ends of a run. */
struct thrice_owner {
	void (*begin)(struct run *r, const uint8_t *data, bool following);
	void (*finish)(struct run *r, const uint8_t *data);
};

static inline int
run_thrice(const struct thrice_owner *owner, bool server, const uint8_t *data,
    size_t size)
{
	static const uint8_t ones[1];
	static struct script script;
	static struct run whole, cut, bytes;
	static bool ready;
	bool wire;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size < CHOICES)
		return 0;
	script_read(&script, (data[0] & CHOICE_RAW) != 0, server,
	    data + CHOICES, size - CHOICES);
	/* When a window is given back depends on how much came at once. */
	wire = script.n < WIRE_BYTES;
	for (unsigned i = 0; i < PLANS; i++)
		wire = wire && !PLAN_PAUSES(data[1 + CUTS + i]);
	owner->begin(&whole, data, true);
	run_script(&whole, &script, NULL, 0);
	owner->finish(&whole, data);
	owner->begin(&cut, data, false);
	run_script(&cut, &script, data + 1, CUTS);
	owner->finish(&cut, data);
	owner->begin(&bytes, data, false);
	run_script(&bytes, &script, ones, 1);
	owner->finish(&bytes, data);
	if (!(data[0] & CHOICE_SMALL)) {
		run_check_same(&whole, &cut, wire);
		run_check_same(&whole, &bytes, wire);
	}
	run_free(&whole);
	run_free(&cut);
	run_free(&bytes);
	MUST(buf_pool_state()->used == 0);
	return 0;
}

#endif

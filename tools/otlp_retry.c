/*
 * otlp_retry.c - see otlp_retry.h.
 */
#include "tools/otlp_retry.h"

enum otlp_fate
otlp_fate(unsigned status)
{
	switch (status) {
	case 0:
	case 429:
	case 502:
	case 503:
	case 504:
		return OTLP_AGAIN;
	default:
		return status >= 200 && status < 300 ? OTLP_TAKEN
						     : OTLP_REFUSED;
	}
}

uint64_t
otlp_delay_us(uint64_t previous)
{
	uint64_t us = previous != 0 ? 2 * previous : OTLP_DELAY_FIRST_US;

	return us < OTLP_DELAY_MAX_US ? us : OTLP_DELAY_MAX_US;
}

uint64_t
otlp_wait_us(uint64_t delay, uint64_t asked, uint64_t random)
{
	uint64_t us = delay - random % (delay / 2 + 1);

	if (asked > OTLP_ASKED_MAX_US)
		asked = OTLP_ASKED_MAX_US;
	return us > asked ? us : asked;
}

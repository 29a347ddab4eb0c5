/*
 * otlp_retry.h - what becomes of an export, and when it is tried again: as the
 * specification of OTLP/HTTP wants it.
 */
#ifndef TOOLS_OTLP_RETRY_H
#define TOOLS_OTLP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define OTLP_DELAY_FIRST_US 250000u
#define OTLP_DELAY_MAX_US 30000000u
#define OTLP_ASKED_MAX_US 300000000u /* what a receiver may ask for */

enum otlp_fate {
	OTLP_TAKEN,
	OTLP_AGAIN,  /* the receiver cannot take it now */
	OTLP_REFUSED /* it never will */
};

/* By the answer's status; 0: there was no answer. */
enum otlp_fate otlp_fate(unsigned status);

/* The delay before the next try, after `previous` (0: the first failure). */
uint64_t otlp_delay_us(uint64_t previous);

/*
 * So long it takes: between a half and all of the delay, so that not all come
 * back together, but at least as long as the receiver asks for.
 */
uint64_t otlp_wait_us(uint64_t delay, uint64_t asked, uint64_t random);

#endif

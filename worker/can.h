/*
 * can.h - may somebody with these claims do this? Asked offline, of the image
 * that a running gateway has published; decided by the router and the rules
 * that decide about requests. What `penstockctl can` starts.
 */
#ifndef WORKER_CAN_H
#define WORKER_CAN_H

#include <stdbool.h>

#define CAN_IMAGE_MAX (UINT64_C(1) << 32)

struct can_ask {
	/* A JSON object as a token has it, or "-": nobody. Taken for verified:
	 * neither times nor issuer are looked at. */
	const char *claims;
	const char *method, *url; /* absolute, or a path */
	bool json;
};

/*
 * Reads the image from fd and says on stdout whether, and why. Returns the exit
 * code: 0 yes, 1 no, 2 it cannot be said, with a sentence on stderr.
 */
int can_main(const struct can_ask *ask, int fd);

#endif

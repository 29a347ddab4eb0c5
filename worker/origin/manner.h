/*
 * manner.h - how an endpoint is spoken to: its protocol, and TLS.
 *
 * An endpoint set changes for everybody at once, while a call holds on to its
 * image. Where a reload has changed what a set consists of and how it is spoken
 * to, a call from before goes by what the current image says of its service.
 *
 * Sets are published just before their image. In between one may be met that no
 * image fits yet: the call waits for the next turns. Later than that there is
 * none, as epoch_enter sees the image after the sets (protocol A: M2 is after
 * S3 of all, W3 before any set is read).
 */
#ifndef WORKER_ORIGIN_MANNER_H
#define WORKER_ORIGIN_MANNER_H

#include "worker/flow/env.h"
#include "worker/origin/call.h"

#define MANNER_TURN_US 1000u
/* So long, at most, if the master has died amid a publication. */
#define MANNER_TURNS_MAX 5000u

/* A service, where it stands. */
struct manner {
	const struct img_head *image;
	const struct img_service *service;
	uint32_t image_slot;
};

/*
 * Leaves m as it is where its service has this manner, or makes it what the
 * current image has. False: neither has it, not now.
 */
bool manner_find(struct manner *m, const struct env *e, uint64_t manner);

/* Protocol and TLS of the next call_connect. False without memory. */
bool
manner_take(const struct manner *m, const struct env *e, struct call_params *p);

#endif

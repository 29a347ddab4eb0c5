/*
 * setup.h - what the keeper makes once, before its first fork: pid file, log,
 * shared memory, wake descriptors, queues between workers, admin socket, signal
 * descriptor.
 */
#ifndef MASTER_SETUP_H
#define MASTER_SETUP_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "master/boot.h"
#include "shm/inherit.h"

struct setup {
	int pid_fd;    /* holds the lock */
	int signal_fd; /* non-blocking */
};

/*
 * Fills in what is the keeper's to fill in of `in`, but for its children's
 * sockets. False with a complaint; setup_fini is to follow in any case.
 */
bool setup_init(
    struct setup *s, struct inherit *in, const struct boot *b, struct diag *d);
void setup_fini(struct setup *s, struct inherit *in, const struct boot *b);

/* Opens the log file; -1: it is none (stderr, syslog), or errno says why. */
int setup_log_fd(const struct boot *b);

#endif

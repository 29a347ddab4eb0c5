/*
 * activation.h - listening sockets that a service manager opened and passed
 * in: descriptors from 3 on, counted in $LISTEN_FDS for the process
 * $LISTEN_PID (sd_listen_fds(3)).
 *
 * They stay open as long as the keeper lives, whether a listener uses them or
 * not: a reload may ask for them again.
 */
#ifndef MASTER_ACTIVATION_H
#define MASTER_ACTIVATION_H

#include <stdint.h>

#include "common/net/addr.h"

#define ACTIVATION_MAX 64

struct activation_socket {
	int fd;
	struct addr addr;
	char name[64]; /* of $LISTEN_FDNAMES, or "" */
	bool used;     /* by a listener, now or once */
};

struct activation {
	struct activation_socket sockets[ACTIVATION_MAX];
	uint32_t count;
};

/*
 * Takes what was passed to this process. What is no listening TCP socket is
 * closed, with a warning.
 */
void activation_init(struct activation *a);
void activation_fini(struct activation *a);

/* The socket bound to this address, which stays a's; -1: none. */
int activation_find(struct activation *a, const struct addr *addr);

/* Warns of each that no listener has used. */
void activation_warn(const struct activation *a);

#endif

/*
 * inherit.h - what a child process gets from the keeper: nothing else is open
 * and nothing else is known to it. Passed to worker_main and master_main.
 */
#ifndef SHM_INHERIT_H
#define SHM_INHERIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/log.h"
#include "common/net/addr.h"
#include "shm/region.h"

#define LISTENERS_MAX 256

/* As a listener's id: a slot's queue of connections that others handed it. */
#define LISTENER_HANDOVER UINT32_MAX

/* One listener's sockets; the id is stable while it exists (never reused in
 * one life of the keeper). */
struct inherit_listener {
	uint32_t id; /* 0: unused place */
	struct addr addr;
	/* The slots below this one share a socket of the service manager. */
	uint32_t passed;
	int fds[WORKERS_MAX]; /* per worker slot; -1: none */
};

struct inherit {
	struct region region;
	struct region_fds region_fds; /* the master's, for tools; read-only */
	uint32_t workers, helpers;
	uint32_t worker_connections;
	bool cpu_affinity;
	uid_t uid; /* to become, when the keeper is root; else (uid_t)-1 */
	gid_t gid;
	int wake_fds[WORKERS_MAX];    /* eventfd per slot */
	int master_wake_fd;           /* eventfd of the master */
	int helpers_wake_fd;          /* theirs: a count per job to do */
	int control_fds[WORKERS_MAX]; /* worker's end, SOCK_SEQPACKET */
	/* A queue per slot, in and out: every worker gives, its own takes (see
	 * worker/handover.h). -1 with one worker. */
	int handover_in[WORKERS_MAX];
	int handover_out[WORKERS_MAX];
	int master_fd;    /* master's end towards the keeper */
	int admin_fd;     /* listening admin socket; -1: none */
	int admin_tcp_fd; /* the same of admin.address */
	int files_fd;     /* a loader asks the keeper for files */
	int state_dir_fd; /* of the keeper and the master; -1: none */
	int log_fd;       /* -1: stderr or syslog by log_target */
	enum log_level log_level;
	char log_target[256];
	struct inherit_listener listeners[LISTENERS_MAX];
};

/* keeper -> worker over control_fds; a descriptor rides on LISTENER_ADD. */
enum worker_order {
	/* Accept from this socket of `slot`: one's own, or one adopted; with
	 * LISTENER_HANDOVER it is the slot's queue. */
	ORDER_LISTENER_ADD = 1,
	ORDER_LISTENER_REMOVE, /* empty the listener's queues and let go */
	ORDER_RELEASE,         /* `slot` accepts by itself again: let go */
	ORDER_LOG_REOPEN,
	ORDER_LOG_LEVEL
};
struct worker_message {
	uint32_t order; /* enum worker_order */
	uint32_t id;    /* listener id, or log level */
	uint32_t slot;  /* LISTENER_ADD, RELEASE: whose sockets these are */
	struct addr addr;
};

#endif

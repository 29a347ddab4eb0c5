/*
 * log_order.h - what penstocklog gets from the keeper that starts it: a word
 * on its command line, descriptors at fixed places, and orders over the first
 * of them. When that one ends, the keeper has.
 */
#ifndef SHM_LOG_ORDER_H
#define SHM_LOG_ORDER_H

#include <stdint.h>

/* The only argument. */
#define LOG_BY_KEEPER "--by-keeper"

/* Standard output is the gateway's own, for logs to "stdout". */
enum log_fd {
	LOG_FD_CONTROL = 3, /* SOCK_SEQPACKET */
	LOG_FD_STATE,       /* these three: read-only */
	LOG_FD_IMAGES,
	LOG_FD_RECORDS,
	LOG_FD_READERS, /* read-write */
	LOG_FD_END
};

enum log_order_kind {
	/* Where it complains: the descriptor of a file rides along, or
	 * `target` is "syslog" or "stderr". The first order. */
	LOG_ORDER_TARGET = 1,
	LOG_ORDER_REOPEN, /* the same, and every log is opened anew */
	LOG_ORDER_STOP    /* write what there is, then end */
};
struct log_order {
	uint32_t kind;  /* enum log_order_kind */
	uint32_t level; /* enum log_level */
	char target[8];
};

#endif

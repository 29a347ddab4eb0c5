/*
 * notify.h - tells the service manager how the gateway fares: one datagram
 * each to $NOTIFY_SOCKET (sd_notify(3)), and the watchdog's sign of life every
 * half of $WATCHDOG_USEC. Without the variables it does nothing.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_bytes;
	uint64_t watchdog_us; /* between two signs of life; 0: none asked for */
	uint64_t next_us;
};

/* Reads the variables. Warns when they make no sense. */
void notify_init(struct notify *n);
void notify_fini(struct notify *n);

/* Each with a status text (printf) for people. */
void notify_ready(struct notify *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Gives the sign of life when it is due and all is `well`. Returns when to be
 * called again, or never.
 */
uint64_t notify_watchdog(struct notify *n, bool well, uint64_t now_us);

#endif

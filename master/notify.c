/*
 * notify.c - see notify.h.
 */
#include "master/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

#define NOTIFY_TEXT_MAX 512

/* A path, or "@name" of the abstract namespace. */
static bool
notify_address(struct notify *n, const char *name)
{
	size_t bytes = strlen(name);

	n->to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((name[0] != '/' && name[0] != '@') || bytes < 2 ||
	    bytes >= sizeof(n->to.sun_path))
		return false;
	memcpy(n->to.sun_path, name, bytes);
	if (name[0] == '@')
		n->to.sun_path[0] = '\0';
	n->to_bytes =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
	return true;
}

/* Half of what the manager waits for; it may mean another process. */
static uint64_t
notify_watchdog_us(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (us == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(us, NULL, 10) / 2;
}

void
notify_init(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (name != NULL && notify_address(n, name)) {
		n->fd = socket(
		    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		n->watchdog_us = notify_watchdog_us();
	} else if (name != NULL) {
		log_warnx("NOTIFY_SOCKET is no address: %s", name);
	}
}

void
notify_fini(struct notify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
}

static void
notify_send(struct notify *n, const char *text)
{
	if (n->fd < 0)
		return;
	if (sendto(n->fd, text, strlen(text), MSG_NOSIGNAL,
		(const struct sockaddr *)&n->to, n->to_bytes) < 0)
		log_warn("the service manager cannot be told");
}

static void __attribute__((format(printf, 3, 0))) notify_state(
    struct notify *n, const char *state, const char *format, va_list args)
{
	char status[NOTIFY_TEXT_MAX], text[2 * NOTIFY_TEXT_MAX];

	(void)vsnprintf(status, sizeof(status), format, args);
	(void)snprintf(text, sizeof(text), "%s\nSTATUS=%s", state, status);
	notify_send(n, text);
}

void
notify_ready(struct notify *n, const char *format, ...)
{
	char state[64];
	va_list args;

	/* A daemon is not the process that was started. */
	(void)snprintf(
	    state, sizeof(state), "READY=1\nMAINPID=%d", (int)getpid());
	va_start(args, format);
	notify_state(n, state, format, args);
	va_end(args);
}

void
notify_reloading(struct notify *n)
{
	char text[128];
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)snprintf(text, sizeof(text),
	    "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading",
	    (unsigned long long)ts.tv_sec * 1000000 +
		(unsigned long long)ts.tv_nsec / 1000);
	notify_send(n, text);
}

void
notify_stopping(struct notify *n, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	notify_state(n, "STOPPING=1", format, args);
	va_end(args);
}

uint64_t
notify_watchdog(struct notify *n, bool well, uint64_t now_us)
{
	if (n->fd < 0 || n->watchdog_us == 0)
		return UINT64_MAX;
	if (now_us >= n->next_us && well) {
		notify_send(n, "WATCHDOG=1");
		n->next_us = now_us + n->watchdog_us;
	}
	/* Not well: asked again soon. */
	return n->next_us > now_us ? n->next_us : now_us + n->watchdog_us / 4;
}

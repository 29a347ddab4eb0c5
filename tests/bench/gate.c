/*
 * gate.c - preloaded into the gateway: its worker waits for events only when
 * the other end of the socket PENSTOCK_GATE lets it, so that what one turn of
 * its loop meets is what was sent before, however fast either side is.
 *
 *   worker           driver
 *               <-   "h"        it is to be held
 *   "p"         ->              it is about to wait for events
 *               <-   "g"        it may
 *               <-   "s"        callgrind counts from now on
 *               <-   "dNAME"    what was counted goes to a file, as of NAME
 *
 * Before the first byte of the driver the worker runs freely, and behind the
 * end of the connection again. "s" and "d" do nothing without callgrind, but
 * are seen by strace: GATE_FD is a number that nothing else has.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { GATE_FD = 1000 };

static enum gate_state { GATE_UNKNOWN, GATE_FREE, GATE_HELD, GATE_NONE } state;

static bool
gate_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0 || strlen(path) >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, path, strlen(path) + 1);
	ok = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    dup2(fd, GATE_FD) == GATE_FD;
	close(fd);
	return ok;
}

/* Of the other processes the state stays unknown. */
static void
gate_find(void)
{
	const char *path = getenv("PENSTOCK_GATE");
	char name[17] = "";

	if (path == NULL || prctl(PR_GET_NAME, name, 0, 0, 0) != 0 ||
	    strncmp(name, "worker", 6) != 0)
		return;
	state = gate_connect(path) ? GATE_FREE : GATE_NONE;
}

/* True as long as there is somebody to obey, and he has not let it go. */
static bool
gate_obey(void)
{
	char order[64];
	ssize_t n = read(GATE_FD, order, sizeof(order) - 1);

	if (n <= 0) {
		state = GATE_NONE;
		return false;
	}
	order[n] = '\0';
	if (order[0] == 's')
		CALLGRIND_START_INSTRUMENTATION;
	if (order[0] == 'd')
		CALLGRIND_DUMP_STATS_AT(order + 1);
	return order[0] != 'g';
}

static void
gate_pass(void)
{
	char first;

	if (state == GATE_UNKNOWN)
		gate_find();
	if (state == GATE_FREE &&
	    recv(GATE_FD, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
		state = GATE_HELD;
	if (state != GATE_HELD)
		return;
	if (write(GATE_FD, "p", 1) != 1)
		state = GATE_NONE;
	while (state == GATE_HELD && gate_obey())
		;
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	static int (*real)(int, struct epoll_event *, int, int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	gate_pass();
	return real(fd, events, max, ms);
}

int
epoll_pwait2(int fd, struct epoll_event *events, int max,
    const struct timespec *timeout, const sigset_t *mask)
{
	static int (*real)(int, struct epoll_event *, int,
	    const struct timespec *, const sigset_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_pwait2");
	gate_pass();
	return real(fd, events, max, timeout, mask);
}

/*
 * setup.c - see setup.h.
 */
#include "master/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/sock.h"
#include "master/folder.h"
#include "master/pidfile.h"
#include "master/state.h"

#define ADMIN_TCP_BACKLOG 64

int
setup_log_fd(const struct boot *b)
{
	if (strcmp(b->log_target, "stderr") == 0 ||
	    strcmp(b->log_target, "syslog") == 0)
		return -1;
	return open(b->log_target,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static bool
setup_log(struct inherit *in, const struct boot *b, struct diag *d)
{
	in->log_level = b->log_level;
	(void)snprintf(
	    in->log_target, sizeof(in->log_target), "%s", b->log_target);
	in->log_fd = setup_log_fd(b);
	if (in->log_fd >= 0) {
		log_open_fd(in->log_fd, b->log_level, "keeper");
		return true;
	}
	if (log_open(b->log_target, b->log_level, "keeper"))
		return true;
	diag_error(d, NULL, 0, "log.target: cannot open %s: %s", b->log_target,
	    strerror(errno));
	return false;
}

static bool
setup_eventfd(int *fd, int flags, struct diag *d)
{
	*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | flags);
	if (*fd >= 0)
		return true;
	diag_error(d, NULL, 0, "cannot make an eventfd: %s", strerror(errno));
	return false;
}

static bool
setup_memory(struct inherit *in, const struct boot *b, struct diag *d)
{
	in->workers = b->geometry.workers;
	in->helpers = b->helpers;
	in->worker_connections = b->worker_connections;
	in->cpu_affinity = b->cpu_affinity;
	in->uid = b->privs.change ? b->privs.uid : (uid_t)-1;
	in->gid = b->privs.change ? b->privs.gid : (gid_t)-1;
	if (!region_create(&in->region, &b->geometry, d))
		return false;
	clock_set_birth(in->region.state->header.birth_us);
	return true;
}

static bool
setup_wakes(struct inherit *in, struct diag *d)
{
	for (uint32_t w = 0; w < in->workers; w++)
		if (!setup_eventfd(&in->wake_fds[w], 0, d))
			return false;
	return setup_eventfd(&in->master_wake_fd, 0, d) &&
	    /* A count of it wakes one helper. */
	    setup_eventfd(&in->helpers_wake_fd, EFD_SEMAPHORE, d);
}

/* Both ends stay open here: what is queued outlives a worker. */
static bool
setup_handover(struct inherit *in, struct diag *d)
{
	int pair[2];

	for (uint32_t w = 0; in->workers > 1 && w < in->workers; w++) {
		if (socketpair(AF_UNIX,
			SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			pair) != 0) {
			diag_error(d, NULL, 0, "cannot make a socket pair: %s",
			    strerror(errno));
			return false;
		}
		in->handover_in[w] = pair[0];
		in->handover_out[w] = pair[1];
	}
	return true;
}

static bool
setup_admin(struct inherit *in, const struct boot *b, struct diag *d)
{
	if (b->admin_socket[0] == '\0')
		return true;
	if (!folder_make_above(b->admin_socket, "admin.socket", d))
		return false;
	in->admin_fd = sock_listen_unix(b->admin_socket);
	if (in->admin_fd >= 0 &&
	    (!b->privs.change ||
		lchown(b->admin_socket, b->privs.uid, b->privs.gid) == 0))
		return true;
	diag_error(d, NULL, 0, "admin.socket: cannot listen on %s: %s",
	    b->admin_socket, strerror(errno));
	return false;
}

/* Alone on its address: without SO_REUSEPORT. */
static bool
setup_admin_tcp(struct inherit *in, const struct boot *b, struct diag *d)
{
	char text[ADDR_TEXT_MAX];

	if (b->admin_address.port == 0)
		return true;
	in->admin_tcp_fd =
	    sock_listen(&b->admin_address, false, ADMIN_TCP_BACKLOG);
	if (in->admin_tcp_fd >= 0)
		return true;
	(void)addr_text(&b->admin_address, text);
	diag_error(d, NULL, 0, "admin.address: cannot listen on %s: %s", text,
	    strerror(errno));
	return false;
}

/* Without one, nothing outlives a full stop. */
static bool
setup_state(struct inherit *in, const struct boot *b, struct diag *d)
{
	if (b->state_dir[0] == '\0')
		return true;
	in->state_dir_fd = state_open(b->state_dir, &b->privs, d);
	return in->state_dir_fd >= 0;
}

static bool
setup_signals(struct setup *s, struct diag *d)
{
	static const int taken[] = { SIGCHLD, SIGHUP, SIGTERM, SIGQUIT, SIGINT,
		SIGUSR1, SIGUSR2 };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		(void)sigaddset(&set, taken[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
		return true;
	diag_error(d, NULL, 0, "cannot take signals: %s", strerror(errno));
	return false;
}

/* Without one, -s has nobody to speak to and nothing guards the start. */
static bool
setup_pid_file(struct setup *s, const struct boot *b, struct diag *d)
{
	if (b->pid_file[0] == '\0')
		return true;
	s->pid_fd = pidfile_take(b->pid_file, d);
	return s->pid_fd >= 0;
}

bool
setup_init(
    struct setup *s, struct inherit *in, const struct boot *b, struct diag *d)
{
	*s = (struct setup){ .pid_fd = -1, .signal_fd = -1 };
	in->admin_fd = in->admin_tcp_fd = -1;
	in->log_fd = -1;
	in->master_wake_fd = in->helpers_wake_fd = -1;
	in->state_dir_fd = -1;
	in->region.state_fd = -1;
	in->region.images_fd = in->region.secrets_fd = -1;
	in->region.vault_fd = in->region.records_fd = -1;
	in->region.readers_fd = -1;
	in->region_fds = REGION_FDS_NONE;
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		in->wake_fds[w] = in->handover_in[w] = in->handover_out[w] = -1;
	(void)boot_raise_files();
	return setup_pid_file(s, b, d) && setup_log(in, b, d) &&
	    setup_memory(in, b, d) && setup_wakes(in, d) &&
	    setup_handover(in, d) && setup_admin(in, b, d) &&
	    setup_admin_tcp(in, b, d) && setup_state(in, b, d) &&
	    setup_signals(s, d);
}

static void
setup_close(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void
setup_fini(struct setup *s, struct inherit *in, const struct boot *b)
{
	if (in->admin_fd >= 0) {
		(void)unlink(b->admin_socket);
		(void)close(in->admin_fd);
	}
	setup_close(in->admin_tcp_fd);
	for (uint32_t w = 0; w < WORKERS_MAX; w++) {
		setup_close(in->wake_fds[w]);
		setup_close(in->handover_in[w]);
		setup_close(in->handover_out[w]);
	}
	setup_close(in->master_wake_fd);
	setup_close(in->state_dir_fd);
	setup_close(in->helpers_wake_fd);
	if (in->region.state != NULL)
		region_fini(&in->region);
	setup_close(s->signal_fd);
	pidfile_release(b->pid_file, s->pid_fd);
}

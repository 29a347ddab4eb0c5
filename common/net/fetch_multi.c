/*
 * fetch_multi.c - see fetch_multi.h.
 */
#include "common/net/fetch_multi.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/log.h"

#define BATCH 16

static void
multi_tell_done(struct fetch_multi *m)
{
	CURLMsg *said;
	int left;

	while ((said = curl_multi_info_read(m->curl, &left)) != NULL) {
		void *owner = NULL;

		if (said->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(
		    said->easy_handle, CURLINFO_PRIVATE, &owner);
		m->done(owner, (int)said->data.result);
	}
}

static void
multi_act(struct fetch_multi *m, curl_socket_t fd, int events)
{
	int running;

	(void)curl_multi_socket_action(m->curl, fd, events, &running);
}

static void
multi_on_timer(struct timer *t)
{
	struct fetch_multi *m = CONTAINER_OF(t, struct fetch_multi, timer);

	multi_act(m, CURL_SOCKET_TIMEOUT, 0);
	multi_tell_done(m);
}

static int
multi_events(uint32_t is)
{
	return ((is & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
	    ((is & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
	    ((is & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
}

static void
multi_on_ready(struct loop_watch *w, unsigned events)
{
	struct fetch_multi *m = CONTAINER_OF(w, struct fetch_multi, sockets);
	struct epoll_event ready[BATCH];
	int n = epoll_wait(w->fd, ready, BATCH, 0);

	(void)events;
	for (int i = 0; i < n; i++)
		multi_act(m, ready[i].data.fd, multi_events(ready[i].events));
	multi_tell_done(m);
}

/* ---- what libcurl wants ---- */

static int
multi_watch(CURL *easy, curl_socket_t fd, int what, void *owner, void *of_fd)
{
	struct fetch_multi *m = owner;
	struct epoll_event e = { .data.fd = fd };

	(void)easy;
	(void)of_fd;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(m->sockets.fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	e.events = (what != CURL_POLL_OUT ? EPOLLIN : 0u) |
	    (what != CURL_POLL_IN ? EPOLLOUT : 0u);
	if (epoll_ctl(m->sockets.fd, EPOLL_CTL_MOD, fd, &e) < 0 &&
	    epoll_ctl(m->sockets.fd, EPOLL_CTL_ADD, fd, &e) < 0)
		log_warn("watch a socket of libcurl");
	return 0;
}

/* Never from in here: libcurl is in the middle of something. */
static int
multi_wait(CURLM *curl, long ms, void *owner)
{
	struct fetch_multi *m = owner;

	(void)curl;
	if (ms < 0)
		timer_cancel(&m->timer);
	else
		timer_set(&m->loop->timers, &m->timer,
		    mono_add_us(clock_now(), (uint64_t)ms * 1000));
	return 0;
}

/* ---- requests ---- */

/* When it is first needed: most gateways never fetch anything. */
static bool
multi_open(struct fetch_multi *m)
{
	if (m->curl != NULL)
		return true;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	m->curl = curl_multi_init();
	if (m->curl == NULL) {
		curl_global_cleanup();
		return false;
	}
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, multi_watch);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, multi_wait);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	return true;
}

void *
fetch_multi_new(struct fetch_multi *m)
{
	return multi_open(m) ? curl_easy_init() : NULL;
}

bool
fetch_multi_add(struct fetch_multi *m, void *easy)
{
	return curl_multi_add_handle(m->curl, easy) == CURLM_OK;
}

void
fetch_multi_drop(struct fetch_multi *m, void *easy)
{
	(void)curl_multi_remove_handle(m->curl, easy);
	curl_easy_cleanup(easy);
}

/* ---- life ---- */

bool
fetch_multi_init(struct fetch_multi *m, struct loop *loop,
    void (*done)(void *owner, int result))
{
	*m = (struct fetch_multi){ .loop = loop,
		.done = done,
		.sockets = { .fn = multi_on_ready,
		    .fd = epoll_create1(EPOLL_CLOEXEC) } };
	timer_init(&m->timer, multi_on_timer);
	return m->sockets.fd >= 0 && loop_add(loop, &m->sockets, true);
}

void
fetch_multi_fini(struct fetch_multi *m)
{
	if (m->curl != NULL) {
		(void)curl_multi_cleanup(m->curl);
		curl_global_cleanup();
	}
	timer_fini(&m->loop->timers, &m->timer);
	if (m->sockets.fd < 0)
		return;
	loop_remove(m->loop, &m->sockets);
	(void)close(m->sockets.fd);
}

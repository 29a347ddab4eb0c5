/*
 * load.c - the load of the benchmark: HTTP/1.1 on 127.0.0.1, plain or over
 * TLS 1.3. Exactly so many requests, each as soon as a connection is free or at
 * a fixed rate, where a request's time begins when it was due: a server that
 * stalls is not spared. Prints a line of JSON.
 *
 * usage: load -p PORT [-n REQUESTS] [-c CONNECTIONS] [-r RATE] [-o AT_ONCE]
 *             [-s STATUS] [-d SECONDS] [-u PATH | -U FILE] [-h 'NAME: VALUE']
 *             [-t TOKENS [-f FIRST]] [-b BODY_BYTES] [-C] [-T | -R] [-x] [-w
 * STATUS]
 *
 * -U   a file with a path per line
 * -t   a file with a token per line, sent as Bearer, beginning with the one of
 *      number FIRST
 * -C   a connection for each request
 * -T   TLS; -R also resumes
 * -x   expects that connections are closed at once, and counts those
 * -w   asks once on each connection, which is answered with STATUS, prints
 *      "ready", and goes on when a line comes on standard input; ends where
 *      that ends
 */
#include "tests/bench/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/net.h"
#include "tests/bench/tls.h"

#define WARM_WINDOW 64

struct options {
	const char *path, *paths, *header, *tokens;
	uint64_t first, body_bytes, seconds;
	int warm; /* the status of that; 0: no request */
};

void
load_is_idle(struct load *l, struct conn *c)
{
	l->idle[(l->idle_first + l->idle_count++) % l->conns_max] = c;
}

void
load_was_idle(struct load *l, const struct conn *c)
{
	uint64_t i = 0;

	while (l->idle[(l->idle_first + i) % l->conns_max] != c)
		i++;
	for (; i > 0; i--)
		l->idle[(l->idle_first + i) % l->conns_max] =
		    l->idle[(l->idle_first + i - 1) % l->conns_max];
	l->idle_first = (l->idle_first + 1) % l->conns_max;
	l->idle_count--;
}

static void
took(struct load *l, const struct conn *c)
{
	uint64_t us = (net_now_ns() - c->began_ns) / 1000;

	l->times_us[l->good++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void
load_answered(struct load *l, const struct conn *c)
{
	l->done++;
	l->statuses[c->status]++;
	if (c->status == l->status)
		took(l, c);
	else
		l->failures[FAIL_STATUS]++;
}

void
load_refused(struct load *l, const struct conn *c)
{
	l->done++;
	took(l, c);
}

void
load_failed(struct load *l, enum load_failure f)
{
	l->failures[f]++;
	/* Who keeps connections has asked for nothing yet. */
	if ((f != FAIL_CONNECT && f != FAIL_TLS) || l->close)
		l->done++;
}

static int
ticket_keep(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_ex_data(ssl, 0);

	c->load->tickets++;
	if (!c->load->resume)
		return 0;
	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static void
text_add(struct load *l, const struct options *o, const char *path,
    const char *token)
{
	size_t room = 1024 + strlen(path) + strlen(token) + o->body_bytes +
	    strlen(o->header);
	struct text *t;
	int n;

	if ((l->text_count & (l->text_count + 1)) == 0)
		l->texts = realloc(
		    l->texts, 2 * (l->text_count + 1) * sizeof(*l->texts));
	if (l->texts == NULL)
		net_die("realloc");
	t = &l->texts[l->text_count++];
	t->bytes = malloc(room);
	if (t->bytes == NULL)
		net_die("malloc");
	n = snprintf(t->bytes, room,
	    "%s %s HTTP/1.1\r\nHost: bench.test\r\n"
	    "User-Agent: load/1\r\nAccept: */*\r\n%s%s%s%s%s%s",
	    o->body_bytes != 0 ? "POST" : "GET", path,
	    l->close ? "Connection: close\r\n" : "", o->header,
	    *o->header != '\0' ? "\r\n" : "",
	    *token != '\0' ? "Authorization: Bearer " : "", token,
	    *token != '\0' ? "\r\n" : "");
	if (o->body_bytes != 0)
		n += snprintf(t->bytes + n, room - (size_t)n,
		    "Content-Length: %" PRIu64 "\r\n", o->body_bytes);
	n += snprintf(t->bytes + n, room - (size_t)n, "\r\n");
	memset(t->bytes + n, 'i', o->body_bytes);
	t->length = (size_t)n + o->body_bytes;
}

static void
texts_make(struct load *l, const struct options *o)
{
	const char *path = o->paths != NULL ? o->paths : o->tokens;
	char line[8192];
	FILE *f;

	if (path == NULL) {
		text_add(l, o, o->path, "");
		return;
	}
	f = fopen(path, "r");
	if (f == NULL)
		net_die(path);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		text_add(l, o, o->paths != NULL ? line : o->path,
		    o->paths != NULL ? "" : line);
	}
	fclose(f);
	if (l->text_count == 0) {
		fprintf(stderr, "%s is empty\n", path);
		exit(1);
	}
	l->text_next = o->first % l->text_count;
}

static void
ask(struct load *l, struct conn *c, uint64_t due_ns)
{
	const struct text *t = &l->texts[l->text_next];

	l->text_next = (l->text_next + 1) % l->text_count;
	l->issued++;
	conn_ask(c, t, due_ns);
}

static struct conn *
dead_one(struct load *l)
{
	for (uint64_t i = 0; i < l->conns_max; i++)
		if (l->conns[i].state == CONN_DEAD)
			return &l->conns[i];
	return NULL;
}

static uint64_t
under_way(const struct load *l)
{
	return l->issued - l->done;
}

/* With -C: every dead connection has its request. */
static void
ask_anew(struct load *l)
{
	struct conn *c;

	while (l->issued < l->requests && under_way(l) < l->window &&
	    (c = dead_one(l)) != NULL)
		ask(l, c, net_now_ns());
}

/* On kept connections; when the next one is due, in ns from now. */
static uint64_t
ask_idle(struct load *l, uint64_t began)
{
	uint64_t now = net_now_ns(), due = now;

	while (l->issued < l->requests && l->idle_count != 0 &&
	    under_way(l) < l->window) {
		if (l->rate != 0) {
			due = began + l->issued * 1000000000 / l->rate;
			if (due > now)
				return due - now;
		}
		ask(l, l->idle[l->idle_first], due);
	}
	return 100000000;
}

/* Opens what was lost, so many at once as may be. */
static void
reopen(struct load *l)
{
	uint64_t opening = 0;

	for (uint64_t i = 0; i < l->conns_max; i++) {
		struct conn *c = &l->conns[i];

		opening +=
		    c->state == CONN_CONNECTING || c->state == CONN_SHAKING;
		if (c->state == CONN_DEAD && opening < WARM_WINDOW) {
			opening++;
			conn_open(c);
		}
	}
}

static void
turn(struct load *l, uint64_t wait_ns)
{
	struct epoll_event events[NET_EVENTS];
	struct timespec wait = { .tv_sec = (time_t)(wait_ns / 1000000000),
		.tv_nsec = (long)(wait_ns % 1000000000) };
	int n = epoll_pwait2(l->epoll, events, NET_EVENTS, &wait, NULL);

	for (int i = 0; i < n; i++)
		conn_event(events[i].data.ptr, events[i].events);
}

static void
warm_turn(struct load *l, uint64_t until)
{
	if (net_now_ns() > until || l->failures[FAIL_STATUS] != 0) {
		fprintf(stderr,
		    "only %" PRIu64 " of %" PRIu64 " connections, %" PRIu64
		    " of %" PRIu64 " answers\n",
		    l->idle_count, l->conns_max, l->good, l->requests);
		exit(1);
	}
	reopen(l);
	(void)ask_idle(l, 0);
	turn(l, 10000000);
}

/* All connections are there, and each has been answered once if asked to. */
static void
warm_up(struct load *l, const struct options *o, uint64_t until)
{
	const struct load asked = *l;

	l->requests = 0;
	l->rate = 0;
	l->status = o->warm;
	l->window = WARM_WINDOW;
	while (l->idle_count < l->conns_max)
		warm_turn(l, until);
	l->requests = o->warm != 0 ? l->conns_max : 0;
	while (l->idle_count < l->conns_max || l->done < l->requests)
		warm_turn(l, until);
	l->requests = asked.requests;
	l->rate = asked.rate;
	l->status = asked.status;
	l->window = asked.window;
	l->issued = l->done = l->good = l->bytes = 0;
	memset(l->statuses, 0, sizeof(l->statuses));
}

static bool
told_to_go_on(const struct load *l)
{
	char line[64];

	printf("ready %" PRIu64 "\n", l->idle_count);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) != NULL;
}

static void
run(struct load *l, uint64_t began, uint64_t until)
{
	uint64_t now, wait = 0, looked = began;

	while (l->done < l->requests && (now = net_now_ns()) < until) {
		if (l->close)
			ask_anew(l);
		else
			wait = ask_idle(l, began);
		if (!l->close && now - looked > 5000000 &&
		    l->issued + l->idle_count < l->requests) {
			looked = now;
			reopen(l);
		}
		turn(l, l->close ? 100000000 : wait < 5000000 ? wait : 5000000);
	}
	l->failures[FAIL_MISSED] += l->requests - l->done;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t
part(const struct load *l, double p)
{
	if (l->good == 0)
		return 0;
	return l->times_us[(uint64_t)(p * (double)(l->good - 1))];
}

static void
report(struct load *l, uint64_t ns)
{
	static const char *const names[FAIL_COUNT] = {
		[FAIL_CONNECT] = "connect",
		[FAIL_TLS] = "tls",
		[FAIL_CLOSED] = "closed",
		[FAIL_CUT] = "cut",
		[FAIL_STATUS] = "status",
		[FAIL_MISSED] = "missed",
	};
	const char *comma = "";

	qsort(l->times_us, l->good, sizeof(*l->times_us), compare);
	printf("{\"requests\":%" PRIu64 ",\"good\":%" PRIu64
	       ",\"seconds\":%.6f,\"p50\":%u,\"p99\":%u,\"max\":%u,"
	       "\"bytes\":%" PRIu64 ",\"opened\":%" PRIu64
	       ",\"idle_closes\":%" PRIu64 ",\"resumed\":%" PRIu64
	       ",\"tickets\":%" PRIu64 ",\"failures\":{",
	    l->done, l->good, (double)ns / 1e9, part(l, 0.5), part(l, 0.99),
	    part(l, 1), l->bytes, l->opened, l->idle_closes, l->resumed,
	    l->tickets);
	for (int i = 0; i < FAIL_COUNT; i++)
		printf("%s\"%s\":%" PRIu64, i != 0 ? "," : "", names[i],
		    l->failures[i]);
	printf("},\"statuses\":{");
	for (int i = 0; i < 600; i++)
		if (l->statuses[i] != 0) {
			printf("%s\"%d\":%" PRIu64, comma, i, l->statuses[i]);
			comma = ",";
		}
	puts("}}");
}

static void
options_read(struct load *l, struct options *o, int argc, char **argv)
{
	int c;

	while (
	    (c = getopt(argc, argv, "p:n:c:r:o:s:d:u:U:h:t:f:b:w:CTRx")) != -1)
		switch (c) {
		case 'p':
			l->port = net_number(optarg);
			break;
		case 'n':
			l->requests = net_number(optarg);
			break;
		case 'c':
			l->conns_max = net_number(optarg);
			break;
		case 'r':
			l->rate = net_number(optarg);
			break;
		case 'o':
			l->window = net_number(optarg);
			break;
		case 's':
			l->status = (int)net_number(optarg);
			break;
		case 'd':
			o->seconds = net_number(optarg);
			break;
		case 'u':
			o->path = optarg;
			break;
		case 'U':
			o->paths = optarg;
			break;
		case 'h':
			o->header = optarg;
			break;
		case 't':
			o->tokens = optarg;
			break;
		case 'f':
			o->first = net_number(optarg);
			break;
		case 'b':
			o->body_bytes = net_number(optarg);
			break;
		case 'C':
			l->close = true;
			break;
		case 'R':
			l->resume = true;
			l->tls = tls_client_new();
			break;
		case 'T':
			l->tls = tls_client_new();
			break;
		case 'x':
			l->refused = l->close = true;
			break;
		case 'w':
			o->warm = (int)net_number(optarg);
			break;
		default:
			exit(2);
		}
	if (l->port == 0 || l->conns_max == 0 || optind != argc) {
		fputs("load: see the head of load.c\n", stderr);
		exit(2);
	}
}

static void
load_init(struct load *l, const struct options *o)
{
	uint64_t times =
	    l->requests > l->conns_max ? l->requests : l->conns_max;

	texts_make(l, o);
	if (l->window == 0)
		l->window = l->conns_max;
	l->epoll = net_epoll();
	l->conns = calloc(l->conns_max, sizeof(*l->conns));
	l->idle = calloc(l->conns_max, sizeof(struct conn *));
	l->times_us = calloc(times, sizeof(*l->times_us));
	if (l->conns == NULL || l->idle == NULL || l->times_us == NULL)
		net_die("calloc");
	for (uint64_t i = 0; i < l->conns_max; i++) {
		l->conns[i].load = l;
		l->conns[i].fd = -1;
	}
	if (l->tls != NULL) {
		SSL_CTX_set_session_cache_mode(
		    l->tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(l->tls, ticket_keep);
	}
}

int
main(int argc, char **argv)
{
	static struct load l = {
		.requests = 1, .conns_max = 64, .status = 200
	};
	struct options o = { .path = "/", .header = "", .seconds = 60 };
	uint64_t began;

	options_read(&l, &o, argc, argv);
	net_raise_files();
	load_init(&l, &o);
	began = net_now_ns();
	if (!l.close)
		warm_up(&l, &o, began + o.seconds * 1000000000);
	if (o.warm != 0 && !told_to_go_on(&l))
		return 0;
	began = net_now_ns();
	run(&l, began, began + o.seconds * 1000000000);
	report(&l, net_now_ns() - began);
	return 0;
}

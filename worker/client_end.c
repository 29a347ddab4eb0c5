/*
 * client_end.c - how a client connection ends: with its last answer, or
 * refused.
 */
#include "worker/client_state.h"

#include "common/base/must.h"
#include "common/http/h1_parse.h"
#include "common/net/tls.h"
#include "worker/connections.h"
#include "worker/flow/reply.h"
#include "worker/watch/offences.h"
#include "worker/watch/record.h"

/*
 * A client that goes on sending what was refused may not read before it is
 * done: for so long without a byte, so long in all, and so many bytes. (nginx:
 * 5 s, 30 s, any number.)
 */
#define CLIENT_LINGER_PAUSE_US 2000000u
#define CLIENT_LINGER_US 15000000u
#define CLIENT_LINGER_BYTES (64u << 20)

void
client_free(struct loop_task *t)
{
	struct client *c = CONTAINER_OF(t, struct client, io.task);

	clients_give(c->all, c);
}

void
client_count_bytes(struct client *c)
{
	struct env *e = c->all->env;

	env_count(e, COUNTER_BYTES_IN, (int64_t)c->io.bytes_in);
	env_count(e, COUNTER_BYTES_OUT, (int64_t)c->io.bytes_out);
	c->io.bytes_in = 0;
	c->io.bytes_out = 0;
}

void
client_close(struct client *c, bool reset)
{
	struct env *e = c->all->env;

	MUST(c->req == NULL);
	if (c->h2 != NULL)
		client_h2_free(c);
	client_set_state(c, CLIENT_CLOSED);
	if (c->work != NULL)
		h1_stop(&c->work->codec);
	io_flush_due(&c->io);
	client_count_bytes(c);
	timer_fini(&e->loop->timers, &c->timer);
	io_close(&c->io, reset);
	connections_drop(e, c->permit);
	list_remove(&c->link);
	env_count(e, COUNTER_CONNECTIONS, -1);
	loop_task_init(&c->io.task, client_free);
	loop_defer_free(e->loop, &c->io.task);
}

/* Something may have come that nobody has read. */
static bool
client_has_unread(const struct client *c)
{
	return c->io.readable || io_stashed(&c->io) != 0 ||
	    (io_is_aside(&c->io) && io_has_unread(&c->io));
}

/*
 * Closing a socket that still receives would reset it and could take the answer
 * away from the client (RFC 9112 9.6), so unless everything was read, the
 * sending side is closed first.
 */
void
client_finish(struct client *c, bool unread)
{
	bool taken;

	if (c->h2 != NULL)
		client_h2_end(c);
	taken = io_flush_last(&c->io);
	h1_stop(&c->work->codec);
	c->linger = !c->io.saw_eof && (unread || client_has_unread(c));
	if (taken && !c->linger) {
		client_close(c, false);
		return;
	}
	io_watch(&c->io);
	client_set_state(c, CLIENT_CLOSING);
	c->work->linger_left = CLIENT_LINGER_BYTES;
	c->work->linger_until = MONO_NEVER;
	io_shutdown(&c->io);
	c->io.paused = false;
	c->io.read_max = IO_SCRATCH_BYTES;
	io_resume(&c->io);
	if (taken)
		client_linger(c);
	else
		client_deadline_send(c, client_timeouts(c)->send);
}

void
client_linger(struct client *c)
{
	struct mono now = clock_now();
	uint64_t left;

	if (c->work->linger_until.us == MONO_NEVER.us)
		c->work->linger_until = mono_add_us(now, CLIENT_LINGER_US);
	left = mono_diff_us(c->work->linger_until, now);
	if (!c->linger || c->io.saw_eof || left == 0)
		client_close(c, false);
	else
		client_deadline(c,
		    left < CLIENT_LINGER_PAUSE_US ? left
						  : CLIENT_LINGER_PAUSE_US);
}

void
client_discard(struct client *c, size_t n)
{
	c->linger = true;
	if (n >= c->work->linger_left) {
		client_close(c, false);
		return;
	}
	c->work->linger_left -= (uint32_t)n;
	if (io_queued(&c->io) == 0)
		client_linger(c);
}

void
client_stop_req(struct req *q)
{
	if (q->state == REQ_ANSWERING) {
		req_end(q, WHY_STOPPING, true);
		return;
	}
	q->request_done = true;
	req_fail(q, WHY_STOPPING);
}

static struct record_ending
client_ending(const struct client *c, enum why why)
{
	return (struct record_ending){ .peer = &c->via.peer,
		.why = why,
		.version = c->h2 != NULL ? HTTP_2 : HTTP_1_1,
		.tls = c->io.tls != NULL && tls_ready(c->io.tls) };
}

void
client_refuse_stream(
    struct client *c, struct stream *s, enum why why, const struct head *h)
{
	struct record_ending how = client_ending(c, why);
	struct env *e = c->all->env;
	char id[ENV_ID_BYTES];

	offences_of_peer(e, &c->via.peer, why);
	how.bytes_out = reply_bare(e, s, why, id);
	how.status = why_table[why].status;
	how.head = h;
	how.id = slice_make(id, sizeof(id));
	record_connection(e, &how);
}

void
client_refuse(struct client *c, enum why why, const struct head *h)
{
	client_refuse_stream(c, &c->work->codec.stream, why, h);
	client_finish(c, true);
}

void
client_glimpse(const struct client *c, struct head *h)
{
	struct slice part = io_stash(&c->io);

	h1_parse_glimpse(part.p, part.n, &c->all->limits, h);
}

static void
client_record_head(const struct client *c, enum why why, const struct head *h)
{
	struct record_ending how = client_ending(c, why);

	how.head = h;
	record_connection(c->all->env, &how);
}

void
client_record(const struct client *c, enum why why)
{
	client_record_head(c, why, NULL);
}

void
client_cut_off(struct client *c)
{
	struct head h;

	client_glimpse(c, &h);
	client_record_head(c, WHY_CLIENT_CLOSED, &h);
	client_close(c, false);
}

void
client_refuse_early(struct client *c)
{
	counters_why(c->all->env->region, c->all->env->slot, WHY_OVERLOADED);
	client_record(c, WHY_OVERLOADED);
	client_close(c, false);
}

void
client_refuse_header(struct client *c, const char *fault)
{
	struct env *e = c->all->env;

	counters_why(e->region, e->slot, WHY_BAD_PROXY_HEADER);
	client_record(c, WHY_BAD_PROXY_HEADER);
	clients_note(c->all, CLIENTS_HEADER, &c->via.peer, fault);
	client_close(c, false);
}

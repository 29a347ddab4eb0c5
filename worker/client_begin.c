/*
 * client_begin.c - what a client connection begins with: a PROXY header, TLS,
 * and the choice between the versions of HTTP.
 */
#include "worker/client_state.h"

#include <string.h>

#include "common/net/tls.h"
#include "worker/connections.h"
#include "worker/flow/admit.h"
#include "worker/flow/secure.h"
#include "worker/proxyhdr.h"
#include "worker/watch/offences.h"

/* ---- which HTTP ---- */

static void
client_speak(struct client *c, enum client_speaks what)
{
	c->speaks = (uint8_t)what;
	client_set_state(c, CLIENT_FRESH);
}

/* Without a word on it from the client. */
static void
client_speak_any(struct client *c)
{
	switch (c->protocols & (IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2)) {
	case IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2:
		client_speak(c, CLIENT_EITHER);
		break;
	case IMG_PROTOCOL_H2:
		client_speak(c, CLIENT_H2);
		break;
	default:
		client_speak(c, CLIENT_H1);
		break;
	}
}

/* RFC 9113 3.4: nothing that HTTP/1 reads as a request begins like this. */
static bool
client_sees_preface(const char *p, size_t n)
{
	return memcmp(p, H2_PREFACE,
		   n < H2_PREFACE_BYTES ? n : H2_PREFACE_BYTES) == 0;
}

bool
client_choose(struct client *c, const char *p, size_t n)
{
	if (c->speaks == CLIENT_EITHER) {
		if (!client_sees_preface(p, n)) {
			c->speaks = CLIENT_H1;
			return true;
		}
		if (n < H2_PREFACE_BYTES) {
			client_set_state(c, CLIENT_HEAD);
			return false;
		}
		client_speak(c, CLIENT_H2);
	}
	if (client_h2_begin(c))
		return true;
	client_refuse_early(c);
	return false;
}

/* ---- TLS ---- */

/* By what is published now; the listener may have changed since. */
static struct tls *
client_make_tls(const struct client *c)
{
	struct env *e = c->all->env;
	const struct img_head *img = e->view.image;
	const struct img_listener *l =
	    img != NULL ? image_listener(img, &c->work->local) : NULL;
	const struct img_tls *all;

	if (l == NULL || l->tls == IMG_NONE)
		return NULL;
	all = img_at(img, img->tls.off);
	return secure_accept(e->secure, &all[l->tls], &c->work->local);
}

static void
client_secure(struct client *c)
{
	struct tls *tls = client_make_tls(c);

	if (tls == NULL) {
		env_count(c->all->env, COUNTER_CONNECTIONS_REFUSED, 1);
		client_record(c, WHY_OVERLOADED);
		client_close(c, false);
		return;
	}
	client_set_state(c, CLIENT_SECURING);
	io_secure(&c->io, tls);
}

void
client_secured(struct client *c)
{
	struct env *e = c->all->env;
	struct slice alpn = tls_alpn(c->io.tls);

	env_count(e, COUNTER_TLS_HANDSHAKES, 1);
	if (tls_resumed(c->io.tls))
		env_count(e, COUNTER_TLS_RESUMED, 1);
	/* Who does not say what it speaks speaks HTTP/1. */
	if (slice_eq(alpn, SLICE_LIT("h2")) ||
	    (c->protocols & IMG_PROTOCOL_H1) == 0)
		client_speak(c, CLIENT_H2);
	else
		client_speak(c, CLIENT_H1);
}

void
client_insecure(struct client *c, const char *fault)
{
	struct env *e = c->all->env;

	/* Who connects and says nothing only looks whether somebody is there.
	 */
	if (c->io.bytes_in != 0 || !c->io.saw_eof) {
		env_count(e, COUNTER_TLS_FAILURES, 1);
		offences_of_peer(e, &c->via.peer, WHY_TLS_FAILED);
		client_record(c, WHY_TLS_FAILED);
		clients_note(c->all, CLIENTS_TLS, &c->via.peer, fault);
	}
	client_close(c, false);
}

/* ---- the start ---- */

/* Behind a PROXY header, if there was one. */
static void
client_start(struct client *c)
{
	if (c->secured)
		client_secure(c);
	else
		client_speak_any(c);
}

/*
 * It awaits the last answer, and says nothing more: that it has left is all
 * that the loop could tell of it, and most have their answer first.
 */
static bool
client_stands_aside(const struct client *c)
{
	return c->req != NULL && c->req->request_done && c->work->codec.close &&
	    !c->io.blocked && c->io.error == 0;
}

void
client_begin(struct client *c)
{
	if (c->state != CLIENT_PROXIED)
		client_start(c);
	if (c->state != CLIENT_CLOSED)
		io_begin(&c->io);
	if (client_stands_aside(c))
		client_work_aside(c);
	else
		io_watch(&c->io);
}

static bool
client_admit(struct client *c)
{
	enum why why = admit_peer(c->all->env, &c->via.peer);

	if (why != WHY_OK)
		client_record(c, why);
	return why == WHY_OK;
}

bool
client_read_header(struct client *c, const char *p, size_t *n)
{
	struct proxyhdr h;

	switch (proxyhdr_parse(slice_make(p, *n), &h)) {
	case PROXYHDR_MORE:
		*n = 0;
		return false;
	case PROXYHDR_BAD:
		client_refuse_header(c, h.fault);
		return false;
	case PROXYHDR_DONE:
		break;
	}
	if (h.named)
		c->via.peer = h.source;
	if (!client_admit(c) ||
	    !connections_take(c->all->env, &c->via.peer, &c->permit)) {
		client_close(c, false);
		return false;
	}
	admit_begin(c->all->env, &c->via);
	*n = h.bytes;
	client_start(c);
	return true;
}

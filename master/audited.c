/*
 * audited.c - see audited.h. Configurations are in audited_config.c.
 */
#include "master/audited.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/http/http.h"
#include "master/keyring.h"
#include "shm/slots.h"

/* ---- operators ---- */

void
audited_peer(int fd, bool local, char who[ADMIN_WHO_BYTES])
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	struct ucred c;
	struct addr peer;

	_Static_assert(ADMIN_WHO_BYTES >= ADDR_TEXT_MAX, "room for both");
	who[0] = '\0';
	if (!local) {
		if (getpeername(fd, (struct sockaddr *)&ss, &n) != 0)
			return;
		addr_from_sockaddr(&ss, &peer);
		(void)addr_text(&peer, who);
		return;
	}
	n = sizeof(c);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) == 0)
		(void)snprintf(who, ADMIN_WHO_BYTES, "uid %u, pid %d",
		    (unsigned)c.uid, (int)c.pid);
}

static bool
request_changes(const struct admin_request *q)
{
	return q->method != METHOD_GET && q->method != METHOD_HEAD;
}

bool
audited_begin(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	if (!request_changes(q))
		return true;
	a->asking = q;
	if (!audit_refuses(&a->in->region))
		return true;
	a->asking = NULL;
	admin_reply_problem(r, 503,
	    SLICE_LIT("the audit log is full: nothing is changed before it "
		      "can be written again"));
	return false;
}

static struct audit_note
note_by(const struct admin_request *q, enum audit_event e)
{
	return (struct audit_note){ .event = e,
		.text = { [AUDIT_WHO] = slice_str(q->who),
		    [AUDIT_VIA] = q->local ? SLICE_LIT("socket")
					   : SLICE_LIT("address") } };
}

/* Bodies have no secrets, but who knows what is wrong about a bad one? */
static void
request_tell(
    struct admin *a, const struct admin_request *q, const struct admin_reply *r)
{
	char what[ADMIN_TARGET_MAX + 16];
	struct audit_note n;

	if (!audit_wants(&a->in->region, AUDIT_ADMIN))
		return;
	n = note_by(q, AUDIT_ADMIN);
	n.status = r->run != 0 ? 202 : r->status;
	n.outcome = n.status < 300 ? AUDIT_DONE
	    : n.status < 500       ? AUDIT_REFUSED
				   : AUDIT_FAILED;
	(void)snprintf(what, sizeof(what), "%.*s %.*s",
	    SLICE_FMT(http_method_name((enum http_method)q->method)),
	    SLICE_FMT(q->path));
	n.text[AUDIT_OBJECT] = slice_str(what);
	n.text[AUDIT_DETAIL] =
	    n.outcome == AUDIT_DONE ? q->body : slice_str(r->detail);
	audit_write(&a->in->region, &n);
}

void
audited_end(
    struct admin *a, const struct admin_request *q, const struct admin_reply *r)
{
	a->asking = NULL;
	if (request_changes(q))
		request_tell(a, q, r);
}

void
audited_stranger(
    struct admin *a, const struct admin_request *q, const struct admin_reply *r)
{
	request_tell(a, q, r);
}

void
audited_by(struct admin *a, enum audit_event e, struct slice object,
    struct slice detail)
{
	struct audit_note n;

	if (a->asking == NULL || !audit_wants(&a->in->region, e))
		return;
	n = note_by(a->asking, e);
	n.text[AUDIT_OBJECT] = object;
	n.text[AUDIT_DETAIL] = detail;
	audit_write(&a->in->region, &n);
}

void
audited_event(const struct region *r, enum audit_event e, struct slice detail)
{
	const struct audit_note n = { .event = e,
		.text = { [AUDIT_DETAIL] = detail } };

	audit_write(r, &n);
}

/* ---- processes ---- */

static void
death_tell(const struct region *r, uint32_t slot, uint32_t times, int status)
{
	struct audit_note n = { .event = AUDIT_PROCESS_DIED,
		.outcome = AUDIT_FAILED,
		.count = times };
	char name[SLOT_NAME_BYTES], how[64];

	slot_name(slot, name);
	if (WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)snprintf(
		    how, sizeof(how), "exit %d", WEXITSTATUS(status));
	n.text[AUDIT_OBJECT] = slice_str(name);
	n.text[AUDIT_DETAIL] = slice_str(how);
	audit_write(r, &n);
}

/* Who was asked to stop has done so; of a helper nobody asks. */
static bool
death_is_stop(uint32_t slot, int status)
{
	return status == 0 ||
	    (slot >= SLOT_HELPER && slot < SLOT_LOG && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGKILL);
}

void
audited_deaths(const struct region *r, bool stopping)
{
	for (uint32_t i = 0; i < SLOTS_MAX; i++) {
		_Atomic uint32_t *told = &r->state->audits.deaths[i];
		uint32_t was = atomic_load(told), died;
		struct slot_info s;

		slot_info(r, i, &s);
		died = s.pid != 0 ? s.restarts : s.incarnation;
		if (died == was)
			continue;
		atomic_store(told, died);
		if (!stopping || !death_is_stop(i, s.last_status))
			death_tell(r, i, died - was, s.last_status);
	}
}

/* ---- keys ---- */

struct expiry {
	const struct region *region;
	struct slice authenticator;
	int64_t after_s, now_s;
};

static void
key_look(const struct expiry *x, struct slice name, int64_t expires_s)
{
	struct audit_note n = { .event = AUDIT_KEY_EXPIRED,
		.text = {
		    [AUDIT_VIA] = x->authenticator, [AUDIT_OBJECT] = name } };

	if (expires_s > x->after_s && expires_s <= x->now_s)
		audit_write(x->region, &n);
}

static void
keys_look(const struct expiry *x, const struct img_head *img,
    const struct img_auth *a)
{
	const struct img_holder *fixed = img_at(img, a->holders.off);
	const struct holders *h = keyring_block(x->region, x->authenticator);
	struct keyring_key k;

	for (uint32_t i = 0; i < a->holders.count; i++)
		key_look(x, img_slice(img, fixed[i].name), fixed[i].expires_s);
	for (uint32_t i = 0; h != NULL && i < h->count; i++) {
		keyring_at(h, i, &k);
		key_look(x, k.name, k.expires_s);
	}
}

void
audited_keys(const struct region *r, const struct img_head *img)
{
	_Atomic int64_t *looked = &r->state->audits.keys_s;
	struct expiry x = { .region = r,
		.after_s = atomic_load(looked),
		.now_s = clock_wall().us / 1000000 };
	const struct img_auth *auth;

	if (x.now_s <= x.after_s)
		return;
	atomic_store(looked, x.now_s);
	if (x.after_s == 0 || img == NULL || !audit_wants(r, AUDIT_KEY_EXPIRED))
		return;
	auth = img_at(img, img->access.authenticators.off);
	for (uint32_t i = 0; i < img->access.authenticators.count; i++) {
		if (auth[i].type != IMG_AUTH_API_KEY)
			continue;
		x.authenticator = img_slice(img, auth[i].name);
		keys_look(&x, img, &auth[i]);
	}
}

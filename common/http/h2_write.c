/*
 * h2_write.c - see h2_write.h.
 */
#include "common/http/h2_write.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/h1.h"
#include "common/http/h1_write.h"

#define LIST_OWN 64 /* pseudo-headers, the length, what filters add */
#define DIGITS_MAX 20

/* The list, and text of its that is not the caller's. */
static struct {
	nghttp2_nv nv[H1_FIELDS_MAX + LIST_OWN];
	size_t n;
	bool full;
	char status[3], length[DIGITS_MAX];
	char *path; /* room for a target that lacks its slash */
	size_t path_room;
} list;

/* Known names as HTTP/2 spells them. */
static struct slice
name_lower(enum field_id id)
{
	static char text[FIELD_COUNT][40];
	struct slice name = http_field_name(id);

	if (text[id][0] == '\0') {
		MUST(name.n < sizeof(text[id]));
		for (size_t i = 0; i < name.n; i++)
			text[id][i] = ascii_lower(name.p[i]);
	}
	return slice_make(text[id], name.n);
}

static void
put(struct slice name, struct slice value, uint8_t flags)
{
	if (list.n == sizeof(list.nv) / sizeof(list.nv[0])) {
		list.full = true;
		return;
	}
	list.nv[list.n++] = (nghttp2_nv){
		/* Not written through; the library just lacks the const. */
		.name = (uint8_t *)(uintptr_t)name.p,
		.value = (uint8_t *)(uintptr_t)value.p,
		.namelen = name.n,
		.valuelen = value.n,
		.flags = flags,
	};
}

/* `name` is static. */
static void
put_own(struct slice name, struct slice value)
{
	put(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static struct h2_list
list_done(void)
{
	size_t n = list.full ? 0 : list.n;

	list.n = 0;
	list.full = false;
	return (struct h2_list){ list.nv, n };
}

static void
put_status(unsigned status)
{
	list.status[0] = (char)('0' + status / 100);
	list.status[1] = (char)('0' + status / 10 % 10);
	list.status[2] = (char)('0' + status % 10);
	put_own(SLICE_LIT(":status"), slice_make(list.status, 3));
}

static void
put_length(const uint64_t *length)
{
	char *end = list.length + DIGITS_MAX;
	char *at = end;
	uint64_t value;

	if (length == NULL)
		return;
	value = *length;
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	put_own(
	    SLICE_LIT("content-length"), slice_make(at, (size_t)(end - at)));
}

/* ---- fields ---- */

#define BIT(id) (UINT64_C(1) << (id))
/*
 * What differs each time is not worth a place in HPACK's table. Nor may one
 * client's secrets stand there, where many share a connection: how well a guess
 * is compressed would tell (RFC 7541 7.1).
 */
#define LIST_APART                                               \
	(BIT(FIELD_X_REQUEST_ID) | BIT(FIELD_X_CORRELATION_ID) | \
	    BIT(FIELD_TRACEPARENT) | BIT(FIELD_AUTHORIZATION) |  \
	    BIT(FIELD_COOKIE) | BIT(FIELD_SET_COOKIE))
/* What :authority says, and what is of a connection, or of framing. */
#define LIST_FOREIGN (BIT(FIELD_HOST) | http_hop_fields | http_framing_fields)
/* RFC 8441 5: HTTP/2 needs no proof that a server knows WebSocket. */
#define LIST_HANDSHAKE \
	(BIT(FIELD_SEC_WEBSOCKET_KEY) | BIT(FIELD_SEC_WEBSOCKET_ACCEPT))

/* Belongs to the connection, the framing, or the other version's handshake. */
static bool
is_foreign(const struct field *f, bool connect)
{
	enum field_id id = (enum field_id)f->id;

	if (id == FIELD_OTHER)
		return false;
	if (id == FIELD_TE)
		return !slice_eq_nocase(f->value, SLICE_LIT("trailers"));
	return (LIST_FOREIGN & BIT(id)) != 0 ||
	    (connect && (LIST_HANDSHAKE & BIT(id)) != 0);
}

static void
put_field(const struct field *f)
{
	enum field_id id = (enum field_id)f->id;
	uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;

	if (id == FIELD_OTHER) {
		/* Copied, it is in lower case. */
		put(f->name, f->value, NGHTTP2_NV_FLAG_NONE);
		return;
	}
	if ((LIST_APART & BIT(id)) != 0)
		flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	put(name_lower(id), f->value, flags);
}

static void
put_fields(const struct head *h, bool connect)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (!is_foreign(&h->fields[i], connect))
			put_field(&h->fields[i]);
}

/* ---- whole heads ---- */

static struct slice
path_of(struct slice target)
{
	char *room;

	if (target.n != 0 && target.p[0] != '?')
		return target;
	if (list.path_room < target.n + 1) {
		room = realloc(list.path, target.n + 1);
		if (room == NULL)
			return SLICE_NONE;
		list.path = room;
		list.path_room = target.n + 1;
	}
	list.path[0] = '/';
	if (target.n != 0)
		memcpy(list.path + 1, target.p, target.n);
	return slice_make(list.path, target.n + 1);
}

static struct slice
method_of(const struct head *h, bool connect)
{
	if (connect)
		return SLICE_LIT("CONNECT");
	return h->method_text.n != 0
	    ? h->method_text
	    : http_method_name((enum http_method)h->method);
}

struct h2_list
h2_write_request(const struct head *h, const uint64_t *length, bool connect)
{
	const struct field *host = head_find(h, FIELD_HOST);
	struct slice path = path_of(h->target);

	if (path.n == 0)
		return list_done();
	put_own(SLICE_LIT(":method"), method_of(h, connect));
	if (connect)
		put_own(SLICE_LIT(":protocol"), h->upgrade);
	put_own(SLICE_LIT(":scheme"),
	    h->https ? SLICE_LIT("https") : SLICE_LIT("http"));
	put_own(SLICE_LIT(":authority"), host != NULL ? host->value : h->host);
	put_own(SLICE_LIT(":path"), path);
	put_fields(h, connect);
	put_length(length);
	return list_done();
}

struct h2_list
h2_write_answer(const struct head *h, unsigned status, const uint64_t *length,
    bool switched)
{
	put_status(status);
	put_fields(h, switched);
	put_length(length);
	return list_done();
}

struct h2_list
h2_write_trailers(const struct head *trailers)
{
	for (uint32_t i = 0; i < trailers->count; i++)
		if (h1_write_is_trailer(&trailers->fields[i]))
			put_field(&trailers->fields[i]);
	return list_done();
}

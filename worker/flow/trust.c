/*
 * trust.c - see trust.h. Forwarded (RFC 7239) is not read: proxies that set
 * X-Forwarded-For let their clients' Forwarded pass.
 */
#include "worker/flow/trust.h"

#include "common/http/authority.h"

#define REQUEST_ID_MAX 128

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", with port. */
static bool
address_parse(struct slice s, struct addr *a)
{
	struct authority place;

	if (addr_parse_ip(s, a))
		return true;
	if (!authority_parse(s, &place) || !addr_parse_ip(place.host, a))
		return false;
	a->port = place.port;
	return true;
}

/* What stands behind the last comma, which is taken away too. */
static struct slice
last_take(struct slice *list)
{
	const char *comma = memrchr(list->p, ',', list->n);
	struct slice last = *list;

	if (comma == NULL) {
		list->n = 0;
	} else {
		list->n = (size_t)(comma - list->p);
		last = slice_skip(last, list->n + 1);
	}
	return slice_trim(last);
}

/* Walks one field from right to left; true when it has to go on. */
static bool
field_walk(const struct img_head *img, struct slice value, struct addr *client)
{
	while (value.n != 0) {
		struct slice text = last_take(&value);
		struct addr a;

		if (text.n == 0)
			continue;
		if (!address_parse(text, &a))
			return false;
		*client = a;
		if (!trust_has(img, &a))
			return false;
	}
	return true;
}

void
trust_client(
    const struct img_head *img, const struct head *h, struct addr *client)
{
	if (!head_has(h, FIELD_X_FORWARDED_FOR))
		return;
	for (uint32_t i = h->count; i > 0; i--) {
		const struct field *f = &h->fields[i - 1];

		if (f->id == FIELD_X_FORWARDED_FOR &&
		    !field_walk(img, f->value, client))
			return;
	}
}

static bool
id_is_sane(struct slice id)
{
	if (id.n == 0 || id.n > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] > '~')
			return false;
	return true;
}

/* The value of the one field with this id; empty where there are several. */
static struct slice
value_single(const struct head *h, enum field_id id)
{
	struct slice value = SLICE_NONE;

	if (!head_has(h, id))
		return value;
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id != id)
			continue;
		if (value.n != 0)
			return SLICE_NONE;
		value = h->fields[i].value;
	}
	return value;
}

struct slice
trust_request_id(const struct head *h)
{
	struct slice id = value_single(h, FIELD_X_REQUEST_ID);

	return id_is_sane(id) ? id : SLICE_NONE;
}

bool
trust_https(const struct head *h)
{
	return slice_eq_nocase(
	    value_single(h, FIELD_X_FORWARDED_PROTO), SLICE_LIT("https"));
}

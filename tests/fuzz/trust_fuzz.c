/*
 * trust_fuzz.c - any bytes as what trusted proxies say of a client: the walk
 * ends where a plain reading of the whole list does.
 *
 * Input: lines, each the value of an X-Forwarded-For field; of an X-Request-ID
 * field behind "#".
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/authority.h"
#include "tests/fuzz/lines.h"
#include "worker/flow/trust.h"

#define LINES 8
#define ELEMENTS 512

static const char *const fuzz_nets[] = { "10.0.0.0/16", "10.0.0.0/8",
	"11.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::/33",
	"2001:db8:8000::/33", "::/96", "::/80" };

#define NETS (sizeof(fuzz_nets) / sizeof(fuzz_nets[0]))

static struct addr_net nets[NETS];
static struct {
	struct img_head head;
	struct addr_range ranges[2 * NETS];
} image;

static void
image_make(void)
{
	const char *why = NULL;

	for (size_t i = 0; i < NETS; i++)
		MUST(addr_net_parse(fuzz_nets[i], &nets[i], &why));
	image.head.trusted.off = (uint32_t)offsetof(typeof(image), ranges);
	image.head.trusted.count =
	    (uint32_t)ranges_of_nets(nets, NETS, image.ranges);
}

static bool
plain_has(const struct addr *a)
{
	for (size_t i = 0; i < NETS; i++)
		if (addr_net_has(&nets[i], a))
			return true;
	return false;
}

static bool
plain_address(struct slice s, struct addr *a)
{
	struct authority place;

	if (addr_parse_ip(s, a))
		return true;
	if (!authority_parse(s, &place) || !addr_parse_ip(place.host, a))
		return false;
	a->port = place.port;
	return true;
}

/* From left to right: all elements, then what the last of them say. */
static struct addr
plain_client(const struct head *h, struct addr client)
{
	static struct slice elements[ELEMENTS];
	size_t n = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		struct slice element;
		size_t at = 0;

		if (h->fields[i].id != FIELD_X_FORWARDED_FOR)
			continue;
		while (n < ELEMENTS &&
		    head_list_next(h->fields[i].value, &at, &element))
			elements[n++] = element;
	}
	while (n-- != 0) {
		struct addr a;

		if (!plain_address(elements[n], &a))
			break;
		client = a;
		if (!plain_has(&a))
			break;
	}
	return client;
}

/* As text and as a socket's address it is the same one. */
static void
check_address(const struct addr *a)
{
	struct sockaddr_storage ss;
	char text[ADDR_TEXT_MAX];
	struct addr back;

	MUST(addr_to_sockaddr(a, &ss) <= sizeof(ss));
	addr_from_sockaddr(&ss, &back);
	MUST(addr_eq(a, &back));
	(void)addr_text(a, text);
	MUST(addr_parse_ip(slice_make(text, addr_ip_text(a, text)), &back));
	back.port = a->port;
	MUST(addr_eq(a, &back));
}

static void
check_id(const struct head *h)
{
	struct slice id = trust_request_id(h);

	MUST(id.n <= 128);
	for (size_t i = 0; i < id.n; i++)
		MUST(id.p[i] > ' ' && id.p[i] <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[LINES];
	struct field fields[LINES];
	struct head h = { .fields = fields };
	struct addr peer, client, want;
	size_t n;

	if (size > ELEMENTS)
		return 0;
	if (image.head.trusted.count == 0)
		image_make();
	n = lines_split(data, size, lines, LINES);
	for (size_t i = 0; i < n; i++) {
		if (lines[i].n != 0 && lines[i].p[0] == '#')
			head_add(&h, FIELD_X_REQUEST_ID,
			    slice_trim(slice_skip(lines[i], 1)));
		else
			head_add(
			    &h, FIELD_X_FORWARDED_FOR, slice_trim(lines[i]));
	}
	MUST(addr_parse_ip(SLICE_LIT("10.0.0.1"), &peer));
	client = peer;
	trust_client(&image.head, &h, &client);
	want = plain_client(&h, peer);
	MUST(addr_eq(&client, &want) && client.port == want.port);
	MUST(trust_has(&image.head, &client) == plain_has(&client));
	check_address(&client);
	check_id(&h);
	return 0;
}

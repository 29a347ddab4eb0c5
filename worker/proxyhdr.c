/*
 * proxyhdr.c - see proxyhdr.h. Strict: who writes such a header writes it as
 * the protocol says, and anything else is somebody who should not be here.
 */
#include "worker/proxyhdr.h"

#define V1_WORD SLICE_LIT("PROXY ")
#define V2_SIGNATURE SLICE_LIT("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED 16u
#define TLV_FIXED 3u
#define V2_UNIX 216u /* bytes of a pair of paths */

static enum proxyhdr_result
refuse(struct proxyhdr *h, const char *fault)
{
	h->fault = fault;
	return PROXYHDR_BAD;
}

static enum proxyhdr_result
done(struct proxyhdr *h, size_t bytes)
{
	h->bytes = bytes;
	return PROXYHDR_DONE;
}

/* Equal as far as both go. */
static bool
begins_alike(struct slice a, struct slice b)
{
	return memcmp(a.p, b.p, a.n < b.n ? a.n : b.n) == 0;
}

/* ---- version 1 ---- */

/* What stands before the next space, which is taken away too. */
static struct slice
word_take(struct slice *line)
{
	const char *space = memchr(line->p, ' ', line->n);
	struct slice word = *line;

	if (space == NULL) {
		*line = slice_skip(*line, line->n);
		return word;
	}
	word.n = (size_t)(space - line->p);
	*line = slice_skip(*line, word.n + 1);
	return word;
}

static bool
ip_parse(struct slice text, bool v6, struct addr *a)
{
	return text.n != 0 && text.p[0] != '[' &&
	    (memchr(text.p, ':', text.n) != NULL) == v6 &&
	    addr_parse_ip(text, a);
}

/* Source and destination, then their ports. */
static bool
v1_addresses(struct slice line, bool v6, struct proxyhdr *h)
{
	struct addr destination;
	struct slice from = word_take(&line), to = word_take(&line);
	struct slice from_port = word_take(&line);

	return ip_parse(from, v6, &h->source) &&
	    ip_parse(to, v6, &destination) &&
	    addr_parse_port(from_port, &h->source.port) &&
	    addr_parse_port(line, &destination.port);
}

/* The line between "PROXY " and CR LF. */
static enum proxyhdr_result
v1_line(struct slice line, size_t bytes, struct proxyhdr *h)
{
	struct slice family = word_take(&line);

	if (slice_eq(family, SLICE_LIT("UNKNOWN")))
		return done(h, bytes);
	h->named = true;
	if (slice_eq(family, SLICE_LIT("TCP4")) ||
	    slice_eq(family, SLICE_LIT("TCP6")))
		return v1_addresses(line, family.p[3] == '6', h)
		    ? done(h, bytes)
		    : refuse(h, "has wrong addresses or ports");
	return refuse(h, "has an unknown family");
}

static enum proxyhdr_result
v1_parse(struct slice s, struct proxyhdr *h)
{
	size_t n = 0;

	while (n < s.n && n < PROXYHDR_V1_MAX - 1 && s.p[n] >= ' ' &&
	    s.p[n] <= '~')
		n++;
	if (n == PROXYHDR_V1_MAX - 1)
		return refuse(h, "is longer than 107 bytes");
	if (n == s.n)
		return PROXYHDR_MORE;
	if (s.p[n] != '\r')
		return refuse(h, "has a character that does not belong there");
	if (n + 1 == s.n)
		return PROXYHDR_MORE;
	if (s.p[n + 1] != '\n')
		return refuse(h, "has a CR without LF");
	return v1_line(slice_make(s.p + V1_WORD.n, n - V1_WORD.n), n + 2, h);
}

/* ---- version 2 ---- */

static uint16_t
number_at(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint16_t)(u[0] << 8 | u[1]);
}

/* Type, length, value; nobody asks for one, but they must fill the block. */
static bool
tlvs_fit(struct slice s)
{
	while (s.n >= TLV_FIXED) {
		size_t n = TLV_FIXED + number_at(s.p + 1);

		if (n > s.n)
			return false;
		s = slice_skip(s, n);
	}
	return s.n == 0;
}

/*
 * Two addresses of ip_bytes, then their ports; of 0: two paths, which say
 * nothing of use.
 */
static enum proxyhdr_result
v2_block(struct slice block, size_t ip_bytes, struct proxyhdr *h)
{
	size_t n = ip_bytes != 0 ? 2 * ip_bytes + 4 : V2_UNIX;

	if (block.n < n)
		return refuse(h, "is too short for its addresses");
	if (!tlvs_fit(slice_skip(block, n)))
		return refuse(h, "has a TLV that ends outside of it");
	if (ip_bytes != 0)
		addr_from_bytes(block.p, ip_bytes,
		    number_at(block.p + 2 * ip_bytes), &h->source);
	h->named = ip_bytes != 0;
	return done(h, V2_FIXED + block.n);
}

/* Address family and transport; what stands behind them has arrived. */
static enum proxyhdr_result
v2_proxied(unsigned char family, struct slice block, struct proxyhdr *h)
{
	switch (family) {
	case 0x00: /* unspecified: nothing of the block means anything */
		return done(h, V2_FIXED + block.n);
	case 0x11:
		return v2_block(block, 4, h);
	case 0x21:
		return v2_block(block, 16, h);
	case 0x31:
		return v2_block(block, 0, h);
	case 0x12:
	case 0x22:
	case 0x32:
		return refuse(h, "is about datagrams");
	default:
		return refuse(h, "has an unknown family");
	}
}

static enum proxyhdr_result
v2_parse(struct slice s, struct proxyhdr *h)
{
	unsigned char version = s.n > 12 ? (unsigned char)s.p[12] : 0x21;
	struct slice block;
	size_t n;

	if (version >> 4 != 2)
		return refuse(h, "has an unknown version");
	if ((version & 0xf) > 1)
		return refuse(h, "has an unknown command");
	if (s.n < V2_FIXED)
		return PROXYHDR_MORE;
	n = number_at(s.p + 14);
	if (n > PROXYHDR_V2_MAX)
		return refuse(h, "is longer than 4 KiB");
	if (s.n < V2_FIXED + n)
		return PROXYHDR_MORE;
	block = slice_make(s.p + V2_FIXED, n);
	/* LOCAL: the balancer speaks for itself, whatever else stands there. */
	if ((version & 0xf) == 0)
		return done(h, V2_FIXED + n);
	return v2_proxied((unsigned char)s.p[13], block, h);
}

enum proxyhdr_result
proxyhdr_parse(struct slice s, struct proxyhdr *h)
{
	*h = (struct proxyhdr){ 0 };
	if (s.n == 0)
		return PROXYHDR_MORE;
	if (begins_alike(s, V1_WORD))
		return s.n > V1_WORD.n ? v1_parse(s, h) : PROXYHDR_MORE;
	if (begins_alike(s, V2_SIGNATURE))
		return s.n >= V2_SIGNATURE.n ? v2_parse(s, h) : PROXYHDR_MORE;
	return refuse(h, "is missing");
}

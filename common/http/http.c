/*
 * http.c - look-ups in the vocabularies of http.def.
 *
 * The field table is a perfect hash: http_test proves that every row has its
 * own slot, and names the right one for a row that has none.
 */
#include "common/http/http.h"

#define NAME_MAX_BYTES 30 /* "Access-Control-Request-Headers" */

struct word {
	struct slice name;
	unsigned flags;
};

static const struct word methods[METHOD_COUNT] = {
	[METHOD_OTHER] = { { "", 0 }, 0 },
#define HTTP_METHOD(id, text, flags) [METHOD_##id] = { SLICE_LIT(text), flags },
#include "common/http/http.def"
};

static const struct word known_fields[FIELD_COUNT] = {
	[FIELD_OTHER] = { { "", 0 }, 0 },
#define HTTP_FIELD(id, text, flags) [FIELD_##id] = { SLICE_LIT(text), flags },
#include "common/http/http.def"
};

_Static_assert(FIELD_COUNT <= 64, "head.present has 64 bits");

/* clang-format off */
const uint8_t http_field_slots[256] = {
	[0] = FIELD_TRANSFER_ENCODING,
	[5] = FIELD_SERVER,
	[6] = FIELD_CONNECTION,
	[10] = FIELD_X_CORRELATION_ID,
	[11] = FIELD_SEC_WEBSOCKET_VERSION,
	[15] = FIELD_PROXY_AUTHENTICATE,
	[16] = FIELD_RETRY_AFTER,
	[23] = FIELD_AGE,
	[26] = FIELD_X_REQUEST_ID,
	[29] = FIELD_PRAGMA,
	[31] = FIELD_ACCESS_CONTROL_ALLOW_ORIGIN,
	[38] = FIELD_EXPECT,
	[45] = FIELD_TE,
	[53] = FIELD_SEC_WEBSOCKET_KEY,
	[58] = FIELD_CONTENT_LENGTH,
	[59] = FIELD_IF_MODIFIED_SINCE,
	[66] = FIELD_HOST,
	[76] = FIELD_KEEP_ALIVE,
	[79] = FIELD_ACCEPT_LANGUAGE,
	[80] = FIELD_PENSTOCK_DEBUG,
	[87] = FIELD_SET_COOKIE,
	[89] = FIELD_CONTENT_TYPE,
	[97] = FIELD_CONTENT_RANGE,
	[110] = FIELD_WWW_AUTHENTICATE,
	[113] = FIELD_DATE,
	[115] = FIELD_X_FORWARDED_FOR,
	[116] = FIELD_FORWARDED,
	[125] = FIELD_USER_AGENT,
	[126] = FIELD_IF_MATCH,
	[130] = FIELD_AUTHORIZATION,
	[137] = FIELD_ORIGIN,
	[143] = FIELD_VIA,
	[146] = FIELD_IF_UNMODIFIED_SINCE,
	[153] = FIELD_TRAILER,
	[155] = FIELD_VARY,
	[157] = FIELD_UPGRADE,
	[162] = FIELD_HTTP2_SETTINGS,
	[176] = FIELD_X_FORWARDED_PROTO,
	[182] = FIELD_IF_RANGE,
	[183] = FIELD_ACCESS_CONTROL_REQUEST_HEADERS,
	[187] = FIELD_MAX_FORWARDS,
	[189] = FIELD_IF_NONE_MATCH,
	[190] = FIELD_LOCATION,
	[193] = FIELD_PROXY_AUTHORIZATION,
	[194] = FIELD_TRACESTATE,
	[196] = FIELD_RANGE,
	[200] = FIELD_ALLOW,
	[201] = FIELD_ACCEPT,
	[216] = FIELD_CONTENT_ENCODING,
	[219] = FIELD_ETAG,
	[221] = FIELD_COOKIE,
	[225] = FIELD_ACCEPT_ENCODING,
	[228] = FIELD_X_FORWARDED_PORT,
	[229] = FIELD_X_REAL_IP,
	[230] = FIELD_CACHE_CONTROL,
	[236] = FIELD_EXPIRES,
	[238] = FIELD_SEC_WEBSOCKET_ACCEPT,
	[241] = FIELD_X_FORWARDED_HOST,
	[242] = FIELD_ACCESS_CONTROL_REQUEST_METHOD,
	[243] = FIELD_REFERER,
	[244] = FIELD_LAST_MODIFIED,
	[246] = FIELD_TRACEPARENT,
	[247] = FIELD_PROXY_CONNECTION,
};
/* clang-format on */

const uint8_t http_token_char[256] = {
	['!'] = 1,
	['#' ... '\''] = 1,
	['*'] = 1,
	['+'] = 1,
	['-'] = 1,
	['.'] = 1,
	['0' ... '9'] = 1,
	['A' ... 'Z'] = 1,
	['^' ... '`'] = 1,
	['a' ... 'z'] = 1,
	['|'] = 1,
	['~'] = 1,
};

enum http_method
http_method_find(struct slice name)
{
	for (unsigned i = 1; i < METHOD_COUNT; i++)
		if (slice_eq(methods[i].name, name))
			return (enum http_method)i;
	return METHOD_OTHER;
}

struct slice
http_method_name(enum http_method m)
{
	return m < METHOD_COUNT ? methods[m].name : SLICE_LIT("");
}

unsigned
http_method_flags(enum http_method m)
{
	return m < METHOD_COUNT ? methods[m].flags : 0;
}

static inline uint8_t
slot_of(struct slice name)
{
	const unsigned char *c = (const unsigned char *)name.p;
	uint32_t key = c[0] | (uint32_t)c[name.n / 2] << 8 |
	    (uint32_t)c[name.n * 3 / 4] << 16 | (uint32_t)c[name.n - 1] << 24;

	key = (key | 0x20202020u) + (uint32_t)name.n * 0x01000193u;
	return (uint8_t)(key * 0x8a245e6bu >> 24);
}

uint8_t
http_field_slot(struct slice name)
{
	return slot_of(name);
}

static inline bool
fold_eq(uint64_t text, uint64_t canon)
{
	/* A canonical letter has bit 0x40, a digit or "-" has not. */
	uint64_t fold = (canon & 0x4040404040404040u) >> 1;

	return ((text ^ canon) & ~fold) == 0;
}

static inline uint64_t
load(const char *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	return word;
}

/* Both are n bytes long, n at least 2; compared by overlapping words. */
static bool
name_eq(const char *text, const char *canon, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			if (!fold_eq(load(text + i, 8), load(canon + i, 8)))
				return false;
		return fold_eq(load(text + n - 8, 8), load(canon + n - 8, 8));
	}
	if (n >= 4)
		return fold_eq(load(text, 4), load(canon, 4)) &&
		    fold_eq(load(text + n - 4, 4), load(canon + n - 4, 4));
	return fold_eq(load(text, 2), load(canon, 2)) &&
	    fold_eq(load(text + n - 1, 1), load(canon + n - 1, 1));
}

enum field_id
http_field_find(struct slice name)
{
	enum field_id id;

	if (name.n < 2 || name.n > NAME_MAX_BYTES)
		return FIELD_OTHER;
	id = (enum field_id)http_field_slots[slot_of(name)];
	if (known_fields[id].name.n != name.n ||
	    !name_eq(name.p, known_fields[id].name.p, name.n))
		return FIELD_OTHER;
	return id;
}

enum field_id
http_field_folded(struct slice name)
{
	char folded[NAME_MAX_BYTES];

	if (name.n > sizeof(folded))
		return FIELD_OTHER;
	for (size_t i = 0; i < name.n; i++)
		folded[i] = (char)(name.p[i] == '_' ? '-' : name.p[i]);
	return http_field_find(slice_make(folded, name.n));
}

struct slice
http_field_name(enum field_id id)
{
	return id < FIELD_COUNT ? known_fields[id].name : SLICE_LIT("");
}

unsigned
http_field_flags(enum field_id id)
{
	return id < FIELD_COUNT ? known_fields[id].flags : 0;
}

struct slice
http_reason(unsigned status)
{
	switch (status) {
#define HTTP_REASON(code, phrase) \
	case code:                \
		return SLICE_LIT(phrase);
#include "common/http/http.def"
	default:
		return SLICE_LIT("");
	}
}

bool
http_is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_token_char[(unsigned char)s.p[i]])
			return false;
	return s.n != 0;
}

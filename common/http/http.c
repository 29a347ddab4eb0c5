/*
 * http.c - look-ups in the vocabularies of http.def.
 *
 * The field table is a perfect hash: http_test proves that every row has its
 * own slot, and names the right one for a row that has none.
 */
#include "common/http/http_field.h"

struct word {
	struct slice name;
	unsigned flags;
};

static const struct word methods[METHOD_COUNT] = {
	[METHOD_OTHER] = { { "", 0 }, 0 },
#define HTTP_METHOD(id, text, flags) [METHOD_##id] = { SLICE_LIT(text), flags },
#include "common/http/http.def"
};

/* None of them across two lines of a cache. */
_Alignas(64) const struct http_field http_fields[TOLD_END] = {
	[FIELD_OTHER] = { "" },
#define HTTP_FIELD(id, text, flags) [FIELD_##id] = { text ": " },
#define HTTP_TOLD(id, text) [TOLD_##id] = { text ": " },
#include "common/http/http.def"
};

static const uint8_t field_flags[FIELD_COUNT] = {
#define HTTP_FIELD(id, text, flags) [FIELD_##id] = (flags),
#include "common/http/http.def"
};

_Static_assert(FIELD_COUNT <= 64, "head.present has 64 bits");

/* clang-format off */
const uint8_t http_field_slots[256] = {
	[2] = FIELD_X_CORRELATION_ID,
	[3] = FIELD_REFERER,
	[4] = FIELD_CONTENT_RANGE,
	[5] = FIELD_SEC_WEBSOCKET_ACCEPT,
	[16] = FIELD_CONNECTION,
	[17] = FIELD_X_FORWARDED_PROTO,
	[18] = FIELD_CACHE_CONTROL,
	[20] = FIELD_RANGE,
	[21] = FIELD_SEC_WEBSOCKET_VERSION,
	[24] = FIELD_ACCEPT_LANGUAGE,
	[26] = FIELD_X_FORWARDED_FOR,
	[29] = FIELD_X_FORWARDED_PORT,
	[30] = FIELD_USER_AGENT,
	[31] = FIELD_AGE,
	[38] = FIELD_EXPIRES,
	[41] = FIELD_DATE,
	[44] = FIELD_TE,
	[47] = FIELD_PRAGMA,
	[50] = FIELD_TRANSFER_ENCODING,
	[57] = FIELD_PROXY_CONNECTION,
	[58] = FIELD_LOCATION,
	[59] = FIELD_ACCESS_CONTROL_REQUEST_METHOD,
	[60] = FIELD_X_REAL_IP,
	[63] = FIELD_ACCEPT_ENCODING,
	[66] = FIELD_X_FORWARDED_HOST,
	[69] = FIELD_ALLOW,
	[71] = FIELD_AUTHORIZATION,
	[75] = FIELD_HTTP2_SETTINGS,
	[87] = FIELD_IF_MATCH,
	[93] = FIELD_ETAG,
	[110] = FIELD_CONTENT_LENGTH,
	[114] = FIELD_HOST,
	[121] = FIELD_UPGRADE,
	[123] = FIELD_EXPECT,
	[129] = FIELD_KEEP_ALIVE,
	[130] = FIELD_VIA,
	[136] = FIELD_IF_RANGE,
	[140] = FIELD_PROXY_AUTHORIZATION,
	[147] = FIELD_TRACESTATE,
	[156] = FIELD_LAST_MODIFIED,
	[157] = FIELD_TRAILER,
	[161] = FIELD_WWW_AUTHENTICATE,
	[168] = FIELD_TRACEPARENT,
	[170] = FIELD_VARY,
	[172] = FIELD_SET_COOKIE,
	[176] = FIELD_IF_UNMODIFIED_SINCE,
	[181] = FIELD_SERVER,
	[184] = FIELD_IF_MODIFIED_SINCE,
	[187] = FIELD_ORIGIN,
	[190] = FIELD_CONTENT_ENCODING,
	[191] = FIELD_X_REQUEST_ID,
	[193] = FIELD_PENSTOCK_DEBUG,
	[198] = FIELD_ACCEPT,
	[203] = FIELD_COOKIE,
	[207] = FIELD_FORWARDED,
	[211] = FIELD_ACCESS_CONTROL_ALLOW_ORIGIN,
	[217] = FIELD_PROXY_AUTHENTICATE,
	[225] = FIELD_CONTENT_TYPE,
	[231] = FIELD_SEC_WEBSOCKET_KEY,
	[237] = FIELD_ACCESS_CONTROL_REQUEST_HEADERS,
	[241] = FIELD_RETRY_AFTER,
	[246] = FIELD_MAX_FORWARDS,
	[249] = FIELD_IF_NONE_MATCH,
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
		if (methods[i].name.n == name.n &&
		    methods[i].name.p[0] == name.p[0] &&
		    slice_eq(methods[i].name, name))
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

enum field_id
http_field_find(struct slice name)
{
	return http_field_match(name.p, name.n);
}

enum field_id
http_field_folded(struct slice name)
{
	char folded[FIELD_NAME_MAX];

	if (name.n > sizeof(folded))
		return FIELD_OTHER;
	for (size_t i = 0; i < name.n; i++)
		folded[i] = (char)(name.p[i] == '_' ? '-' : name.p[i]);
	return http_field_find(slice_make(folded, name.n));
}

struct slice
http_field_name(enum field_id id)
{
	return id < FIELD_COUNT ? http_name(id) : SLICE_LIT("");
}

unsigned
http_field_flags(enum field_id id)
{
	return id < FIELD_COUNT ? field_flags[id] : 0;
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

/*
 * uri.c - normalising a path once, so that what is matched is what is sent on.
 *
 * Most paths need nothing: one scan proves it. The others are built anew,
 * segment by segment; "//" is collapsed before dot segments are removed, as
 * file systems read them.
 */
#include "common/http/uri.h"
#include "common/base/chunk.h"
#include "common/http/uri_escape.h"

enum byte_class {
	BYTE_PLAIN,
	BYTE_SLASH,
	BYTE_PERCENT,
	BYTE_QUERY,
	BYTE_HASH,
	BYTE_BACKSLASH,
	BYTE_CONTROL, /* and the space */
	BYTE_HIGH,
};

static const uint8_t byte_class[256] = {
	[0x00 ... 0x20] = BYTE_CONTROL,
	[0x7f] = BYTE_CONTROL,
	[0x80 ... 0xff] = BYTE_HIGH,
	['/'] = BYTE_SLASH,
	['%'] = BYTE_PERCENT,
	['?'] = BYTE_QUERY,
	['#'] = BYTE_HASH,
	['\\'] = BYTE_BACKSLASH,
};

const char *
uri_error_name(enum uri_error e)
{
	static const char *const names[] = {
		[URI_OK] = "ok",
		[URI_NOT_ABSOLUTE] = "not_absolute",
		[URI_BAD_ESCAPE] = "bad_escape",
		[URI_CONTROL] = "control",
		[URI_BACKSLASH] = "backslash",
		[URI_FRAGMENT] = "fragment",
		[URI_NOT_ASCII] = "not_ascii",
		[URI_DOT_PARAMETER] = "dot_parameter",
		[URI_ABOVE_ROOT] = "above_root",
	};

	return (size_t)e < sizeof(names) / sizeof(names[0]) ? names[e] : "";
}

static enum byte_class
class_of(char c)
{
	return (enum byte_class)byte_class[(unsigned char)c];
}

/* Why a raw byte of this class cannot stand in a path. */
static enum uri_error class_error(enum byte_class class)
{
	switch (class) {
	case BYTE_PLAIN:
	case BYTE_SLASH:
	case BYTE_PERCENT:
	case BYTE_QUERY:
		return URI_OK;
	case BYTE_HASH:
		return URI_FRAGMENT;
	case BYTE_BACKSLASH:
		return URI_BACKSLASH;
	case BYTE_CONTROL:
		return URI_CONTROL;
	case BYTE_HIGH:
		return URI_NOT_ASCII;
	}
	return URI_OK;
}

static enum uri_error
query_check(struct slice query)
{
	for (size_t i = 0; i < query.n; i++) {
		enum byte_class class = class_of(query.p[i]);

		if (class == BYTE_PLAIN || class == BYTE_BACKSLASH)
			continue;
		if (class_error(class) != URI_OK)
			return class_error(class);
	}
	return URI_OK;
}

#ifdef CHUNK_BYTES
/* Those of x: not up to the last of all where that is a slash, behind which
 * anything may stand. Zeroes are of no path. */
static inline size_t
path_chunk(__m128i x)
{
	__m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('/'));
	__m128i dot = _mm_cmpeq_epi8(x, _mm_set1_epi8('.'));
	__m128i plain = _mm_andnot_si128(
	    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('%')),
			     _mm_cmpeq_epi8(x, _mm_set1_epi8('?'))),
		_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('#')),
		    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')))),
	    chunk_from_to(x, 0x21, 0x7e));
	unsigned slashes = (unsigned)_mm_movemask_epi8(slash);
	unsigned dots = (unsigned)_mm_movemask_epi8(dot);
	unsigned stop = ~(unsigned)_mm_movemask_epi8(plain);

	/* Before each slash or dot, and before what is no byte of x. */
	stop |= slashes & ((slashes | dots) >> 1 | 0x8000);
	return (size_t)__builtin_ctz(stop);
}
#endif

/* The bytes at the start of s that need no closer look: of a path, and no slash
 * that might be one too many. */
static inline size_t
path_begins(struct slice s)
{
	size_t n = 0;

#ifdef CHUNK_BYTES
	for (size_t more = CHUNK_BYTES; more >= CHUNK_BYTES - 1; n += more)
		more = path_chunk(chunk_load(slice_skip(s, n)));
#else
	(void)s;
#endif
	return n;
}

/*
 * The bytes of the path at the start of s; *clean when normalising would
 * change nothing. Other characters than those of a path end it: "?" or a
 * refused one.
 */
static size_t
path_span(struct slice s, bool *clean)
{
	size_t i;

	*clean = true;
	for (i = path_begins(s); i < s.n; i++) {
		enum byte_class class = class_of(s.p[i]);

		if (class == BYTE_PLAIN)
			continue;
		if (class == BYTE_PERCENT)
			*clean = false;
		else if (class != BYTE_SLASH)
			break;
		else if (i + 1 < s.n &&
		    (s.p[i + 1] == '/' || s.p[i + 1] == '.'))
			*clean = false;
	}
	return i;
}

/* Decodes or rewrites the escape at s.p[at] to out; its length in *n. */
static enum uri_error
escape_normalise(struct slice s, size_t at, char *out, size_t *n)
{
	int byte = uri_escape_value(s, at);

	if (byte < 0)
		return URI_BAD_ESCAPE;
	if (byte < 0x20 || byte == 0x7f)
		return URI_CONTROL;
	if (byte == '\\')
		return URI_BACKSLASH;
	if (uri_unreserved[byte]) {
		out[0] = (char)byte;
		*n = 1;
	} else {
		*n = uri_escape_put((unsigned char)byte, out);
	}
	return URI_OK;
}

static bool
is_dots(const char *p, size_t n)
{
	return (n == 1 || n == 2) && p[0] == '.' && p[n - 1] == '.';
}

/* The bytes of the ";" or "/", raw or escaped, at p; 0 when there is none. */
static size_t
separator_at(const char *p, size_t n)
{
	if (p[0] == ';')
		return 1;
	if (n < 3 || p[0] != '%')
		return 0;
	return memcmp(p, "%3B", 3) == 0 || memcmp(p, "%2F", 3) == 0 ? 3 : 0;
}

/*
 * True when an upstream might find a dot segment in this normalised one: dots
 * in front of a parameter, or between escaped slashes.
 */
static bool
hides_dots(const char *p, size_t n)
{
	bool piece = true; /* the part from `start` on may be a segment */
	bool split = false;
	size_t start = 0;
	size_t i = 0;

	while (i < n) {
		size_t sep = separator_at(p + i, n - i);

		if (sep == 0) {
			i++;
			continue;
		}
		if (piece && is_dots(p + start, i - start))
			return true;
		piece = memcmp(p + i, "%2F", sep) == 0;
		split = true;
		i += sep;
		start = i;
	}
	return split && piece && is_dots(p + start, n - start);
}

struct builder {
	char *out;
	size_t n; /* out[0..n) ends with "/" between segments */
};

/* Back to the end of the parent; false at the root. */
static bool
builder_pop(struct builder *b)
{
	if (b->n == 1)
		return false;
	b->n--;
	while (b->out[b->n - 1] != '/')
		b->n--;
	return true;
}

/* Adds the segment s, without slashes. */
static enum uri_error
builder_push(struct builder *b, struct slice s)
{
	char *start = b->out + b->n;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		size_t put = 1;
		enum uri_error e;

		start[n] = s.p[i];
		if (s.p[i] == '%') {
			e = escape_normalise(s, i, start + n, &put);
			if (e != URI_OK)
				return e;
			i += 2;
		}
		n += put;
	}
	if (hides_dots(start, n))
		return URI_DOT_PARAMETER;
	if (!is_dots(start, n))
		b->n += n;
	else if (n == 2 && !builder_pop(b))
		return URI_ABOVE_ROOT;
	return URI_OK;
}

static __attribute__((noinline)) enum uri_error
path_build(struct slice path, char *room, struct slice *built)
{
	struct builder b = { room, 0 };
	size_t at = 0;

	while (at < path.n) {
		size_t n = 0;
		enum uri_error e;

		if (path.p[at] == '/') {
			if (b.n == 0 || b.out[b.n - 1] != '/')
				b.out[b.n++] = '/';
			at++;
			continue;
		}
		while (at + n < path.n && path.p[at + n] != '/')
			n++;
		e = builder_push(&b, slice_make(path.p + at, n));
		if (e != URI_OK)
			return e;
		at += n;
	}
	*built = slice_make(room, b.n);
	return URI_OK;
}

static bool
has_encoded_slash(struct slice path)
{
	return path.n >= 3 && memmem(path.p, path.n, "%2F", 3) != NULL;
}

enum uri_error
uri_normalise(struct slice target, char *room, struct uri *u)
{
	enum uri_error e;
	bool clean;
	size_t n;

	*u = (struct uri){ .path = SLICE_LIT("/") };
	if (target.n == 0 || (target.p[0] != '/' && target.p[0] != '?'))
		return URI_NOT_ABSOLUTE;
	n = path_span(target, &clean);
	if (n != target.n) {
		e = class_error(class_of(target.p[n]));
		if (e != URI_OK)
			return e;
		u->has_query = true;
		u->query = slice_skip(target, n + 1);
		e = query_check(u->query);
		if (e != URI_OK)
			return e;
	}
	if (n != 0)
		u->path = slice_make(target.p, n);
	if (clean)
		return URI_OK;
	e = path_build(u->path, room, &u->path);
	u->encoded_slash = e == URI_OK && has_encoded_slash(u->path);
	return e;
}

/*
 * line_fuzz.c - any bytes as what a client has sent, written in every format:
 * one line, without a control character; JSON is JSON; no number of a card is
 * in it, and nothing that must never be shown.
 *
 * Input: lines; the first byte of the first one has bits: 1 the list of queries
 * is "*", 2 the one of fields is, 4 no masks of text, 8 a connection, 16 texts
 * overlap. Then a template, a method, a host, a path, a query, a referer, an
 * agent, a user, a field's name, its value.
 */
#include <jansson.h>

#include "tests/fuzz/card_check.h"
#include "tests/fuzz/lines.h"
#include "tests/unit/record_kit.h"
#include "tools/line_inside.h"

#define LINES 11
#define SECRET "`secret`"

enum {
	BITS,
	TEMPLATE,
	METHOD,
	HOST,
	PATH,
	QUERY,
	REFERER,
	AGENT,
	USER,
	NAME,
	VALUE
};

static struct record_kit kit;

static void
kit_fill(const struct slice lines[LINES], unsigned bits)
{
	static const struct {
		enum record_text text;
		int line;
	} rows[] = { { RECORD_METHOD, METHOD }, { RECORD_HOST, HOST },
		{ RECORD_PATH, PATH }, { RECORD_QUERY, QUERY },
		{ RECORD_REFERER, REFERER }, { RECORD_AGENT, AGENT },
		{ RECORD_USER, USER } };

	record_kit_init(&kit);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		kit.text[rows[i].text] = lines[rows[i].line];
	kit.q.method = METHOD_OTHER;
	for (int i = 0; i < 2; i++) {
		kit.fields[i].name =
		    http_is_token(lines[NAME]) ? lines[NAME] : SLICE_LIT("x-a");
		kit.fields[i].value = lines[VALUE];
		kit.fields[2 + i] = kit.fields[i];
		kit.fields[2 + i].answer = true;
	}
	kit.q.fields = 4;
	record_kit_field(&kit, "cookie", SECRET, false);
	if (bits & 8)
		kit.q.head.kind = RECORD_CONNECTION;
	for (int i = 0; (bits & 16) != 0 && i < RECORD_TEXTS; i++)
		kit.text[i] = kit.text[RECORD_PATH];
	record_kit_make(&kit);
}

static struct line_format *
format_make(unsigned bits)
{
	struct line_format *f = line_format_new(NULL);

	names_add(&f->masks.headers, SLICE_LIT("cookie"), &f->arena);
	names_add(&f->masks.query, SLICE_LIT("token"), &f->arena);
	names_add(&f->query, bits & 1 ? SLICE_LIT("*") : SLICE_LIT("page"),
	    &f->arena);
	names_add(&f->headers, bits & 2 ? SLICE_LIT("*") : SLICE_LIT("x-a"),
	    &f->arena);
	names_add(&f->response_headers, SLICE_LIT("*"), &f->arena);
	f->masks.text = bits & 4 ? 0 : MASK_ALL;
	return f;
}

static void
check_json(const struct text *out, bool masked)
{
	json_t *tree = json_loadb(
	    out->p, out->n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const char *key;
	json_t *value;

	MUST(tree != NULL && json_object_size(tree) >= LOG_FIELD_COUNT);
	json_object_foreach(
	    tree, key, value) if (masked && json_is_string(value))
	    MUST(!card_check(slice_make(
		json_string_value(value), json_string_length(value))));
	json_decref(tree);
}

static void
check_line(const struct text *out)
{
	MUST(out->n != 0 && out->p[out->n - 1] == '\n');
	for (size_t i = 0; i + 1 < out->n; i++) {
		unsigned char c = (unsigned char)out->p[i];

		MUST((c >= ' ' && c != 0x7f) || c == '\t');
	}
	MUST(memmem(out->p, out->n, SECRET, sizeof(SECRET) - 1) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[LINES] = { { NULL, 0 } }, at;
	struct line_format *f;
	const char *why;
	struct text out;
	unsigned bits;

	if (lines_split(data, size, lines, LINES) < 2 ||
	    memchr(data, SECRET[0], size) != NULL)
		return 0;
	bits = lines[BITS].n != 0 ? data[0] : 0;
	kit_fill(lines, bits);
	f = format_make(bits);
	text_init(&out);
	for (unsigned i = 0; i <= IMG_LOG_TEMPLATE; i++) {
		f->format = i;
		if (f->format == IMG_LOG_TEMPLATE &&
		    !line_format_template(f, lines[TEMPLATE], &why, &at))
			break;
		text_clear(&out);
		line_write(f, &kit.view, &out);
		check_line(&out);
		if (f->format == IMG_LOG_JSON)
			check_json(&out, (bits & (4 | 16)) == 0);
	}
	text_fini(&out);
	line_format_free(f);
	return 0;
}

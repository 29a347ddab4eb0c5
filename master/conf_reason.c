/*
 * conf_reason.c - see conf_reason.h.
 */
#include "master/conf_reason.h"

#include <string.h>

#include "master/conf_check.h"
#include "master/conf_suggest.h"

const struct conf_reason conf_reasons[] = {
#define FAULT_NOBODY false
#define FAULT_CLIENT true
#define FAULT_UPSTREAM false
#define FAULT_GATEWAY false
#define WHY(id, word_, status, code, grpc, fault, title, help) \
	{ .word = (word_), .client = FAULT_##fault },
#include "worker/flow/why.def"
#undef FAULT_NOBODY
#undef FAULT_CLIENT
#undef FAULT_UPSTREAM
#undef FAULT_GATEWAY
};

#define REASONS (sizeof(conf_reasons) / sizeof(conf_reasons[0]))
_Static_assert(REASONS <= CONF_REASONS_MAX, "a bit for each");

const unsigned conf_reason_count = REASONS;

unsigned
conf_reason_find(const char *word)
{
	unsigned i = 0;

	while (i < REASONS && strcmp(conf_reasons[i].word, word) != 0)
		i++;
	return i;
}

static void
unknown(const struct conf_place *at, const char *option, const char *word,
    struct diag *d)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, word);
	for (size_t i = 0; i < REASONS; i++)
		conf_suggest_offer(&near, conf_reasons[i].word);
	diag_error(d, at->file, at->line, "%s: there is no reason \"%s\"%s",
	    option, word, conf_suggest_text(&near, buf, sizeof(buf)));
}

void
conf_reasons_read(const struct conf_strings *names, const char *option,
    uint64_t whys[2], struct diag *d)
{
	for (size_t i = 0; i < names->count; i++) {
		unsigned why = conf_reason_find(names->items[i]);

		if (why == REASONS)
			unknown(&names->places[i], option, names->items[i], d);
		else
			whys[why / 64] |= UINT64_C(1) << why % 64;
	}
	conf_check_twice(names, option, d);
}

/*
 * lineage.c - see lineage.h. There may be very many: a line is an array of two
 * words, key and state, as digits of base 16. In front of them stands what
 * their tokens are signed with.
 */
#include "master/lineage.h"

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/hex.h"
#include "master/state.h"

/* ["0123456789abcdef","0123456789abcdef"] */
#define LINE_BYTES 39
#define SECRET_BYTES sizeof(((struct shm_secrets *)0)->refresh)
#define SECRET_HEAD SLICE_LIT("[\"secret\",\"")
#define SECRET_LINE_BYTES (11 + 2 * SECRET_BYTES + 2)

uint64_t
lineage_sum(const struct region *r)
{
	uint64_t sum = 0, key, word;

	for (uint32_t i = 0; i < FAMILIES_MAX; i++)
		if (families_at(r, i, &key, &word))
			sum += hash_u64(hash_u64(key) ^ word);
	return sum;
}

uint32_t
lineage_count(const struct region *r)
{
	uint64_t key, word;
	uint32_t n = 0;

	for (uint32_t i = 0; i < FAMILIES_MAX; i++)
		n += families_at(r, i, &key, &word);
	return n;
}

/* ---- the file ---- */

static void
word_write(uint64_t word, char out[16])
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(word >> (56 - 8 * i));
	hex_write(bytes, sizeof(bytes), out);
}

static bool
word_read(const char *p, uint64_t *word)
{
	uint8_t bytes[8];

	if (!hex_read(slice_make(p, 16), bytes, sizeof(bytes)))
		return false;
	*word = 0;
	for (int i = 0; i < 8; i++)
		*word = *word << 8 | bytes[i];
	return true;
}

static void
secret_write(const struct region *r, struct text *out)
{
	char digits[2 * SECRET_BYTES];

	hex_write(region_secrets(r)->refresh, SECRET_BYTES, digits);
	text_add(out, SECRET_HEAD);
	text_add(out, slice_make(digits, sizeof(digits)));
	text_add(out, SLICE_LIT("\"]\n"));
}

void
lineage_write(const struct region *r, struct text *out)
{
	char line[LINE_BYTES + 1] = "[\"0123456789abcdef\",\""
				    "0123456789abcdef\"]\n";
	uint64_t key, word;

	state_begin(out, LINEAGE_FILE);
	secret_write(r, out);
	for (uint32_t i = 0; i < FAMILIES_MAX; i++) {
		if (!families_at(r, i, &key, &word))
			continue;
		word_write(key, line + 2);
		word_write(word, line + 21);
		text_add(out, slice_make(line, sizeof(line)));
	}
}

struct loading {
	struct region *region;
	int64_t now_s;
};

static const char *
secret_read(struct region *r, struct slice line)
{
	uint8_t secret[SECRET_BYTES];

	if (line.n != SECRET_LINE_BYTES ||
	    memcmp(line.p + line.n - 2, "\"]", 2) != 0 ||
	    !hex_read(slice_make(line.p + SECRET_HEAD.n, 2 * SECRET_BYTES),
		secret, sizeof(secret)))
		return "is not a secret";
	memcpy(region_secrets(r)->refresh, secret, sizeof(secret));
	return NULL;
}

static const char *
loading_line(void *ctx, struct slice line)
{
	struct loading *l = ctx;
	uint64_t key, word;

	if (slice_starts(line, SECRET_HEAD))
		return secret_read(l->region, line);
	if (line.n != LINE_BYTES || memcmp(line.p, "[\"", 2) != 0 ||
	    memcmp(line.p + 18, "\",\"", 3) != 0 ||
	    memcmp(line.p + 37, "\"]", 2) != 0 ||
	    !word_read(line.p + 2, &key) || !word_read(line.p + 21, &word) ||
	    key == 0)
		return "is not a family";
	(void)families_put(l->region, key, word, l->now_s);
	return NULL;
}

bool
lineage_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { .region = r, .now_s = clock_wall().us / 1000000 };

	return state_walk(text, LINEAGE_FILE, loading_line, &l, d);
}

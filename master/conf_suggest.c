/*
 * conf_suggest.c - edit distance: insertion, deletion, substitution, and two
 * neighbours swapped.
 */
#include "master/conf_suggest.h"

#include <stdio.h>
#include <string.h>

#include "common/base/slice.h"

#define WORD_MAX 63

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Both at most WORD_MAX bytes. */
static unsigned
distance(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (unsigned j = 0; j <= bn; j++)
		above[j] = j;
	for (unsigned i = 1; i <= an; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= bn; j++) {
			char x = ascii_lower(a[i - 1]);
			char y = ascii_lower(b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) &&
			    y == ascii_lower(a[i - 2]) &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[bn];
}

void
conf_suggest_init(struct conf_suggest *s, const char *word)
{
	size_t n = strlen(word);

	/* One slip, two in six letters, three in twelve. */
	s->word = word;
	s->best = NULL;
	s->distance = n < 6 ? 2 : n < 12 ? 3 : 4;
}

void
conf_suggest_offer(struct conf_suggest *s, const char *candidate)
{
	size_t n = strlen(s->word), m = strlen(candidate), gap;
	unsigned d;

	gap = n > m ? n - m : m - n;
	if (n == 0 || n > WORD_MAX || m > WORD_MAX || gap >= s->distance)
		return;
	d = distance(s->word, n, candidate, m);
	if (d < s->distance && d < m) {
		s->best = candidate;
		s->distance = d;
	}
}

const char *
conf_suggest_text(const struct conf_suggest *s, char *buf, unsigned long size)
{
	buf[0] = '\0';
	if (s->best != NULL)
		(void)snprintf(buf, size, "; did you mean \"%s\"?", s->best);
	return buf;
}

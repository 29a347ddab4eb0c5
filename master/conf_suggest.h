/*
 * conf_suggest.h - "did you mean": the nearest of some words.
 */
#ifndef MASTER_CONF_SUGGEST_H
#define MASTER_CONF_SUGGEST_H

struct conf_suggest {
	const char *word; /* what was written */
	const char *best; /* NULL: nothing near yet */
	unsigned distance;
};

void conf_suggest_init(struct conf_suggest *s, const char *word);

/* Offers a candidate, which must outlive s. */
void conf_suggest_offer(struct conf_suggest *s, const char *candidate);

/*
 * "; did you mean \"x\"?" or "". Points into buf, which gets as much of it as
 * there is room for.
 */
const char *
conf_suggest_text(const struct conf_suggest *s, char *buf, unsigned long size);

#endif

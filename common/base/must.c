/*
 * must.c - the end of a process whose program is wrong.
 *
 * Nothing here allocates or formats through stdio: the state of the process
 * is not to be trusted any more.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"

#define WORDS_MAX 512

static void (*must_hook)(const char *text);

void
must_set_hook(void (*hook)(const char *text))
{
	must_hook = hook;
}

/* Appends s to the sentence as far as it fits; returns the new length. */
static size_t
words_add(char *words, size_t at, const char *s)
{
	while (*s != '\0' && at < WORDS_MAX - 2)
		words[at++] = *s++;
	words[at] = '\0';
	return at;
}

static size_t
words_add_number(char *words, size_t at, int n)
{
	char digits[12];
	size_t i = sizeof(digits) - 1;
	unsigned rest = n > 0 ? (unsigned)n : 0;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	return words_add(words, at, digits + i);
}

_Noreturn void
must_fail(const char *cond, const char *file, int line, const char *func)
{
	void (*hook)(const char *text) = must_hook;
	char words[WORDS_MAX];
	size_t n = 0;

	n = words_add(words, n, file);
	n = words_add(words, n, ":");
	n = words_add_number(words, n, line);
	n = words_add(words, n, ": ");
	n = words_add(words, n, func);
	n = words_add(words, n, ": must be true: ");
	n = words_add(words, n, cond);
	/* A hook that fails in its turn does not come back here. */
	must_hook = NULL;
	if (hook != NULL)
		hook(words);
	words[n++] = '\n';
	if (write(STDERR_FILENO, words, n) < 0)
		abort();
	abort();
}

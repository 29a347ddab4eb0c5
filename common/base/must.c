/*
 * must.c - the end of a process whose program is wrong.
 *
 * Nothing here allocates or formats through stdio: the state of the process
 * is not to be trusted any more.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/base/sanitized.h"

#define WORDS_MAX 512
#define SIGNAL_STACK_BYTES 16384

extern const char __executable_start[];

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
words_add_number(char *words, size_t at, uintptr_t n, unsigned base)
{
	char digits[24];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	return words_add(words, at, digits + i);
}

/* Once: a hook that fails in its turn does not come back here. */
static void
words_tell(const char *words)
{
	void (*hook)(const char *text) = must_hook;

	must_hook = NULL;
	if (hook != NULL)
		hook(words);
}

_Noreturn void
must_fail(const char *cond, const char *file, int line, const char *func)
{
	char words[WORDS_MAX];
	size_t n = 0;

	n = words_add(words, n, file);
	n = words_add(words, n, ":");
	n = words_add_number(words, n, line > 0 ? (unsigned)line : 0, 10);
	n = words_add(words, n, ": ");
	n = words_add(words, n, func);
	n = words_add(words, n, ": must be true: ");
	n = words_add(words, n, cond);
	words_tell(words);
	words[n++] = '\n';
	if (write(STDERR_FILENO, words, n) < 0)
		abort();
	abort();
}

static uintptr_t
instruction_of(const ucontext_t *u)
{
#if defined(__x86_64__)
	uintptr_t at = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	uintptr_t at = (uintptr_t)u->uc_mcontext.pc;
#else
	uintptr_t at = (uintptr_t)__executable_start;

	(void)u;
#endif
	return at - (uintptr_t)__executable_start;
}

static void
must_signal(int number, siginfo_t *info, void *context)
{
	char words[WORDS_MAX];
	size_t n = 0;

	n = words_add(words, n, "SIG");
	n = words_add(words, n, sigabbrev_np(number));
	n = words_add(words, n, " at address 0x");
	n = words_add_number(words, n, (uintptr_t)info->si_addr, 16);
	n = words_add(words, n, ", instruction 0x");
	(void)words_add_number(words, n, instruction_of(context), 16);
	words_tell(words);
	/* SA_RESETHAND: this time it ends the process. */
	(void)raise(number);
}

void
must_catch_signals(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	static char stack[SIGNAL_STACK_BYTES];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = must_signal,
		.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK) };

	if (SANITIZED_ADDRESS || sigaltstack(&alternate, NULL) != 0)
		return;
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		(void)sigaction(fatal[i], &action, NULL);
}

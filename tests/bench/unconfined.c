/*
 * unconfined.c - preloaded into the gateway where a tool has to do more in its
 * processes than they may: no filter of system calls is made, nor missed, and
 * who started them may trace them.
 */
#include <seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

scmp_filter_ctx
seccomp_init(uint32_t action)
{
	static char nothing;

	(void)action;
	return &nothing;
}

int
seccomp_attr_set(
    scmp_filter_ctx ctx, enum scmp_filter_attr attribute, uint32_t value)
{
	(void)ctx, (void)attribute, (void)value;
	return 0;
}

int
seccomp_rule_add(
    scmp_filter_ctx ctx, uint32_t action, int call, unsigned int arguments, ...)
{
	(void)ctx, (void)action, (void)call, (void)arguments;
	return 0;
}

int
seccomp_load(const scmp_filter_ctx ctx)
{
	(void)ctx;
	return 0;
}

void
seccomp_release(scmp_filter_ctx ctx)
{
	(void)ctx;
}

int
prctl(int option, ...)
{
	va_list ap;
	unsigned long a[4];

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return option == PR_SET_DUMPABLE
	    ? 0
	    : (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}

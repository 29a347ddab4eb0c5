/*
 * seccomp.c - see seccomp.h. Names that the running architecture does not know
 * are skipped, so that the lists can hold old and new forms of one call.
 */
#include "master/seccomp.h"

#include <seccomp.h>
#include <stddef.h>

#include "master/privs.h"

/* What any process of ours does once it runs. */
static const char *const seccomp_common[] = {
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"read",
	"readv",
	"write",
	"writev",
	"recvfrom",
	"recvmsg",
	"sendto",
	"sendmsg",
	"splice",
	"accept4",
	"socket",
	"socketpair",
	"connect",
	"bind",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"shutdown",
	"close",
	"close_range",
	"fcntl",
	"ioctl",
	"fstat",
	"newfstatat",
	"lseek",
	"dup",
	"dup2",
	"dup3",
	"pipe2",
	"eventfd2",
	"timerfd_create",
	"timerfd_settime",
	"clock_gettime",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"mmap",
	"munmap",
	"mprotect",
	"mremap",
	"madvise",
	"brk",
	"futex",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"restart_syscall",
	"sched_yield",
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"tgkill",
	"getrandom",
	"uname",
	"sysinfo",
	"prctl",
	"prlimit64",
	"getrlimit",
	"getrusage",
	"sched_getaffinity",
	"sched_setaffinity",
	"rseq",
	"set_robust_list",
	"poll",
	"ppoll",
	"exit",
	"exit_group",
};

/*
 * Of a helper: memory (yescrypt maps its own), eventfds, the log, and how a
 * process ends. Nothing opens anything or speaks to anybody.
 */
static const char *const seccomp_work[] = {
	"read",
	"write",
	"writev",
	"sendto",
	"poll",
	"ppoll",
	"fcntl",
	"clock_gettime",
	"gettimeofday",
	"time",
	"mmap",
	"munmap",
	"mprotect",
	"mremap",
	"madvise",
	"brk",
	"futex",
	"rt_sigaction",
	"sigaltstack",
	"rt_sigprocmask",
	"rt_sigreturn",
	"restart_syscall",
	"getpid",
	"gettid",
	"tgkill",
	"exit",
	"exit_group",
};

/* Files, and a loader as a child. */
static const char *const seccomp_files[] = {
	"openat",
	"open",
	"statx",
	"stat",
	"lstat",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"getcwd",
	"chdir",
	"pread64",
	"statfs",
	"fstatfs",
	"renameat",
	"renameat2",
	"unlinkat",
	"fsync",
	"fallocate",
	"clone",
	"clone3",
	"fork",
	"vfork",
	"wait4",
	"waitid",
	"kill",
	"setpriority",
	"getpriority",
	"sched_getscheduler",
	"sched_setscheduler",
	"capget",
	"setrlimit",
};

static bool
seccomp_allow(scmp_filter_ctx ctx, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		if (call < 0)
			continue;
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0) != 0)
			return false;
	}
	return true;
}

#define SECCOMP_NAMES(list) list, sizeof(list) / sizeof((list)[0])

static bool
seccomp_install(const char *const *names, size_t count, bool files)
{
	scmp_filter_ctx ctx;
	bool ok;

	if (privs_sanitized())
		return true;
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		return false;
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	ok = seccomp_allow(ctx, names, count);
	if (ok && files)
		ok = seccomp_allow(ctx, SECCOMP_NAMES(seccomp_files));
	ok = ok && seccomp_load(ctx) == 0;
	seccomp_release(ctx);
	return ok;
}

bool
seccomp_worker(void)
{
	return seccomp_install(SECCOMP_NAMES(seccomp_common), false);
}

bool
seccomp_master(void)
{
	return seccomp_install(SECCOMP_NAMES(seccomp_common), true);
}

bool
seccomp_helper(void)
{
	return seccomp_install(SECCOMP_NAMES(seccomp_work), false);
}

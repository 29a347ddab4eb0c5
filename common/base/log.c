/*
 * log.c - one sink, one write(2) per line.
 *
 * A reader that has stopped must not stop a worker: on a pipe, socket or
 * terminal a line that would block is dropped, and counted in the next one.
 * Control bytes become '?', so that text from outside cannot forge a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define LINE_MAX_BYTES 2048
#define NO_ERRNO (-1)

enum sink_kind { SINK_STDERR, SINK_FD, SINK_FILE, SINK_SYSLOG };

struct log_sink {
	enum sink_kind kind;
	enum log_level level;
	int fd;
	bool may_block; /* fd is not a regular file */
	unsigned lost;  /* lines that would have blocked */
	char *path;     /* SINK_FILE only */
	char process[32];
};

static struct log_sink sink = {
	.kind = SINK_STDERR,
	.level = LOG_LVL_INFO,
	.fd = STDERR_FILENO,
	.may_block = true,
	.process = "penstock",
};

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LVL_DEBUG] = { "debug", LOG_DEBUG },
	[LOG_LVL_INFO] = { "info", LOG_INFO },
	[LOG_LVL_WARN] = { "warn", LOG_WARNING },
	[LOG_LVL_ERROR] = { "error", LOG_ERR },
	[LOG_LVL_CRITICAL] = { "critical", LOG_CRIT },
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

bool
log_level_parse(const char *word, enum log_level *level)
{
	if (strcmp(word, "warning") == 0)
		word = "warn";
	for (size_t i = 0; i < LEVELS; i++) {
		if (strcmp(word, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *
log_level_name(enum log_level level)
{
	return levels[level].name;
}

void
log_set_process(const char *process)
{
	snprintf(sink.process, sizeof(sink.process), "%s", process);
}

void
log_set_level(enum log_level level)
{
	sink.level = level;
}

/* Replaces the sink; takes over fd and path. */
static void
sink_set(enum sink_kind kind, int fd, char *path)
{
	struct stat st;

	if (sink.kind == SINK_SYSLOG)
		closelog();
	if (sink.fd > STDERR_FILENO && sink.fd != fd)
		close(sink.fd);
	free(sink.path);
	sink.kind = kind;
	sink.fd = fd;
	sink.path = path;
	sink.lost = 0;
	sink.may_block =
	    fd >= 0 && !(fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

static int
path_open(const char *path)
{
	return open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

bool
log_open(const char *target, enum log_level level, const char *process)
{
	char *path;
	int fd;

	if (strcmp(target, "stderr") == 0) {
		sink_set(SINK_STDERR, STDERR_FILENO, NULL);
	} else if (strcmp(target, "syslog") == 0) {
		sink_set(SINK_SYSLOG, -1, NULL);
		openlog("penstock", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	} else {
		path = strdup(target);
		if (path == NULL)
			return false;
		fd = path_open(path);
		if (fd < 0) {
			free(path);
			return false;
		}
		sink_set(SINK_FILE, fd, path);
	}
	log_set_process(process);
	sink.level = level;
	return true;
}

void
log_open_fd(int fd, enum log_level level, const char *process)
{
	sink_set(SINK_FD, fd, NULL);
	log_set_process(process);
	sink.level = level;
}

bool
log_reopen(void)
{
	int fd;

	if (sink.kind != SINK_FILE)
		return true;
	fd = path_open(sink.path);
	if (fd < 0)
		return false;
	close(sink.fd);
	sink.fd = fd;
	return true;
}

/* Writes time, level and process; returns the length. */
static size_t
line_start(char *line, size_t size, enum log_level level)
{
	char when[WALL_TEXT_BYTES];
	int n;

	wall_text(clock_wall(), when);
	n = snprintf(
	    line, size, "%s %s %s: ", when, levels[level].name, sink.process);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* Formats the text behind line[at]; the result is cut with dots to size. */
static size_t __attribute__((format(printf, 5, 0))) line_text(
    char *line, size_t at, size_t size, int error, const char *fmt, va_list ap)
{
	size_t n = at;
	int more;

	more = vsnprintf(line + n, size - n, fmt, ap);
	n += more > 0 ? (size_t)more : 0;
	if (error != NO_ERRNO && n < size) {
		more = snprintf(line + n, size - n, ": %s", strerror(error));
		n += more > 0 ? (size_t)more : 0;
	}
	if (n >= size) {
		n = size - 1;
		memcpy(line + n - 3, "...", 3);
	}
	for (size_t i = at; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	return n;
}

static bool
sink_would_block(void)
{
	struct pollfd p = { .fd = sink.fd, .events = POLLOUT };

	/* Room for PIPE_BUF bytes, more than a line, is what POLLOUT says. */
	return sink.may_block && poll(&p, 1, 0) == 0;
}

static void
sink_write(const char *line, size_t n)
{
	ssize_t done;

	do {
		done = write(sink.fd, line, n);
	} while (done < 0 && errno == EINTR);
	if (done < 0 && errno == EAGAIN)
		sink.lost++;
}

static void
sink_write_lost(void)
{
	char line[256];
	size_t n = line_start(line, sizeof(line), LOG_LVL_WARN);
	int more;

	more = snprintf(line + n, sizeof(line) - n,
	    "%u log lines were lost: the log was not read\n", sink.lost);
	sink.lost = 0;
	sink_write(line, n + (size_t)more);
}

static void __attribute__((format(printf, 3, 0)))
log_line(enum log_level level, int error, const char *fmt, va_list ap)
{
	int saved = errno;
	char line[LINE_MAX_BYTES];
	size_t n = 0;

	if (level < sink.level)
		return;
	if (sink.kind == SINK_SYSLOG) {
		line_text(line, 0, sizeof(line), error, fmt, ap);
		syslog(levels[level].priority, "%s: %s", sink.process, line);
	} else if (sink_would_block()) {
		sink.lost++;
	} else {
		if (sink.lost != 0)
			sink_write_lost();
		n = line_start(line, sizeof(line), level);
		n = line_text(line, n, sizeof(line), error, fmt, ap);
		line[n++] = '\n';
		sink_write(line, n);
	}
	errno = saved;
}

#define LOG_LINE(level, error)                   \
	do {                                     \
		va_list ap;                      \
                                                 \
		va_start(ap, fmt);               \
		log_line(level, error, fmt, ap); \
		va_end(ap);                      \
	} while (0)

void
log_debug(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_DEBUG, NO_ERRNO);
}

void
log_info(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_INFO, NO_ERRNO);
}

void
log_warn(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_WARN, errno);
}

void
log_warnx(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_WARN, NO_ERRNO);
}

void
log_err(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_ERROR, errno);
}

void
log_errx(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_ERROR, NO_ERRNO);
}

void
log_critx(const char *fmt, ...)
{
	LOG_LINE(LOG_LVL_CRITICAL, NO_ERRNO);
}

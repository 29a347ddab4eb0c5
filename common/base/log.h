/*
 * log.h - the operational log: what the processes themselves have to say.
 *
 * One line per call: time, level, process name, text. Requests are not logged
 * here (they go through records).
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LVL_DEBUG,
	LOG_LVL_INFO,
	LOG_LVL_WARN,
	LOG_LVL_ERROR,
	LOG_LVL_CRITICAL
};

/* Before log_open everything from info on goes to stderr. */

/*
 * `target` is "stderr", "syslog" or a path (opened for appending, mode 0640).
 * `process` names who speaks ("master", "worker 0"); both are copied. Returns
 * false, with errno, when the path cannot be opened; the old sink stays.
 */
bool log_open(const char *target, enum log_level level, const char *process);

/* The sink with an already open descriptor (owned by the log afterwards). */
void log_open_fd(int fd, enum log_level level, const char *process);

/* Renames the speaker after a fork. */
void log_set_process(const char *process);
void log_set_level(enum log_level level);

/* Opens the path again (log rotation); false with errno, the old one stays. */
bool log_reopen(void);

/* "debug" "info" "warn" (also "warning") "error" "critical"; false if none. */
bool log_level_parse(const char *word, enum log_level *level);
const char *log_level_name(enum log_level level);

/* The line is at most 2 kB; longer text is cut and ends in "...". */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* log_warn and log_err append ": " and strerror(errno); the x forms do not. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_errx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_critx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

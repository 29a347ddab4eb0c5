/*
 * log_follow.h - penstocklog by hand: the records of a running gateway as
 * lines, as they come. It attaches through the admin socket, writes nothing
 * there, and holds nobody up.
 */
#ifndef TOOLS_LOG_FOLLOW_H
#define TOOLS_LOG_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_FOLLOW_OPTIONS_MAX 64

/* As line_format_set takes it. */
struct log_follow_option {
	const char *name, *value;
};

struct log_follow {
	const char *socket;
	struct log_follow_option options[LOG_FOLLOW_OPTIONS_MAX];
	size_t option_count;
	bool format;      /* one of the options says how it looks */
	bool since_start; /* also what is there already */
	uint64_t lines;   /* it ends after so many; 0: it does not */
};

/*
 * To standard output, what is to be said to standard error: until SIGINT,
 * SIGTERM, or nobody reads it any more. The exit code: 0, 1 (not reachable), 2
 * (an option that makes no sense).
 */
int log_follow(const struct log_follow *ask);

#endif

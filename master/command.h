/*
 * command.h - what the program does instead of serving: check the
 * configuration, send a signal to the instance that runs.
 */
#ifndef MASTER_COMMAND_H
#define MASTER_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

/*
 * -t: every complaint about the file at `path` to stderr. With `show` also
 * what is in force, the filter order (by `print_filters`) and the size of the
 * region to stdout. Returns the exit code.
 */
int command_check(
    const char *path, bool show, bool quiet, void (*print_filters)(FILE *f));

/*
 * -s: "reload", "stop", "quit" or "reopen" to the instance whose pid file the
 * configuration names. A reload is checked first. Returns the exit code; 2 for
 * another word.
 */
int command_signal(const char *path, const char *word, bool quiet);

#endif

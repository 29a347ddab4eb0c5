/*
 * title.h - what ps shows of a process.
 *
 * The words of argv are overwritten in place, so the area that they stood in
 * is remembered here: the one mutable global of this folder.
 */
#ifndef MASTER_TITLE_H
#define MASTER_TITLE_H

/*
 * Before anything else in main: takes over the area of argv and environ; the
 * environment is copied first and stays usable. argv is not to be read later.
 */
void title_init(int argc, char **argv);

/*
 * "penstock: <role>" as the command line, cut to the area, and <role> as the
 * name of the thread. Without title_init only the latter.
 */
void title_set(const char *role);

#endif

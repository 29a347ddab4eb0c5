/*
 * ctl_show.h - the admin API's documents as tables.
 */
#ifndef TOOLS_CTL_SHOW_H
#define TOOLS_CTL_SHOW_H

#include <jansson.h>

/* Each prints one document; a member that is missing shows as empty. */
void ctl_show_status(const json_t *doc);
void ctl_show_routes(const json_t *doc);
void ctl_show_workers(const json_t *doc);
void ctl_show_generations(const json_t *doc);
void ctl_show_reload(const json_t *doc);
void ctl_show_names(const json_t *doc);

#endif

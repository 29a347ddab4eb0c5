/*
 * line.h - a record as a line of a log: which records a log wants, which of
 * those it takes when it samples, and how it writes them. No input and no
 * output: texts in, text out. What may be shown of a client's own words is
 * mask.h's.
 */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/text.h"
#include "shm/image.h"
#include "shm/record.h"

/* How grave it is: the field `level`, and the severity of syslog. */
enum line_level { LINE_INFO, LINE_WARNING, LINE_ERROR };

/* A log's conditions, sampling, format and masks, made ready for use. */
struct line_format;

/*
 * As an entry of the image's access_log says, with the image's masks. Copies
 * all it needs: the image may go. NULL: the template is none (an image of
 * another version).
 */
struct line_format *
line_format_of_image(const struct img_head *img, const struct img_log *log);

/*
 * Of a log that nobody has configured: JSON of every record; errors are kept if
 * it is sampled. With the masks of
 * the image, or (img NULL) of a configuration that says nothing of masks.
 */
struct line_format *line_format_new(const struct img_head *img);

void line_format_free(struct line_format *f);

/*
 * One option of a command line, by the name it has there without "--": format
 * (json combined common dev, or a template if there is a "{" in it); status
 * ("5xx" "404" "500-599"), why, route, service, method, slow ("200ms"), errors
 * (no value), sample ("0.1"), query, header, response-header. Lists grow with
 * each call and with commas. False: `why` holds a sentence for a person.
 */
bool line_format_set(struct line_format *f, const char *name, const char *value,
    char *why, size_t size);

/* DEV in colours: for a terminal alone (see line_colours). */
void line_format_set_colours(struct line_format *f, bool on);

/* Whether people who look at this descriptor want colours (NO_COLOR). */
bool line_colours(int fd);

/* All conditions hold. Only records of requests and connections may be asked
 * for, here and below. */
bool line_wants(const struct line_format *f, const struct record_view *v);

/*
 * It is in the sample, or is kept whatever the sample says (keep_errors). By
 * the request's id: of one request all logs, of this gateway and of others,
 * say the same at the same ratio, and what a smaller sample has, a larger one
 * has too.
 */
bool line_sampled(const struct line_format *f, const struct record_view *v);

enum line_level line_level(const struct record_view *v);

/* Appends one line with its "\n"; there is no other one in it. */
void line_write(
    struct line_format *f, const struct record_view *v, struct text *out);

/* One of its texts as a line shows it, of what only lists show (queries)
 * nothing; until the next one is asked for. */
struct slice line_shown(
    struct line_format *f, const struct record_view *v, enum record_text t);

#endif

/*
 * svg.h - gnuplot's SVG made into an element of a page.
 */
#ifndef PW_PLOTS_SVG_H
#define PW_PLOTS_SVG_H

#include "base/status.h"

/*
 * Rewrite a picture so that several fit into one page and take its colours:
 * no prolog, no ids (gnuplot uses the same in every picture) and nothing that
 * refers to one, no titles of gnuplot's own; text and lines in currentColor.
 * @title, which is ours, becomes the label for screen readers.
 *
 * Owns:   *element is the caller's; free it with free. NULL on failure.
 * Errors: PW_ERR_SYSTEM no memory, or the picture holds what a drawing of
 *         ours does not: a script, a link, a foreign object.
 */
enum pw_status pw_svg_inline(const char *picture, const char *title,
			     char **element,
			     struct pw_error *err) PW_MUST_CHECK;

#endif

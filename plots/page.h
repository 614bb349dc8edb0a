/*
 * page.h - the frame of an HTML page: its head, its looks and its foot.
 *
 * A page is one file: no script, no request to anywhere (its own policy
 * forbids both), light or dark as the reader's system is, well-formed XML.
 */
#ifndef PW_PLOTS_PAGE_H
#define PW_PLOTS_PAGE_H

#include <stdio.h>

#include "plots/show.h"

/*
 * Write a text from outside: cleaned, and with its markup escaped.
 *
 * Errors: false when there is no memory.
 */
bool pw_page_text(FILE *out, struct pw_show *show,
		  const char *text) PW_MUST_CHECK;

/*
 * Write the name of a counter or key as pw_page_text does; where it is too
 * long for its column it breaks behind a dot or an underscore.
 *
 * Errors: false when there is no memory.
 */
bool pw_page_name(FILE *out, struct pw_show *show,
		  const char *name) PW_MUST_CHECK;

/*
 * Write what comes before the first heading.
 *
 * Errors: false when there is no memory.
 */
bool pw_page_begin(FILE *out, struct pw_show *show,
		   const char *title) PW_MUST_CHECK;

/*
 * Write what comes after the last section.
 */
void pw_page_end(FILE *out);

#endif

/*
 * page_size_base.c - base pages for all.
 *
 * Source: Linux mm/memory.c do_anonymous_page, with transparent huge pages
 *         "never".
 */
#include "replay/memory/page_size.h"

static unsigned wanted_shift(const struct pw_page_size_fault *fault)
{
	(void)fault;
	return 0;
}

const struct pw_page_size_ops pw_page_size_base = {
	.name = "base",
	.summary = "base pages for all",
	.source = "Linux mm/memory.c, transparent huge pages \"never\"",
	.wanted_shift = wanted_shift,
};

/*
 * pagemap_text.h - which page of a process is in which frame, as text.
 */
#ifndef PW_REPLAY_PAGEMAP_TEXT_H
#define PW_REPLAY_PAGEMAP_TEXT_H

#include "replay/views/proc_text.h"

/*
 * Add a line "START-END FRAME WORD..." for each run of pages in the mappings of
 * @space, in following frames and otherwise alike. FRAME is that of the first
 * page, or "-" of pages that are not mapped, but in the page cache. Words:
 * "present"; "zero" the zero page; "file" of the page cache; "exclusive" mapped
 * once in all processes; "cached" in the page cache; "head" and "tail" the
 * first page of a folio of several and one behind it. Pages that are neither
 * mapped nor cached have no line.
 *
 * Errors: text->failed.
 * Source: Linux 6.18 fs/proc/task_mmu.c pte_to_pagemap_entry; mm/mincore.c.
 * Cost:   O(log what was told of files) for a page of a file's mapping, O(1)
 *         for other pages that are present.
 */
void pw_pagemap_text(struct pw_proc_text *text, const struct pw_system *system,
		     const struct pw_space *space);

#endif

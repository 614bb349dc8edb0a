/*
 * enlarge.h - large pages made of small ones.
 */
#ifndef PW_REPLAY_ENLARGE_H
#define PW_REPLAY_ENLARGE_H

#include "replay/memory/system.h"

/*
 * MADV_COLLAPSE of @part, which lies in @mapping: its aligned ranges that a
 * leaf one above the lowest maps, and that have a page other than the zero
 * page, are mapped by one, if the policy ever wants such a page there.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(pages of the part that are there).
 * Source: Linux 6.18 mm/khugepaged.c madvise_collapse, hpage_collapse_scan_pmd.
 */
enum pw_status pw_enlarge(struct pw_system *system, struct pw_space *space,
			  const struct pw_mapping *mapping,
			  struct pw_range part,
			  struct pw_error *err) PW_MUST_CHECK;

#endif

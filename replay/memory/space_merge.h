/*
 * space_merge.h - mappings that come, change and grow, and become one with
 * their neighbours where they do in the kernel.
 */
#ifndef PW_REPLAY_SPACE_MERGE_H
#define PW_REPLAY_SPACE_MERGE_H

#include "base/status.h"
#include "replay/memory/space.h"

/*
 * Make @range, in which nothing is, a mapping, or a part of those beside it.
 * With @below_only it joins only the one that ends where it begins.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/vma.c vma_merge_new_range; just_expand of do_brk_flags.
 */
enum pw_status pw_space_add(struct pw_space *space, struct pw_range range,
			    const struct pw_mapping *mapping, bool below_only,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Make of @range, which lies in one mapping, what @mapping says: the range
 * joins neighbours, or is cut out. @mapping differs from what is there, in
 * other things than anon_vma.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/vma.c vma_modify, vma_merge_existing_range.
 */
enum pw_status pw_space_modify(struct pw_space *space, struct pw_range range,
			       const struct pw_mapping *mapping,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Extend the mapping that ends at @growth.first over @growth, in which nothing
 * is, and the one behind it if they can be one. Nothing happens when there is
 * none.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/vma.c vma_merge_extend.
 */
enum pw_status pw_space_extend(struct pw_space *space, struct pw_range growth,
			       struct pw_error *err) PW_MUST_CHECK;

#endif

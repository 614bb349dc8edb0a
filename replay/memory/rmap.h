/*
 * rmap.h - who maps pages of an object, and what is done to all of them.
 *
 * Source: Linux mm/memory.c unmap_mapping_range, mm/rmap.c folio_mkclean.
 */
#ifndef PW_REPLAY_RMAP_H
#define PW_REPLAY_RMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Unmap pages [first, end) of @object in all processes; with @copies also what
 * private mappings have of their own in these places.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(mappings + entries unmapped).
 */
enum pw_status pw_rmap_drop(struct pw_system *system, uint32_t object,
			    uint64_t first, uint64_t end, bool copies,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Let no entry of a shared mapping allow writes to @pages (uint64_t) of
 * @object, nor say that there were any.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(mappings of all processes + pages * mappings of the object).
 */
enum pw_status pw_rmap_clean(struct pw_system *system, uint32_t object,
			     const struct pw_array *pages,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Write pages [first, end) of @object back: they become clean.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_rmap_write_back(struct pw_system *system, uint32_t object,
				  uint64_t first, uint64_t end,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Let nothing be in memory of what nobody can see again: shared memory whose
 * last mapping went, and files without names that nobody maps or has open.
 *
 * Source: Linux mm/shmem.c shmem_evict_inode, fs/inode.c iput_final.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_rmap_drop_gone(struct pw_system *system,
				 struct pw_error *err) PW_MUST_CHECK;

#endif

/*
 * pwt_list.h - which chunks a trace file has: from its index, or by looking.
 */
#ifndef PW_FORMATS_PWT_LIST_H
#define PW_FORMATS_PWT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/damage.h"
#include "formats/pwt_file.h"

struct pw_pwt_list {
	struct pw_array chunks; /* struct pw_chunk_place, in file order */
	bool ended;		/* END was found and is right: */
	struct pw_totals totals;
	uint64_t segments;
};

#define PW_PWT_LIST                                            \
	{                                                      \
		PW_ARRAY(struct pw_chunk_place), false, {0}, 0 \
	}

/*
 * List the chunks of @file. What is found to be missing goes to @damage.
 *
 * Owns:   the list's memory; free it with pw_pwt_list_free.
 * Errors: PW_ERR_FORMAT a chunk that only a newer pagewalk can read;
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_pwt_list_read(struct pw_pwt_list *list,
				const struct pw_pwt_file *file,
				struct pw_damage *damage,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the list; it is empty afterwards.
 */
void pw_pwt_list_free(struct pw_pwt_list *list);

/*
 * Chunk @index.
 */
const struct pw_chunk_place *pw_pwt_list_at(const struct pw_pwt_list *list,
					    size_t index);

/* ---- between the two ways ---- */

/*
 * Use footer, END and INDEX chunks; *whole is false, and the list empty, when
 * any of them is missing or wrong.
 *
 * Errors: as pw_pwt_list_read.
 */
enum pw_status pw_pwt_list_indexed(struct pw_pwt_list *list,
				   const struct pw_pwt_file *file, bool *whole,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Walk from header to header.
 *
 * Errors: as pw_pwt_list_read.
 */
enum pw_status pw_pwt_list_scan(struct pw_pwt_list *list,
				const struct pw_pwt_file *file,
				struct pw_damage *damage,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the END chunk at @place into @list, if it is right.
 *
 * Errors: PW_ERR_FORMAT it is not; PW_ERR_SYSTEM.
 */
enum pw_status pw_pwt_list_end(struct pw_pwt_list *list,
			       const struct pw_pwt_file *file,
			       const struct pw_chunk_place *place,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the header at @offset; *good is false when there is no valid one.
 *
 * Errors: PW_ERR_FORMAT one that only a newer pagewalk can read.
 */
enum pw_status pw_pwt_place_read(const struct pw_pwt_file *file,
				 uint64_t offset, struct pw_chunk_place *place,
				 bool *good,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * The failure for a chunk that only a newer pagewalk can read.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_pwt_newer(const struct pw_pwt_file *file,
			    const struct pw_chunk_place *place,
			    struct pw_error *err);

#endif

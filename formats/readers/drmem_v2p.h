/*
 * drmem_v2p.h - v2p.textproto: what physical memory backs a trace's pages.
 *
 * Source: DynamoRIO, clients/drcachesim/reader/v2p_reader.h.
 */
#ifndef PW_FORMATS_READERS_DRMEM_V2P_H
#define PW_FORMATS_READERS_DRMEM_V2P_H

#include "base/array.h"
#include "formats/damage.h"
#include "formats/input.h"

struct pw_drmem_page {
	uint64_t address;
	uint64_t bytes;
	uint64_t physical;
};

/*
 * Whether @path is called as such a file.
 */
bool pw_drmem_v2p_named(const char *path);

/*
 * Append the pages that @file lists to @pages, an array of struct
 * pw_drmem_page. Lines that make no sense are left out, and @damage says so.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_drmem_v2p_read(struct pw_array *pages,
				 const struct pw_input_file *file,
				 struct pw_damage *damage,
				 struct pw_error *err) PW_MUST_CHECK;

#endif

/*
 * vmas_tables.h - the memory of simulated processes as tables.
 */
#ifndef PW_REPLAY_VMAS_TABLES_H
#define PW_REPLAY_VMAS_TABLES_H

#include <stdint.h>

#include "base/table.h"
#include "replay/views/snapshot.h"

/* Where and when. */
struct pw_vmas_moment {
	const char *label; /* a mark, "end", or a position as asked for */
	uint64_t accesses; /* replayed until then */
	uint64_t process;  /* its number in the trace: the pid where known */
};

struct pw_vmas_tables {
	struct pw_table *maps; /* for people: the most telling columns */
	struct pw_table *vmas;
	struct pw_table *status;
	struct pw_table *files;
};

/*
 * Add the empty tables to @out.
 *
 * Owns: the document.
 */
void pw_vmas_tables_add(struct pw_tables *out, struct pw_vmas_tables *tables);

/*
 * Add rows for a process in @space.
 */
void pw_vmas_tables_process(const struct pw_vmas_tables *tables,
			    const struct pw_vmas_moment *moment,
			    const struct pw_system *system,
			    const struct pw_space *space);

/*
 * Add rows for the files and shared memory of the machine that are in memory.
 *
 * Cost: that of pw_cache_count for each.
 */
void pw_vmas_tables_files(const struct pw_vmas_tables *tables,
			  const struct pw_vmas_moment *moment,
			  const struct pw_system *system);

#endif

/*
 * start.h - what a process has when its recording begins, besides its
 * mappings: limits, auxiliary vector, personality; and what the page cache
 * holds of the files that it maps.
 *
 * Shared by all engines. An engine calls pw_start_process when a target stands
 * at its first instruction, when it has been attached to, and after exec; and
 * pw_start_mapped_fd when it maps a file later. Nothing here fails a recording:
 * what cannot be known is left out, or said to be unknown.
 */
#ifndef PW_CAPTURE_START_H
#define PW_CAPTURE_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "capture/maps.h"
#include "formats/event.h"

#define PW_START_UNKNOWN UINT64_MAX

/* Bounds for one file, so that large ones cost little. */
#define PW_START_PAGES_MAX (UINT64_C(1) << 22) /* looked at: 16 GiB */
#define PW_START_RUNS_MAX 65536
#define PW_START_FOLIO_PAGES_MAX (UINT64_C(1) << 17) /* or folios */

/* Takes events, in order. The text is good during the call. */
struct pw_start_sink {
	void (*event)(void *state, const struct pw_event *event);
	void *state;
};

/* A file, in whatever process. */
struct pw_start_id {
	uint64_t device;
	uint64_t inode;
};

/* What has been told; one for all processes of a recording. */
struct pw_start {
	struct pw_start_sink sink;
	struct pw_array files; /* struct pw_start_id: told, in any order */
	int frames;	       /* /proc/self/pagemap, or -1 */
	int flags;	       /* /proc/kpageflags, or -1 */
};

/*
 * Begin; nothing has been told. The sink may be changed between calls.
 *
 * Owns: end @start with pw_start_close.
 */
void pw_start_open(struct pw_start *start, struct pw_start_sink sink);

/*
 * Free what @start holds.
 */
void pw_start_close(struct pw_start *start);

/*
 * Whether physical page sizes can be read here; without the rights there are
 * no folio events.
 */
bool pw_start_folios_readable(void);

/*
 * All that is known of @pid: limit, personality and auxv events, and for each
 * file in @maps that has not been told of: a file event, resident events and
 * folio events.
 *
 * An engine whose target has another auxiliary vector than /proc shows calls
 * the parts below instead.
 */
void pw_start_process(struct pw_start *start, pid_t pid,
		      const struct pw_maps *maps);

/*
 * A limit event for each resource limit of @pid, and a personality event.
 */
void pw_start_limits(const struct pw_start *start, pid_t pid);

/*
 * An auxv event for each entry of the auxiliary vector of @pid, or of the
 * @bytes at @vector, up to and without AT_NULL.
 */
void pw_start_auxv(const struct pw_start *start, pid_t pid);
void pw_start_auxv_bytes(const struct pw_start *start, const void *vector,
			 size_t bytes);

/*
 * The files in @maps that have not been told of.
 */
void pw_start_maps(struct pw_start *start, pid_t pid,
		   const struct pw_maps *maps);

/*
 * The file that @map of @pid maps, unless it has been told of.
 */
void pw_start_map(struct pw_start *start, pid_t pid, const struct pw_map *map);

/*
 * The file behind descriptor @fd of @pid, unless it has been told of. Nothing
 * happens for what is no regular file.
 */
void pw_start_mapped_fd(struct pw_start *start, pid_t pid, int fd);

/*
 * The file at @path, called @name in the trace, unless it has been told of;
 * nothing happens for what is no regular file. The file is not read: pages
 * that are absent from the cache stay absent.
 *
 * Events: file, with what the cache holds of it as far as this user may know
 * (PW_START_UNKNOWN for what it may not, or what is not known); its result is
 * 0, or the page from which on nothing is said, since a bound was reached.
 * Then resident for each run of pages in the cache, then folio for each run of
 * pages there in folios of one size above a page, where readable.
 *
 * Source: Linux mm/mincore.c (who may know), Documentation/admin-guide/mm/
 *         pagemap.rst.
 * Cost:   tens of nanoseconds a page of the file; for folios about a
 *         microsecond a resident page.
 */
void pw_start_file(struct pw_start *start, const char *path, const char *name);

#endif

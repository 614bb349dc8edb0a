/*
 * maps.h - the mappings of a process, from /proc/PID/maps.
 */
#ifndef PW_CAPTURE_MAPS_H
#define PW_CAPTURE_MAPS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/status.h"

struct pw_map {
	uint64_t start;
	uint64_t end;
	uint32_t prot;	/* PROT_ bits */
	uint32_t flags; /* MAP_ bits as for mmap, seen from outside */
	uint64_t offset;
	uint64_t device;  /* as makedev makes it; 0 for none */
	uint64_t inode;	  /* 0: no file behind it */
	const char *path; /* a path, "[stack]" and its like, or "" */
};

struct pw_maps {
	struct pw_array list; /* struct pw_map, by start */
	char *text;	      /* what the paths point into */
};

#define PW_MAPS                               \
	{                                     \
		PW_ARRAY(struct pw_map), NULL \
	}

/*
 * Read the mappings of @pid, replacing what @maps held; a process that is gone
 * has none. The vsyscall page is left out: it belongs to no address space.
 *
 * Owns:   the maps; free them with pw_maps_free.
 * Errors: PW_ERR_SYSTEM the file cannot be read or has a line that is no
 *         mapping.
 */
enum pw_status pw_maps_read(struct pw_maps *maps, pid_t pid,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * The same from @text, which is taken over (allocated with malloc).
 *
 * Errors: PW_ERR_SYSTEM; the maps are empty then.
 */
enum pw_status pw_maps_parse(struct pw_maps *maps, char *text,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the maps hold; they are empty afterwards.
 */
void pw_maps_free(struct pw_maps *maps);

/*
 * The mapping that holds @address, or NULL.
 *
 * Owns: the maps; good until they change.
 */
const struct pw_map *pw_maps_find(const struct pw_maps *maps, uint64_t address);

#endif

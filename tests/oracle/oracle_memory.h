/*
 * oracle_memory.h - pages in memory and what mappings map, as plain lists.
 *
 * A page in memory is an item of its own, which knows how many entries of page
 * tables map it; it goes with the last one, unless the cache has it. An object
 * is a list of what became known of its pages; the last word counts.
 *
 * Source: replay/MODEL.md, "Memory" and "Page cache".
 */
#ifndef PW_TESTS_ORACLE_ORACLE_MEMORY_H
#define PW_TESTS_ORACLE_ORACLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A page in memory, of whatever size. */
struct pw_oracle_phys {
	unsigned maps;	/* entries that map it */
	bool cached;	/* of an object */
	bool exclusive; /* no process has shared it */
	bool piece;	/* a part of what was a larger page */
	bool marked;	/* the readahead mark */
	bool dirty;
};

/* What is known of a page of an object. */
struct pw_oracle_known {
	uint64_t index;
	bool there;
	unsigned order;		     /* of its folio */
	struct pw_oracle_phys *phys; /* or NULL: nobody asked for it yet */
};

struct pw_oracle_object {
	bool shmem;
	bool named;
	uint64_t device, inode;
	uint64_t bytes;
	bool listed, told;
	struct pw_oracle_known *known;
	size_t knowns, room;
};

/* All objects, and how a page that nothing is known of is taken. */
struct pw_oracle_objects {
	struct pw_oracle_object **object;
	size_t count, room;
	bool recorded;
	uint64_t percent;
};

/*
 * Free all objects; no entry maps a page of them any more.
 */
void pw_oracle_objects_free(struct pw_oracle_objects *objects);

/*
 * The object of this name, with the size if that is not 0; one is made if there
 * is none. If both are 0, @path tells it: the device is 2^64 - 1 and the inode
 * a hash.
 *
 * Owns: the objects.
 */
struct pw_oracle_object *
pw_oracle_object_named(struct pw_oracle_objects *objects, uint64_t device,
		       uint64_t inode, const char *path, bool shmem,
		       uint64_t bytes);

/*
 * A new object without a name.
 *
 * Owns: the objects.
 */
struct pw_oracle_object *
pw_oracle_object_new(struct pw_oracle_objects *objects);

/*
 * Whether page @index is in the cache.
 */
bool pw_oracle_is_cached(const struct pw_oracle_objects *objects,
			 const struct pw_oracle_object *object, uint64_t index);

/*
 * The page @index in memory; it comes into the cache if it is not there.
 *
 * Owns: the object.
 */
struct pw_oracle_phys *pw_oracle_cached(struct pw_oracle_object *object,
					uint64_t index);

/*
 * A page in memory that is no object's.
 */
struct pw_oracle_phys *pw_oracle_phys_new(void);

/*
 * An entry maps @phys, or does no more, and then it may go. NULL is allowed.
 */
void pw_oracle_phys_map(struct pw_oracle_phys *phys);
void pw_oracle_phys_unmap(struct pw_oracle_phys *phys);

#endif

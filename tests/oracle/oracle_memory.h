/*
 * oracle_memory.h - pages in memory and what mappings map, as plain lists.
 *
 * A page in memory is an item of its own, which knows how many entries of page
 * tables map it; it goes with the last one, unless the cache has it. An object
 * is a list of what was said of its pages; the last word counts.
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
	unsigned held;	/* by what waits for something */
	bool cached;	/* of an object */
	bool exclusive; /* no process has shared it */
	bool piece;	/* a part of what was a larger page */
	bool dirty;
	bool lazy;    /* MADV_FREE gave it up */
	bool counted; /* by who counts pages in memory */
};

#define PW_ORACLE_HOLDERS 8 /* processes */

/* What may be said of pages of an object. */
enum pw_oracle_saying {
	PW_ORACLE_THERE,   /* 1: told to be; 2: taken to be */
	PW_ORACLE_ORDER,   /* of the folio */
	PW_ORACLE_DIRTY,   /* as long as it is nowhere in memory */
	PW_ORACLE_MARK,	   /* the readahead mark */
	PW_ORACLE_NOTHING, /* all that was said before is forgotten */
};

/* Something said of pages [first, end); what is said last counts. */
struct pw_oracle_said {
	enum pw_oracle_saying what;
	uint64_t first, end, value;
};

/* A page of an object that somebody asked for. */
struct pw_oracle_held {
	uint64_t index;
	struct pw_oracle_phys *phys;
};

struct pw_oracle_object {
	bool shmem;
	bool named;
	bool segment; /* of shmget: stays when nobody maps it */
	uint64_t device, inode;
	uint64_t bytes, read_ahead;
	uint64_t memory_bytes; /* of anonymous memory, that it was made with */
	bool emptied; /* by a truncation, so that no bytes are no page */
	bool listed;
	bool unnamed;			/* it has no names */
	bool holder[PW_ORACLE_HOLDERS]; /* processes that have it open */
	struct pw_oracle_said *said;
	size_t saids, said_room;
	struct pw_oracle_held *held;
	size_t helds, held_room;
	uint64_t changes; /* of what is held */
	/* Pages in memory or told to be there, when it was last counted. */
	uint64_t counted, counted_saids, counted_changes;
	uint64_t mark[512]; /* pages that had it when all was forgotten */
	size_t marks;
	uint64_t *dirty; /* its dirty pages, in no order */
	size_t dirties, dirty_room;
	uint64_t turn, dirtied_at; /* when the first of them became so */
};

/* All objects, and how a page that nothing is known of is taken. */
struct pw_oracle_objects {
	struct pw_oracle_object **object;
	size_t count, room;
	bool recorded;
	uint64_t percent;
	uint64_t end;		 /* one past the last page of an object */
	uint64_t now;		 /* ns, at the last event */
	uint64_t interval, wake; /* of the flusher; wake 0: it does not */
	uint64_t turns;
	uint64_t dirtied; /* pages of files, since the start */
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
 * Say something of pages [first, end).
 */
void pw_oracle_say(struct pw_oracle_object *object, enum pw_oracle_saying what,
		   uint64_t first, uint64_t end, uint64_t value);

/*
 * What is so of page @index; by default 0, and THERE as pages are taken of
 * which nothing is known.
 */
uint64_t pw_oracle_ask(const struct pw_oracle_objects *objects,
		       const struct pw_oracle_object *object,
		       enum pw_oracle_saying what, uint64_t index);

/*
 * The first page of the folio of @index, and one past its last.
 */
uint64_t pw_oracle_head(const struct pw_oracle_objects *objects,
			const struct pw_oracle_object *object, uint64_t index);
uint64_t pw_oracle_tail(const struct pw_oracle_objects *objects,
			const struct pw_oracle_object *object, uint64_t index);

/*
 * The page @index in memory, or NULL if nobody asked for it.
 *
 * Owns: the object.
 */
struct pw_oracle_phys *pw_oracle_held_at(const struct pw_oracle_object *object,
					 uint64_t index);

/*
 * The same; it comes into the cache if it is not there.
 */
struct pw_oracle_phys *pw_oracle_cached(const struct pw_oracle_objects *objects,
					struct pw_oracle_object *object,
					uint64_t index);

/*
 * Let pages [first, end) come into the cache, as folios of 2^order.
 */
void pw_oracle_bring(struct pw_oracle_objects *objects,
		     struct pw_oracle_object *object, uint64_t first,
		     uint64_t end, unsigned order, bool dirty);

/*
 * Pages of @object that take memory: somebody asked for them, or it was told
 * that they are there.
 */
uint64_t pw_oracle_taken(struct pw_oracle_object *object);

/*
 * Let pages [first, end) be in memory as an event tells, in folios of this
 * order; what is dirty stays so.
 */
void pw_oracle_tell(struct pw_oracle_objects *objects,
		    struct pw_oracle_object *object, uint64_t first,
		    uint64_t end, unsigned order);

/*
 * Let the folio of page @index be dirty.
 */
void pw_oracle_soil(struct pw_oracle_objects *objects,
		    struct pw_oracle_object *object, uint64_t index);

/*
 * Bring the list of dirty pages of @object up to date for pages [first, end),
 * of which with @more some may be new.
 */
void pw_oracle_list_dirty(struct pw_oracle_objects *objects,
			  struct pw_oracle_object *object, uint64_t first,
			  uint64_t end, bool more);

/*
 * Take pages [first, end) out of the cache; with @unused only folios that are
 * clean and that nobody maps.
 */
void pw_oracle_take_out(struct pw_oracle_objects *objects,
			struct pw_oracle_object *object, uint64_t first,
			uint64_t end, bool unused);

/*
 * A page in memory that is no object's.
 */
struct pw_oracle_phys *pw_oracle_phys_new(void);

/*
 * An entry maps @phys, or does no more, and then it may go. NULL is allowed.
 */
void pw_oracle_phys_map(struct pw_oracle_phys *phys);
void pw_oracle_phys_unmap(struct pw_oracle_phys *phys);

/*
 * Nothing holds @phys any more, and it may go.
 */
void pw_oracle_phys_release(struct pw_oracle_phys *phys);

#endif

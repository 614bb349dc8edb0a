/*
 * walk.h - steps through a document, knowing which groups are open.
 */
#ifndef PW_PLOTS_WALK_H
#define PW_PLOTS_WALK_H

#include "base/table.h"

#define PW_WALK_DEPTH 8

struct pw_walk {
	const struct pw_item *item;
	size_t count;
	size_t next;				   /* the item after this one */
	size_t depth;				   /* of open groups */
	const struct pw_item *open[PW_WALK_DEPTH]; /* outermost first */
};

/*
 * Stand before the first item.
 *
 * Owns: the walk points into the document.
 */
void pw_walk_start(struct pw_walk *walk, const struct pw_tables *tables);

/*
 * The next item, or NULL at the end. A group counts as open from its own item
 * on and is closed when its end has been returned.
 */
const struct pw_item *pw_walk_next(struct pw_walk *walk);

/*
 * Index after the end of the group that begins at item @index.
 */
size_t pw_walk_skip(const struct pw_item *item, size_t count, size_t index);

#endif

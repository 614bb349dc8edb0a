/*
 * walk.c - steps through a document, knowing which groups are open.
 */
#include "plots/walk.h"

#include "base/assert.h"

void pw_walk_start(struct pw_walk *walk, const struct pw_tables *tables)
{
	*walk = (struct pw_walk){0};
	walk->item = pw_tables_items(tables, &walk->count);
	PW_ASSERT(walk->item || walk->count == 0);
}

const struct pw_item *pw_walk_next(struct pw_walk *walk)
{
	const struct pw_item *item;

	PW_ASSERT(walk->next <= walk->count && walk->depth <= PW_WALK_DEPTH);
	if (walk->next == walk->count) {
		PW_ASSERT(walk->depth == 0);
		return NULL;
	}
	item = &walk->item[walk->next++];
	if (item->kind == PW_ITEM_GROUP) {
		PW_ASSERT(walk->depth < PW_WALK_DEPTH);
		walk->open[walk->depth++] = item;
	} else if (item->kind == PW_ITEM_GROUP_END) {
		PW_ASSERT(walk->depth > 0);
		walk->depth--;
	}
	return item;
}

size_t pw_walk_skip(const struct pw_item *item, size_t count, size_t index)
{
	size_t depth = 0;

	PW_ASSERT(index < count && item[index].kind == PW_ITEM_GROUP);
	for (; index < count; index++) {
		if (item[index].kind == PW_ITEM_GROUP)
			depth++;
		else if (item[index].kind == PW_ITEM_GROUP_END && --depth == 0)
			return index + 1;
	}
	PW_ASSERT(false && "a group has its end");
	return count;
}

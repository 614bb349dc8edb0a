/*
 * table_node.c - one table of a page table, in little memory.
 *
 * A list is a head, then its indices in order, then their values. An array is
 * a head, a count, then the values. Both are items of a slab.
 *
 * Source: Leis, Kemper, Neumann, "The Adaptive Radix Tree", ICDE 2013, for
 *         tables that change their form with their entries.
 */
#include "replay/memory/table_node.h"

#include "base/assert.h"

#include <string.h>

#define LIST_CLASSES 12
#define LIST_BYTES(class) ((size_t)16 << (class))
#define VALUE_BYTES sizeof(uint64_t)
#define ARRAY_CLASS 15 /* in a head */
#define ARRAY_OFFSET 8
#define LINE 8u /* entries in 64 bytes */
#define COUNT_BITS 12

_Static_assert(LIST_BYTES(LIST_CLASSES - 1) / VALUE_BYTES <= 1 << COUNT_BITS,
	       "the entries of a list are counted in its head");

/* An item of the slab, as what it is made of. */
struct head {
	uint16_t form;	/* class << COUNT_BITS | entries of a list */
	uint16_t first; /* index of a list */
	uint32_t used;	/* entries of an array */
};

/* A list taken apart. */
struct list {
	unsigned class;
	unsigned used;
	unsigned room;
	uint16_t *index;
	uint64_t *value;
};

static size_t array_bytes(const struct pw_node_kind *kind)
{
	return ARRAY_OFFSET + (VALUE_BYTES << kind->bits);
}

/* A list as large as half an array becomes an array when it is full. */
static bool is_last_list(const struct pw_node_kind *kind, unsigned class)
{
	return class + 1 == LIST_CLASSES ||
	       2 * LIST_BYTES(class + 1) > array_bytes(kind);
}

static bool is_array(const struct head *head)
{
	return head->form >> COUNT_BITS == ARRAY_CLASS;
}

/* Items of a slab are as aligned as their values need. */
static uint64_t *array_of(struct head *head)
{
	return (uint64_t *)(void *)head + ARRAY_OFFSET / VALUE_BYTES;
}

static struct list take_apart(struct head *head)
{
	unsigned class = head->form >> COUNT_BITS;
	size_t room = (LIST_BYTES(class) - 2) / (2 + VALUE_BYTES);
	size_t offset = (2 + 2 * room + VALUE_BYTES - 1) / VALUE_BYTES;

	PW_DEBUG_ASSERT(class < LIST_CLASSES);
	PW_DEBUG_ASSERT((offset + room) * VALUE_BYTES <= LIST_BYTES(class));
	return (struct list){
		.class = class,
		.used = head->form & ((1 << COUNT_BITS) - 1),
		.room = (unsigned)room,
		.index = &head->first,
		.value = (uint64_t *)(void *)head + offset,
	};
}

/* The place of the first index of @list that is not below @index. */
static unsigned search(const struct list *list, unsigned index)
{
	unsigned low = 0;
	unsigned high = list->used;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (list->index[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t pw_node_get(const struct pw_slab *slab, uint32_t node, unsigned index)
{
	struct head *head = pw_slab_at(slab, node);
	struct list list;
	unsigned at;

	if (is_array(head))
		return array_of(head)[index];
	list = take_apart(head);
	at = search(&list, index);
	if (at == list.used || list.index[at] != index)
		return 0;
	return list.value[at];
}

static bool next_in_array(const struct pw_node_kind *kind,
			  const uint64_t *values, unsigned *index,
			  uint64_t *value)
{
	unsigned end = 1U << kind->bits;

	for (unsigned i = *index; i < end; i++) {
		*value = values[i];
		if (*value) {
			*index = i;
			return true;
		}
	}
	return false;
}

bool pw_node_next(const struct pw_slab *slab, const struct pw_node_kind *kind,
		  uint32_t node, unsigned *index, uint64_t *value)
{
	struct head *head = pw_slab_at(slab, node);
	struct list list;
	unsigned at;

	if (is_array(head))
		return next_in_array(kind, array_of(head), index, value);
	list = take_apart(head);
	at = search(&list, *index);
	if (at == list.used)
		return false;
	*index = list.index[at];
	*value = list.value[at];
	return true;
}

static uint32_t make_array(struct pw_slab *slab,
			   const struct pw_node_kind *kind)
{
	uint32_t node = pw_slab_take(slab, kind->full_class, array_bytes(kind));
	struct head *head;

	PW_ASSERT(kind->full_class >= LIST_CLASSES);
	if (node) {
		head = pw_slab_at(slab, node);
		head->form = ARRAY_CLASS << COUNT_BITS;
	}
	return node;
}

static uint32_t make_list(struct pw_slab *slab, unsigned class)
{
	uint32_t node = pw_slab_take(slab, class, LIST_BYTES(class));
	struct head *head;

	if (node) {
		head = pw_slab_at(slab, node);
		head->form = (uint16_t)(class << COUNT_BITS);
	}
	return node;
}

/* Put @value in at place @at of the list at @head, which has room. */
static void put_in(struct head *head, unsigned at, unsigned index,
		   uint64_t value)
{
	struct list list = take_apart(head);
	size_t behind = list.used - at;

	PW_DEBUG_ASSERT(at <= list.used && list.used < list.room);
	memmove(&list.index[at + 1], &list.index[at],
		behind * sizeof(*list.index));
	memmove(&list.value[at + 1], &list.value[at],
		behind * sizeof(*list.value));
	list.index[at] = (uint16_t)index;
	list.value[at] = value;
	head->form++;
}

/* A larger copy of a full list. */
static uint32_t grow(struct pw_slab *slab, const struct pw_node_kind *kind,
		     uint32_t node)
{
	struct list old = take_apart(pw_slab_at(slab, node));
	bool last = is_last_list(kind, old.class);
	uint32_t bigger =
		last ? make_array(slab, kind) : make_list(slab, old.class + 1);
	struct head *head;

	if (!bigger)
		return 0;
	head = pw_slab_at(slab, bigger);
	if (last) {
		for (unsigned i = 0; i < old.used; i++)
			array_of(head)[old.index[i]] = old.value[i];
		head->used = old.used;
	} else {
		struct list fresh = take_apart(head);

		memcpy(fresh.index, old.index, old.used * sizeof(*old.index));
		memcpy(fresh.value, old.value, old.used * sizeof(*old.value));
		head->form = (uint16_t)(head->form + old.used);
	}
	pw_slab_give(slab, old.class, node);
	return bigger;
}

static void set_in_array(struct head *head, unsigned index, uint64_t value)
{
	uint64_t *values = array_of(head);

	head->used += values[index] == 0;
	values[index] = value;
}

bool pw_node_set(struct pw_slab *slab, const struct pw_node_kind *kind,
		 uint32_t *node, unsigned index, uint64_t value)
{
	struct head *head;
	struct list list;
	unsigned at;

	PW_DEBUG_ASSERT(value && index >> kind->bits == 0);
	if (*node == 0)
		*node = make_list(slab, 0);
	if (*node == 0)
		return false;
	head = pw_slab_at(slab, *node);
	if (!is_array(head)) {
		list = take_apart(head);
		at = search(&list, index);
		if (at < list.used && list.index[at] == index) {
			list.value[at] = value;
			return true;
		}
		if (list.used < list.room) {
			put_in(head, at, index, value);
			return true;
		}
	}
	if (!is_array(head)) {
		uint32_t bigger = grow(slab, kind, *node);

		if (!bigger)
			return false;
		*node = bigger;
		head = pw_slab_at(slab, bigger);
		if (!is_array(head)) {
			put_in(head, at, index, value);
			return true;
		}
	}
	set_in_array(head, index, value);
	return true;
}

static bool line_in_array(const struct pw_node_kind *kind,
			  const uint64_t *values, unsigned index)
{
	unsigned at = index & ~(LINE - 1);
	unsigned end = at + LINE;
	uint64_t any = 0;

	if (end > 1U << kind->bits)
		end = 1U << kind->bits;
	for (; at < end; at++)
		any |= values[at];
	return any != 0;
}

bool pw_node_line_used(const struct pw_slab *slab,
		       const struct pw_node_kind *kind, uint32_t node,
		       unsigned index)
{
	struct head *head = pw_slab_at(slab, node);
	struct list list;
	unsigned at;

	if (is_array(head))
		return line_in_array(kind, array_of(head), index);
	list = take_apart(head);
	at = search(&list, index & ~(LINE - 1));
	return at < list.used && list.index[at] / LINE == index / LINE;
}

bool pw_node_replace(const struct pw_slab *slab,
		     const struct pw_node_kind *kind, uint32_t node,
		     unsigned index, uint64_t value,
		     struct pw_node_before *before)
{
	struct head *head = pw_slab_at(slab, node);

	PW_DEBUG_ASSERT(value && index >> kind->bits == 0);
	if (!is_array(head))
		return false;
	before->value = array_of(head)[index];
	before->line_used = line_in_array(kind, array_of(head), index);
	set_in_array(head, index, value);
	return true;
}

void pw_node_clear(struct pw_slab *slab, const struct pw_node_kind *kind,
		   uint32_t *node, unsigned index)
{
	struct head *head = pw_slab_at(slab, *node);
	struct list list;
	unsigned at;

	if (is_array(head)) {
		PW_ASSERT(array_of(head)[index]);
		array_of(head)[index] = 0;
		if (--head->used == 0) {
			pw_slab_give(slab, kind->full_class, *node);
			*node = 0;
		}
		return;
	}
	list = take_apart(head);
	at = search(&list, index);
	PW_ASSERT(at < list.used && list.index[at] == index);
	memmove(&list.index[at], &list.index[at + 1],
		(list.used - at - 1) * sizeof(*list.index));
	memmove(&list.value[at], &list.value[at + 1],
		(list.used - at - 1) * sizeof(*list.value));
	head->form--;
	if (list.used == 1) {
		pw_slab_give(slab, list.class, *node);
		*node = 0;
	}
}

uint32_t pw_node_fill(struct pw_slab *slab, const struct pw_node_kind *kind,
		      uint64_t value)
{
	uint32_t node = make_array(slab, kind);
	struct head *head;

	PW_ASSERT(value);
	if (!node)
		return 0;
	head = pw_slab_at(slab, node);
	head->used = 1U << kind->bits;
	for (unsigned i = 0; i < head->used; i++)
		array_of(head)[i] = value;
	return node;
}

uint64_t *pw_node_array(const struct pw_slab *slab, uint32_t node)
{
	struct head *head = pw_slab_at(slab, node);

	return is_array(head) ? array_of(head) : NULL;
}

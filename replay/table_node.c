/*
 * table_node.c - one table of a page table, in little memory.
 *
 * A list is a head, then its indices in order, then their values. An array is
 * a head, a count, then the values. Both are items of a slab.
 *
 * Source: Leis, Kemper, Neumann, "The Adaptive Radix Tree", ICDE 2013, for
 *         tables that change their form with their entries.
 */
#include "replay/table_node.h"

#include "base/assert.h"

#include <string.h>

#define LIST_CLASSES 12
#define LIST_BYTES(class) ((size_t)8 << (class))
#define ARRAY_CLASS 15 /* in a head */
#define ARRAY_OFFSET 8
#define COUNT_BITS 12

_Static_assert(LIST_BYTES(LIST_CLASSES - 1) / 6 < 1 << COUNT_BITS,
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
	void *value;
};

static size_t array_bytes(const struct pw_node_kind *kind)
{
	return ARRAY_OFFSET + ((size_t)kind->wide_bytes << kind->bits);
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

static void *array_of(struct head *head)
{
	return (uint8_t *)head + ARRAY_OFFSET;
}

static struct list take_apart(const struct pw_node_kind *kind,
			      struct head *head)
{
	unsigned class = head->form >> COUNT_BITS;
	size_t wide = kind->wide_bytes;
	size_t room = (LIST_BYTES(class) - 2) / (2 + wide);
	size_t offset = (2 + 2 * room + wide - 1) / wide * wide;

	PW_DEBUG_ASSERT(class < LIST_CLASSES);
	PW_DEBUG_ASSERT(offset + wide * room <= LIST_BYTES(class));
	return (struct list){
		.class = class,
		.used = head->form & ((1 << COUNT_BITS) - 1),
		.room = (unsigned)room,
		.index = &head->first,
		.value = (uint8_t *)head + offset,
	};
}

static uint32_t load(const struct pw_node_kind *kind, const void *values,
		     unsigned at)
{
	if (kind->wide_bytes == 1)
		return ((const uint8_t *)values)[at];
	return ((const uint32_t *)values)[at];
}

static void store(const struct pw_node_kind *kind, void *values, unsigned at,
		  uint32_t value)
{
	if (kind->wide_bytes == 1)
		((uint8_t *)values)[at] = (uint8_t)value;
	else
		((uint32_t *)values)[at] = value;
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

uint32_t pw_node_get(const struct pw_slab *slab,
		     const struct pw_node_kind *kind, uint32_t node,
		     unsigned index)
{
	struct head *head = pw_slab_at(slab, node);
	struct list list;
	unsigned at;

	PW_DEBUG_ASSERT(index >> kind->bits == 0);
	if (is_array(head))
		return load(kind, array_of(head), index);
	list = take_apart(kind, head);
	at = search(&list, index);
	if (at == list.used || list.index[at] != index)
		return 0;
	return load(kind, list.value, at);
}

static bool next_in_array(const struct pw_node_kind *kind, const void *values,
			  unsigned *index, uint32_t *value)
{
	unsigned end = 1U << kind->bits;

	for (unsigned i = *index; i < end; i++) {
		*value = load(kind, values, i);
		if (*value) {
			*index = i;
			return true;
		}
	}
	return false;
}

bool pw_node_next(const struct pw_slab *slab, const struct pw_node_kind *kind,
		  uint32_t node, unsigned *index, uint32_t *value)
{
	struct head *head = pw_slab_at(slab, node);
	struct list list;
	unsigned at;

	if (is_array(head))
		return next_in_array(kind, array_of(head), index, value);
	list = take_apart(kind, head);
	at = search(&list, *index);
	if (at == list.used)
		return false;
	*index = list.index[at];
	*value = load(kind, list.value, at);
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

/* Put @value in at place @at of @list, which has room. */
static void put_in(const struct pw_node_kind *kind, struct head *head,
		   unsigned at, unsigned index, uint32_t value)
{
	struct list list = take_apart(kind, head);
	size_t wide = kind->wide_bytes;
	uint8_t *values = list.value;
	size_t behind = list.used - at;

	PW_DEBUG_ASSERT(at <= list.used && list.used < list.room);
	memmove(&list.index[at + 1], &list.index[at],
		behind * sizeof(*list.index));
	memmove(values + (at + 1) * wide, values + at * wide, behind * wide);
	list.index[at] = (uint16_t)index;
	store(kind, values, at, value);
	head->form++;
}

/* A larger copy of a full list. */
static uint32_t grow(struct pw_slab *slab, const struct pw_node_kind *kind,
		     uint32_t node)
{
	struct list old = take_apart(kind, pw_slab_at(slab, node));
	bool last = is_last_list(kind, old.class);
	uint32_t bigger =
		last ? make_array(slab, kind) : make_list(slab, old.class + 1);
	struct head *head;

	if (!bigger)
		return 0;
	head = pw_slab_at(slab, bigger);
	if (last) {
		for (unsigned i = 0; i < old.used; i++)
			store(kind, array_of(head), old.index[i],
			      load(kind, old.value, i));
		head->used = old.used;
	} else {
		struct list fresh = take_apart(kind, head);

		memcpy(fresh.index, old.index, old.used * sizeof(*old.index));
		memcpy(fresh.value, old.value,
		       (size_t)old.used * kind->wide_bytes);
		head->form = (uint16_t)(head->form + old.used);
	}
	pw_slab_give(slab, old.class, node);
	return bigger;
}

static void set_in_array(const struct pw_node_kind *kind, struct head *head,
			 unsigned index, uint32_t value)
{
	head->used += load(kind, array_of(head), index) == 0;
	store(kind, array_of(head), index, value);
	PW_DEBUG_ASSERT(head->used <= 1U << kind->bits);
}

bool pw_node_set(struct pw_slab *slab, const struct pw_node_kind *kind,
		 uint32_t *node, unsigned index, uint32_t value)
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
		list = take_apart(kind, head);
		at = search(&list, index);
		if (at < list.used && list.index[at] == index) {
			store(kind, list.value, at, value);
			return true;
		}
		if (list.used < list.room) {
			put_in(kind, head, at, index, value);
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
			put_in(kind, head, at, index, value);
			return true;
		}
	}
	set_in_array(kind, head, index, value);
	return true;
}

void pw_node_clear(struct pw_slab *slab, const struct pw_node_kind *kind,
		   uint32_t *node, unsigned index)
{
	struct head *head = pw_slab_at(slab, *node);
	size_t wide = kind->wide_bytes;
	struct list list;
	uint8_t *values;
	unsigned at;

	if (is_array(head)) {
		PW_ASSERT(load(kind, array_of(head), index));
		store(kind, array_of(head), index, 0);
		if (--head->used == 0) {
			pw_slab_give(slab, kind->full_class, *node);
			*node = 0;
		}
		return;
	}
	list = take_apart(kind, head);
	at = search(&list, index);
	PW_ASSERT(at < list.used && list.index[at] == index);
	values = list.value;
	memmove(&list.index[at], &list.index[at + 1],
		(list.used - at - 1) * sizeof(*list.index));
	memmove(values + at * wide, values + (at + 1) * wide,
		(list.used - at - 1) * wide);
	head->form--;
	if (list.used == 1) {
		pw_slab_give(slab, list.class, *node);
		*node = 0;
	}
}

uint32_t pw_node_fill(struct pw_slab *slab, const struct pw_node_kind *kind,
		      uint32_t value)
{
	uint32_t node = make_array(slab, kind);
	struct head *head;

	PW_ASSERT(value);
	if (!node)
		return 0;
	head = pw_slab_at(slab, node);
	head->used = 1U << kind->bits;
	for (unsigned i = 0; i < head->used; i++)
		store(kind, array_of(head), i, value);
	return node;
}

uint8_t *pw_node_array(const struct pw_slab *slab, uint32_t node)
{
	struct head *head = pw_slab_at(slab, node);

	return is_array(head) ? array_of(head) : NULL;
}

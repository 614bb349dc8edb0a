/*
 * newest_first.h - keys in the order of their use, as a list that is searched:
 * the twin of sets that keep an order.
 */
#ifndef PW_TESTS_SUPPORT_NEWEST_FIRST_H
#define PW_TESTS_SUPPORT_NEWEST_FIRST_H

#include <stddef.h>
#include <stdint.h>

#define LIST_WAYS 16

struct list {
	size_t ways;
	size_t count;
	uint64_t key[LIST_WAYS];
};

static inline size_t place_of(const struct list *list, uint64_t key)
{
	size_t i = 0;

	while (i < list->count && list->key[i] != key)
		i++;
	return i;
}

static inline void take_out(struct list *list, size_t place)
{
	for (list->count--; place < list->count; place++)
		list->key[place] = list->key[place + 1];
}

static inline void put_first(struct list *list, uint64_t key)
{
	for (size_t i = list->count++; i > 0; i--)
		list->key[i] = list->key[i - 1];
	list->key[0] = key;
}

/* Take out what lies in the @count keys from @first on. */
static inline void take_out_range(struct list *list, uint64_t first,
				  uint64_t count)
{
	for (size_t i = list->count; i-- > 0;)
		if (list->key[i] >= first && list->key[i] - first < count)
			take_out(list, i);
}

#endif

/*
 * backing.c - what mappings are of, by number.
 */
#include "replay/backing.h"

#include "base/assert.h"
#include "base/bits.h"

void pw_backings_init(struct pw_backings *backings, struct pw_arena *arena)
{
	*backings = (struct pw_backings){
		.arena = arena,
		.list = PW_ARRAY(struct pw_backing),
	};
	pw_name_table_init(&backings->keys);
}

void pw_backings_free(struct pw_backings *backings)
{
	pw_name_table_free(&backings->keys);
	pw_array_free(&backings->list);
}

/* The number of the bytes that tell it from others. */
static enum pw_status find_key(struct pw_backings *backings,
			       const struct pw_backing *backing,
			       const char *name, uint64_t *number,
			       struct pw_error *err)
{
	uint64_t word[4] = {backing->kind, backing->device, backing->inode,
			    backing->handle};
	bool named = backing->kind != PW_BACKING_FILE || backing->inode == 0;
	const char *text = named ? name : "";
	size_t length = strlen(text);
	char *key = malloc(sizeof(word) + length + 1);
	enum pw_status st;

	if (!key)
		return pw_fail_memory(err, "the name of a mapping");
	if (backing->kind == PW_BACKING_SHARED)
		word[3] = backings->shared++;
	memcpy(key, word, sizeof(word));
	memcpy(key + sizeof(word), text, length + 1);
	st = pw_name_table_number(&backings->keys, key, sizeof(word) + length,
				  number, err);
	free(key);
	return st;
}

static struct pw_backing *at(const struct pw_backings *backings,
			     uint32_t number)
{
	PW_ASSERT(number > 0 && number <= backings->list.count);
	return &PW_ARRAY_AT(&backings->list, struct pw_backing, number - 1);
}

/* What is heard of a known thing later: another path, and rights. */
static enum pw_status update(struct pw_backings *backings, uint32_t number,
			     const struct pw_backing *heard,
			     struct pw_error *err)
{
	struct pw_backing *known = at(backings, number);
	const char *name;

	known->writable |= heard->writable;
	if (!heard->name || !heard->name[0] ||
	    strcmp(heard->name, known->name) == 0)
		return PW_OK;
	name = pw_arena_copy(backings->arena, heard->name);
	if (!name)
		return pw_fail_memory(err, "the name of a mapping");
	known->name = name;
	return PW_OK;
}

enum pw_status pw_backings_number(struct pw_backings *backings,
				  const struct pw_backing *backing,
				  uint32_t *number, struct pw_error *err)
{
	const char *name = backing->name ? backing->name : "";
	struct pw_backing copy = *backing;
	uint64_t found = 0;
	enum pw_status st = find_key(backings, backing, name, &found, err);

	if (st != PW_OK)
		return st;
	PW_ASSERT(found > 0 && found <= backings->list.count + 1);
	*number = (uint32_t)found;
	if (found <= backings->list.count)
		return update(backings, (uint32_t)found, backing, err);
	copy.name = pw_arena_copy(backings->arena, name);
	if (!copy.name)
		return pw_fail_memory(err, "the name of a mapping");
	copy.charged_pages = copy.mapped_pages = 0;
	copy.gone = false;
	return pw_array_push(&backings->list, &copy, err);
}

const struct pw_backing *pw_backings_at(const struct pw_backings *backings,
					uint32_t number)
{
	return number ? at(backings, number) : NULL;
}

void pw_backings_charge(struct pw_backings *backings, uint32_t number,
			uint64_t pages)
{
	struct pw_backing *backing = at(backings, number);

	PW_ASSERT(backing->kind == PW_BACKING_SHARED ||
		  backing->kind == PW_BACKING_SEGMENT);
	if (backing->charged_pages)
		return;
	backing->charged_pages = pages;
	backings->committed_pages += pages;
}

void pw_backings_map(struct pw_backings *backings, uint32_t number,
		     uint64_t pages, bool gone)
{
	struct pw_backing *backing;

	if (number == 0)
		return;
	backing = at(backings, number);
	if (!gone) {
		backing->mapped_pages += pages;
		return;
	}
	PW_ASSERT(backing->mapped_pages >= pages);
	backing->mapped_pages -= pages;
	if (backing->mapped_pages > 0 || backing->kind == PW_BACKING_SEGMENT)
		return;
	PW_ASSERT(backings->committed_pages >= backing->charged_pages);
	backings->committed_pages -= backing->charged_pages;
	backing->charged_pages = 0;
	if (!backing->object || backing->gone)
		return;
	backing->gone = true;
	backing->next_gone = backings->first_gone;
	backings->first_gone = number;
}

bool pw_backings_take_gone(struct pw_backings *backings, uint32_t *object)
{
	while (backings->first_gone) {
		struct pw_backing *backing = at(backings, backings->first_gone);

		PW_ASSERT(backing->gone && backing->object);
		backings->first_gone = backing->next_gone;
		backing->gone = false;
		*object = backing->object;
		/* A call may have moved it. */
		if (backing->mapped_pages == 0)
			return true;
	}
	return false;
}

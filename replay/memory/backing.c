/*
 * backing.c - what mappings are of, by number.
 */
#include "replay/memory/backing.h"

#include "base/assert.h"
#include "base/bits.h"

void pw_backings_init(struct pw_backings *backings, struct pw_arena *arena)
{
	*backings = (struct pw_backings){
		.arena = arena,
		.list = PW_ARRAY(struct pw_backing),
		.mapped = PW_ARRAY(struct pw_mapped),
	};
	pw_name_table_init(&backings->keys);
}

void pw_backings_free(struct pw_backings *backings)
{
	pw_name_table_free(&backings->keys);
	pw_array_free(&backings->list);
	pw_array_free(&backings->mapped);
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

void pw_backings_discharge(struct pw_backings *backings, uint32_t number)
{
	struct pw_backing *backing = at(backings, number);

	PW_ASSERT(backings->committed_pages >= backing->charged_pages);
	backings->committed_pages -= backing->charged_pages;
	backing->charged_pages = 0;
}

static struct pw_mapped *mapped_at(const struct pw_backings *backings,
				   uint32_t object)
{
	return &PW_ARRAY_AT(&backings->mapped, struct pw_mapped, object);
}

enum pw_status pw_backings_expect(struct pw_backings *backings, uint32_t object,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (backings->mapped.count <= object && st == PW_OK)
		st = pw_array_push(&backings->mapped, NULL, err);
	return st;
}

uint64_t pw_backings_mapped(const struct pw_backings *backings, uint32_t object)
{
	return object < backings->mapped.count
		       ? mapped_at(backings, object)->pages
		       : 0;
}

static void map_object(struct pw_backings *backings, uint32_t object,
		       uint64_t pages, bool gone)
{
	struct pw_mapped *mapped = mapped_at(backings, object);

	PW_ASSERT(!gone || mapped->pages >= pages);
	mapped->pages += gone ? 0 - pages : pages;
	if (mapped->pages > 0 || mapped->gone)
		return;
	mapped->gone = true;
	mapped->next_gone = backings->first_gone;
	backings->first_gone = object;
}

void pw_backings_map(struct pw_backings *backings,
		     const struct pw_mapping *mapping, uint64_t pages,
		     bool gone)
{
	struct pw_backing *backing;

	if (mapping->object)
		map_object(backings, mapping->object, pages, gone);
	if (!mapping->backing)
		return;
	backing = at(backings, mapping->backing);
	if (!gone) {
		backing->mapped_pages += pages;
		return;
	}
	PW_ASSERT(backing->mapped_pages >= pages);
	backing->mapped_pages -= pages;
	if (backing->mapped_pages == 0 && backing->kind != PW_BACKING_SEGMENT)
		pw_backings_discharge(backings, mapping->backing);
}

bool pw_backings_take_gone(struct pw_backings *backings, uint32_t *object)
{
	while (backings->first_gone) {
		struct pw_mapped *mapped =
			mapped_at(backings, backings->first_gone);

		PW_ASSERT(mapped->gone);
		*object = backings->first_gone;
		backings->first_gone = mapped->next_gone;
		mapped->gone = false;
		/* A call may have moved it. */
		if (mapped->pages == 0)
			return true;
	}
	return false;
}

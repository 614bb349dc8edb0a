/*
 * oracle_vma.c - mappings that become one, and what they are of.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include "tests/oracle/oracle_vma.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tests/oracle/oracle_replay.h"

static bool is_same_thing(const struct pw_oracle_thing *a,
			  const struct pw_oracle_thing *b)
{
	bool named = a->kind != PW_ORACLE_OPEN_FILE || a->inode == 0;

	return a->kind == b->kind && a->device == b->device &&
	       a->inode == b->inode && a->handle == b->handle &&
	       a->kind != PW_ORACLE_ANONYMOUS_FILE &&
	       (!named || strcmp(a->name, b->name) == 0);
}

unsigned pw_oracle_thing_number(struct pw_oracle_things *things,
				const struct pw_oracle_thing *thing)
{
	for (size_t i = 0; i < things->count; i++) {
		struct pw_oracle_thing *known = &things->list[i];

		if (!is_same_thing(known, thing))
			continue;
		known->writable = known->writable || thing->writable;
		if (thing->name[0])
			memcpy(known->name, thing->name, sizeof(known->name));
		return (unsigned)i + 1;
	}
	if (things->count == things->room) {
		things->room = things->room * 2 + 16;
		things->list = realloc(things->list,
				       things->room * sizeof(*things->list));
		PW_ASSERT(things->list);
	}
	things->list[things->count++] = *thing;
	return (unsigned)things->count;
}

/* The offset that a mapping has, or would have, at @page. */
static uint64_t offset_at(const struct pw_oracle_space *space,
			  const struct pw_oracle_mapping *m, uint64_t page)
{
	return m->offset + ((page - m->first) << space->shape->page_shift);
}

/* Whether pages that both have had of their own let them be one. */
static bool owners_agree(const struct pw_oracle_mapping *there,
			 const struct pw_oracle_mapping *comes)
{
	if (there->owner == comes->owner)
		return true;
	if (there->owner && comes->owner)
		return false;
	return !(there->owner ? there : comes)->inherited;
}

static bool can_be_one(const struct pw_oracle_space *space,
		       const struct pw_oracle_mapping *there,
		       const struct pw_oracle_mapping *comes)
{
	const uint64_t special = PW_ORACLE_PF | PW_ORACLE_IO | PW_ORACLE_DE;

	if ((comes->flags & special) ||
	    (comes->flags | PW_ORACLE_GU) != (there->flags | PW_ORACLE_GU))
		return false;
	if (there->thing != comes->thing || there->label != comes->label ||
	    there->policy != comes->policy)
		return false;
	return offset_at(space, there, comes->first) == comes->offset &&
	       owners_agree(there, comes);
}

/* The mapping that ends, or begins, at @page. */
static struct pw_oracle_mapping *ends_at(const struct pw_oracle_space *space,
					 uint64_t page)
{
	for (size_t i = 0; i < space->mappings; i++)
		if (space->mapping[i].end == page)
			return &space->mapping[i];
	return NULL;
}

static struct pw_oracle_mapping *begins_at(const struct pw_oracle_space *space,
					   uint64_t page)
{
	for (size_t i = 0; i < space->mappings; i++)
		if (space->mapping[i].first == page)
			return &space->mapping[i];
	return NULL;
}

/* Remove @m; what is in its range has been said of @whole. */
static void absorb(struct pw_oracle_space *space, struct pw_oracle_mapping *m,
		   struct pw_oracle_mapping *whole)
{
	whole->flags |= m->flags & PW_ORACLE_GU;
	if (!whole->owner) {
		whole->owner = m->owner;
		whole->inherited = m->inherited;
	}
	*m = space->mapping[--space->mappings];
}

/* Add @m, as one with those of its neighbours that it may join. */
static void add_joined(struct pw_oracle_space *space,
		       const struct pw_oracle_mapping *m, bool to_left,
		       bool to_right)
{
	struct pw_oracle_mapping *left = ends_at(space, m->first);
	struct pw_oracle_mapping *right = begins_at(space, m->end);
	struct pw_oracle_mapping whole = *m;

	to_left = to_left && left && can_be_one(space, left, m);
	to_right = to_right && right && can_be_one(space, right, m);
	if (to_left && to_right && left->owner && right->owner &&
	    left->owner != right->owner)
		to_right = false;
	if (to_left && to_right && right->attached)
		to_right = false;
	if (to_left) {
		whole = *left;
		whole.end = m->end;
	} else if (to_right) {
		whole = *right;
		whole.first = m->first;
		whole.offset = m->offset;
	}
	if (to_left && to_right) {
		whole.end = right->end;
		absorb(space, right, &whole);
	}
	if (to_left || to_right) {
		whole.flags |= m->flags & PW_ORACLE_GU;
		if (!whole.owner) {
			whole.owner = m->owner;
			whole.inherited = m->inherited;
		}
		absorb(space,
		       to_left ? ends_at(space, m->first)
			       : begins_at(space, m->end),
		       &whole);
	}
	pw_oracle_mapping_add(space, whole);
}

void pw_oracle_place(struct pw_oracle_space *space,
		     const struct pw_oracle_mapping *mapping, bool below_only)
{
	add_joined(space, mapping, true, !below_only);
}

void pw_oracle_change(struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *mapping)
{
	const struct pw_oracle_mapping *old =
		pw_oracle_mapping_at(space, mapping->first);
	bool at_left = old->first == mapping->first;
	bool at_right = old->end == mapping->end;
	bool stays = at_left && at_right && old->attached;

	PW_ASSERT(old && mapping->end <= old->end);
	pw_oracle_unmap(space, mapping->first, mapping->end);
	add_joined(space, mapping, at_left && !stays, at_right && !stays);
}

struct pw_oracle_mapping *
pw_oracle_mapping_from(const struct pw_oracle_space *space, uint64_t from)
{
	struct pw_oracle_mapping *lowest = NULL;

	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->end > from && (!lowest || m->first < lowest->first))
			lowest = m;
	}
	return lowest;
}

/* Whether @m would have pages of its own together with @beside. */
static bool shares_owner(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m,
			 const struct pw_oracle_mapping *beside)
{
	const uint64_t ignored =
		PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX | PW_ORACLE_GU;

	return beside && beside->owner && !beside->inherited &&
	       (beside->flags | ignored) == (m->flags | ignored) &&
	       beside->thing == m->thing && beside->policy == m->policy &&
	       offset_at(space, beside, m->first) == m->offset;
}

void pw_oracle_own_page(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);
	const struct pw_oracle_mapping *above, *below;

	if (!m || m->shared || m->owner)
		return;
	above = begins_at(space, m->end);
	below = ends_at(space, m->first);
	if (shares_owner(space, m, above))
		m->owner = above->owner;
	else if (shares_owner(space, m, below))
		m->owner = below->owner;
	else
		m->owner = ++space->owners;
	m->inherited = false;
}

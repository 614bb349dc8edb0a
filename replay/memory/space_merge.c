/*
 * space_merge.c - mappings that come, change and grow, and become one with
 * their neighbours where they do in the kernel.
 *
 * Source: Linux 6.18 mm/vma.c.
 */
#include "replay/memory/space_merge.h"

#include "base/assert.h"

/* The mappings that touch a range, and what they would be one with. */
struct beside {
	const struct pw_mapping *left; /* NULL: none, or it cannot join */
	const struct pw_mapping *right;
	struct pw_range left_extent;
	struct pw_range right_extent;
};

static struct beside look_beside(const struct pw_space *space,
				 struct pw_range range, bool to_left,
				 const struct pw_mapping *mapping)
{
	struct beside beside = {0};

	if (to_left && range.first > 0)
		beside.left = pw_space_find(space, range.first - 1,
					    &beside.left_extent);
	if (beside.left && !pw_vma_can_join(beside.left, mapping))
		beside.left = NULL;
	beside.right = pw_space_find(space, range.end, &beside.right_extent);
	if (beside.right && !pw_vma_can_join(beside.right, mapping))
		beside.right = NULL;
	if (beside.left && beside.right &&
	    !pw_vma_can_meet(beside.left, beside.right))
		beside.right = NULL;
	return beside;
}

/* Give @to the pages of its own that @from has, if it has none, and flags. */
static void take_over(struct pw_mapping *to, const struct pw_mapping *from)
{
	to->flags |= from->flags & PW_VM_STICKY;
	if (to->anon_vma || !from->anon_vma)
		return;
	to->anon_vma = from->anon_vma;
	to->forked = from->forked;
}

/* Make @range one with its neighbours; at least one can be joined. */
static enum pw_status join(struct pw_space *space, struct pw_range range,
			   const struct pw_mapping *mapping,
			   const struct beside *beside, struct pw_error *err)
{
	struct pw_mapping whole = beside->left ? *beside->left : *beside->right;

	if (beside->left) {
		PW_ASSERT(beside->left_extent.end == range.first);
		range.first = beside->left_extent.first;
	}
	if (beside->right) {
		PW_ASSERT(beside->right_extent.first == range.end);
		range.end = beside->right_extent.end;
		take_over(&whole, beside->right);
	}
	take_over(&whole, mapping);
	return pw_space_map(space, range, &whole, err);
}

enum pw_status pw_space_add(struct pw_space *space, struct pw_range range,
			    const struct pw_mapping *mapping, bool below_only,
			    struct pw_error *err)
{
	struct beside beside = look_beside(space, range, true, mapping);

	PW_ASSERT(range.first < range.end);
	if (below_only)
		beside.right = NULL;
	/* What is behind may have to stay, and is not moved either. */
	if (beside.left && beside.right && beside.right->attached)
		beside.right = NULL;
	if (!beside.left && !beside.right)
		return pw_space_map(space, range, mapping, err);
	return join(space, range, mapping, &beside, err);
}

enum pw_status pw_space_modify(struct pw_space *space, struct pw_range range,
			       const struct pw_mapping *mapping,
			       struct pw_error *err)
{
	struct pw_range extent = {0, 0};
	const struct pw_mapping *old =
		pw_space_find(space, range.first, &extent);
	bool all = range.first == extent.first && range.end == extent.end;
	struct beside beside =
		look_beside(space, range, range.first == extent.first, mapping);

	PW_ASSERT(old && range.first >= extent.first &&
		  range.end <= extent.end);
	if (range.end != extent.end)
		beside.right = NULL;
	/* The range is all of it, and would go; but it has to stay. */
	if (all && old->attached)
		beside.left = beside.right = NULL;
	if (beside.left && beside.right && beside.right->attached)
		beside.right = NULL;
	if (!beside.left && !beside.right)
		return pw_space_map(space, range, mapping, err);
	return join(space, range, mapping, &beside, err);
}

enum pw_status pw_space_extend(struct pw_space *space, struct pw_range growth,
			       struct pw_error *err)
{
	struct pw_range extent;
	const struct pw_mapping *found =
		growth.first > 0
			? pw_space_find(space, growth.first - 1, &extent)
			: NULL;
	struct pw_mapping whole;

	PW_ASSERT(growth.first < growth.end);
	if (!found || extent.end != growth.first)
		return PW_OK;
	whole = *found;
	if (!(whole.flags & PW_VM_SPECIAL))
		return pw_space_add(space, growth, &whole, false, err);
	extent.end = growth.end;
	return pw_space_map(space, extent, &whole, err);
}

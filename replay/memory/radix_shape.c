/*
 * radix_shape.c - what is asked of shapes of page tables that are trees.
 */
#include "replay/memory/radix.h"

#include "base/assert.h"

static unsigned lowest_height(const struct pw_radix_shape *shape,
			      unsigned page_shift)
{
	unsigned height = 0;

	while (page_shift && height < PW_LEVELS_MAX &&
	       shape->page_shift + height * shape->bits != page_shift)
		height++;
	return height;
}

enum pw_status pw_radix_check(const struct pw_radix_shape *shape,
			      const struct pw_page_table_config *config,
			      struct pw_error *err)
{
	unsigned height = lowest_height(shape, config->page_shift);

	if (config->levels < shape->levels_min ||
	    config->levels > shape->levels_max)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s has %u to %u levels, not %llu", shape->name,
			       shape->levels_min, shape->levels_max,
			       (unsigned long long)config->levels);
	if (height + 1 >= config->levels || !(shape->leaves >> height & 1))
		return pw_fail(err, PW_ERR_USAGE,
			       "%s with %llu levels has no such pages",
			       shape->name, (unsigned long long)config->levels);
	return PW_OK;
}

struct pw_geometry pw_radix_geometry(const struct pw_radix_shape *shape,
				     const struct pw_page_table_config *config)
{
	unsigned height = lowest_height(shape, config->page_shift);
	unsigned levels = (unsigned)config->levels - height;
	struct pw_geometry geometry = {
		.page_shift = shape->page_shift + height * shape->bits,
		.levels = levels,
		.counted = levels - 1,
		.leaves = shape->leaves >> height & ((1U << levels) - 1),
	};

	PW_ASSERT(levels >= 2 && levels <= PW_LEVELS_MAX);
	for (unsigned h = 0; h + 1 < levels; h++)
		geometry.bits[h] = shape->bits;
	for (unsigned h = 0; h + height < PW_CONTIGUOUS_HEIGHTS; h++)
		geometry.contiguous[h] = shape->contiguous[h + height];
	geometry.bits[levels - 1] = shape->address_bits[config->levels] -
				    geometry.page_shift -
				    pw_geometry_order(&geometry, levels - 1);
	return geometry;
}

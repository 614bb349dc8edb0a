/*
 * page_ids.c - dense numbers for pages.
 */
#include "analyze/page_ids.h"

#include "base/assert.h"

enum pw_status pw_page_ids_open(struct pw_page_ids *ids, size_t pages_max,
				struct pw_error *err)
{
	for (size_t i = 0; i < PW_PAGE_IDS_CACHE; i++)
		ids->cached_page[i] = UINT64_MAX;
	ids->map = NULL;
	ids->pages_max = PW_PAGE_IDS_MAX;
	if (pages_max > 0 && pages_max < PW_PAGE_IDS_MAX)
		ids->pages_max = pages_max;
	return pw_pagemap_open(&ids->map, 1024, err);
}

void pw_page_ids_close(struct pw_page_ids *ids)
{
	pw_pagemap_close(ids->map);
	ids->map = NULL;
}

size_t pw_page_ids_count(const struct pw_page_ids *ids)
{
	return pw_pagemap_count(ids->map);
}

static enum pw_status too_many(const struct pw_page_ids *ids,
			       struct pw_error *err)
{
	pw_fail(err, PW_ERR_SYSTEM,
		"more than %zu distinct pages: too many for this machine's "
		"memory",
		ids->pages_max);
	return pw_hint(err, "count one side (--side data), larger pages (mrc "
			    "--page-size 2M), or on a larger machine");
}

enum pw_status pw_page_ids_look_up(struct pw_page_ids *ids, uint64_t page,
				   uint32_t *id, struct pw_error *err)
{
	size_t line = (size_t)(page % PW_PAGE_IDS_CACHE);
	uint64_t *value;
	enum pw_status st;
	bool added;

	PW_ASSERT(page != UINT64_MAX);
	st = pw_pagemap_insert(ids->map, page, &value, &added, err);
	if (st != PW_OK)
		return st;
	if (added)
		*value = pw_pagemap_count(ids->map) - 1;
	if (*value >= ids->pages_max)
		return too_many(ids, err);
	*id = (uint32_t)*value;
	ids->cached_page[line] = page;
	ids->cached_id[line] = *id;
	return PW_OK;
}

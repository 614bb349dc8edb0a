/*
 * counters.c - counters.def as a structure and a table.
 */
#include "replay/counters.h"

#include "base/assert.h"

static const struct pw_counter_info infos[] = {
#define PW_COUNTER(field, dotted, units, family, definition) \
	{.name = (dotted),                                   \
	 .help = (definition),                               \
	 .unit = PW_UNIT_##units,                            \
	 .kind = PW_COUNTER_##family,                        \
	 .offset = offsetof(struct pw_counters, field)},
#include "replay/counters.def"
#undef PW_COUNTER
};

const struct pw_counter_info *pw_counter_at(size_t index)
{
	return index < PW_COUNT(infos) ? &infos[index] : NULL;
}

uint64_t pw_counter_value(const struct pw_counters *counters,
			  const struct pw_counter_info *info)
{
	uint64_t value;

	PW_ASSERT(info->offset + sizeof(value) <= sizeof(*counters));
	PW_ASSERT(info->offset % sizeof(value) == 0);
	memcpy(&value, (const char *)counters + info->offset, sizeof(value));
	return value;
}

void pw_counters_list(const struct pw_counters *counters,
		      struct pw_table *table)
{
	for (size_t i = 0; i < PW_COUNT(infos); i++)
		pw_pair_u64(table, infos[i].name,
			    pw_counter_value(counters, &infos[i]),
			    infos[i].unit);
}

/*
 * vmstat.c - a machine in the words of /proc/vmstat.
 */
#include "replay/views/vmstat.h"

#include "base/bits.h"

enum kind { GAUGE, TOTAL };

void pw_vmstat_read(const struct pw_system *system,
		    const struct pw_counters *counters,
		    struct pw_vmstat *vmstat)
{
	struct pw_machine_sizes all;
	const struct pw_machine_sizes *sizes = &all;

	pw_machine_sizes(system, &all);
#define PW_VMSTAT(name, kind, value, help) \
	vmstat->name = (kind) == GAUGE ? (value) >> PW_PAGE_SHIFT : (value);
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
}

struct pw_vmstat pw_vmstat_since(const struct pw_vmstat *now,
				 const struct pw_vmstat *before)
{
	struct pw_vmstat since;

#define PW_VMSTAT(name, kind, value, help) \
	since.name = now->name - ((kind) == TOTAL ? before->name : 0);
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
	return since;
}

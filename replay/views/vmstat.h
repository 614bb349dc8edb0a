/*
 * vmstat.h - a machine in the words of /proc/vmstat.
 */
#ifndef PW_REPLAY_VMSTAT_H
#define PW_REPLAY_VMSTAT_H

#include <stdint.h>

#include "replay/counters.h"
#include "replay/views/snapshot.h"

/* Units: pages of 4 KiB, or events. */
struct pw_vmstat {
#define PW_VMSTAT(name, kind, value, help) uint64_t name;
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
};

/*
 * What vmstat says now; @counters are those of @system's machine.
 *
 * Cost: that of pw_machine_sizes.
 */
void pw_vmstat_read(const struct pw_system *system,
		    const struct pw_counters *counters,
		    struct pw_vmstat *vmstat);

/*
 * What happened since @before: totals become differences.
 */
struct pw_vmstat pw_vmstat_since(const struct pw_vmstat *now,
				 const struct pw_vmstat *before);

#endif

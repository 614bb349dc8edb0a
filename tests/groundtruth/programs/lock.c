/* lock.c - locking faults everything in, on fault nothing; dropping locked
 * memory fails, unmapping it gives the amount back. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 150;
	int failed;
	char *data;

	start();
	data = anonymous(PLACE(1), pages);
	store(data, 30, 1);
	WINDOW("lock", if (mlock(data, pages * PAGE)) fail("mlock"));
	report("lock", "vmlck_kb", status_kb("VmLck"));
	report("lock", "locked_kb", smaps_kb(data, pages * PAGE, "Locked"));
	report("lock", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("touch", store(data, pages, 1));
	WINDOW("unlock", munlock(data + 50 * PAGE, 50 * PAGE));
	report("unlock", "vmlck_kb", status_kb("VmLck"));
	WINDOW("drop", madvise(data + 50 * PAGE, 50 * PAGE, MADV_DONTNEED);
	       store(data, pages, 1));
	munmap(data, 50 * PAGE);
	report("unmap", "vmlck_kb", status_kb("VmLck"));
	data = anonymous(PLACE(2), pages);
	WINDOW("on_fault", failed = mlock2(data, pages * PAGE, MLOCK_ONFAULT));
	report("on_fault", "done", !failed);
	report("on_fault", "vmlck_kb", status_kb("VmLck"));
	report("on_fault", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("on_fault_store", store(data, pages, 3));
	WINDOW("map_locked",
	       data = map(PLACE(3), pages * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
	report("map_locked", "vmlck_kb", status_kb("VmLck"));
	return finish();
}

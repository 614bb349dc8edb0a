/* guard_pages.c - guard pages are gaps in a mapping that stays one. */
#include "measure.h"

#define GUARD_INSTALL 102
#define GUARD_REMOVE 103

int main(void)
{
	unsigned long pages = 40;
	char *data;

	start();
	catch_faults();
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	report("install", "ret",
	       madvise(data + 10 * PAGE, 5 * PAGE, GUARD_INSTALL));
	report("install", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("load", "sig", FAULT_OF(load(data + 10 * PAGE, 1, 1)));
	report("store", "sig", FAULT_OF(store(data + 14 * PAGE, 1, 1)));
	report("beside", "sig", FAULT_OF(store(data + 15 * PAGE, 1, 1)));
	madvise(data, pages * PAGE, MADV_DONTNEED);
	report("dropped", "sig", FAULT_OF(load(data + 12 * PAGE, 1, 1)));
	madvise(data, pages * PAGE, GUARD_REMOVE);
	WINDOW("removed", store(data, pages, 1));
	report("removed", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}

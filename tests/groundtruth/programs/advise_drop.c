/* advise_drop.c - MADV_DONTNEED takes pages away at once, whatever they were;
 * the mapping and, without its last page, a page table may stay or go. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 1600;
	char *data, *shared;
	long tables;

	start();
	tables = status_kb("VmPTE");
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	WINDOW("part", madvise(data + 10 * PAGE, 20 * PAGE, MADV_DONTNEED));
	report("part", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("part", "vmpte_kb", status_kb("VmPTE") - tables);
	WINDOW("part_load", load(data, pages, 1));
	WINDOW("part_store", store(data, pages, 1));
	WINDOW("all", madvise(data, pages * PAGE, MADV_DONTNEED));
	report("all", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("all", "vmpte_kb", status_kb("VmPTE") - tables);
	WINDOW("all_store", store(data, pages, 1));
	report("all_store", "vmpte_kb", status_kb("VmPTE") - tables);
	shared = map(PLACE(2), 64 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	store(shared, 64, 1);
	WINDOW("shared", madvise(shared, 64 * PAGE, MADV_DONTNEED));
	report("shared", "rss_kb", smaps_kb(shared, 64 * PAGE, "Rss"));
	WINDOW("shared_load", load(shared, 64, 1));
	report("shared_load", "rss_kb", smaps_kb(shared, 64 * PAGE, "Rss"));
	WINDOW("remove", madvise(shared, 64 * PAGE, MADV_REMOVE));
	WINDOW("remove_load", load(shared, 64, 1));
	return finish();
}

/* remap.c - mremap moves pages without a fault; what grows is new, what is
 * left with MREMAP_DONTUNMAP is empty. */
#include "measure.h"

static long tables;

static void look(const char *window, const char *at, unsigned long pages)
{
	report(window, "rss_kb", smaps_kb(at, pages * PAGE, "Rss"));
	report(window, "vmpte_kb", status_kb("VmPTE") - tables);
}

int main(void)
{
	unsigned long pages = 700;
	char *data;

	start();
	tables = status_kb("VmPTE");
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	WINDOW("grow", mremap(data, pages * PAGE, 900 * PAGE, 0));
	look("grow", data, 900);
	WINDOW("grow_store", store(data, 900, 1));
	WINDOW("move", mremap(data, 900 * PAGE, 900 * PAGE,
			      MREMAP_MAYMOVE | MREMAP_FIXED, PLACE(2)));
	data = PLACE(2);
	look("move", data, 900);
	WINDOW("move_store", store(data, 900, 1));
	WINDOW("askew",
	       mremap(data, 900 * PAGE, 950 * PAGE,
		      MREMAP_MAYMOVE | MREMAP_FIXED, PLACE(3) + 5 * PAGE));
	data = PLACE(3) + 5 * PAGE;
	look("askew", data, 950);
	WINDOW("askew_store", store(data, 950, 1));
	WINDOW("shrink", mremap(data, 950 * PAGE, 300 * PAGE, 0));
	look("shrink", data, 300);
	WINDOW("keep", mremap(data, 300 * PAGE, 300 * PAGE,
			      MREMAP_MAYMOVE | MREMAP_FIXED | 4, PLACE(4)));
	look("keep", PLACE(4), 300);
	report("keep", "left_kb", smaps_kb(data, 300 * PAGE, "Size"));
	WINDOW("keep_store", store(PLACE(4), 300, 1));
	WINDOW("left_load", load(data, 300, 1));
	WINDOW("left_store", store(data, 300, 1));
	return finish();
}

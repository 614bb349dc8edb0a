/* advise_free.c - MADV_FREE keeps pages until somebody wants memory; a store
 * makes them the program's again, without a fault. */
#include "measure.h"

int main(void)
{
	unsigned long pages =
		620; /* a multiple of the kernel's batches of 31 */
	char *data;

	start();
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	WINDOW("free", madvise(data, pages * PAGE, MADV_FREE));
	report("free", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("free", "lazy_kb", smaps_kb(data, pages * PAGE, "LazyFree"));
	WINDOW("store", store(data, 200, 1));
	report("store", "lazy_kb", smaps_kb(data, pages * PAGE, "LazyFree"));
	report("store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("load", load(data, pages, 1));
	return finish();
}

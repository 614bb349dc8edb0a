/* zero_page.c - loads of untouched anonymous memory map the zero page, which
 * is no RSS; a store to it faults again. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 1500;
	char *data;

	start();
	data = anonymous(PLACE(1), pages);
	WINDOW("load", load(data, pages, 1));
	report("load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("load", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("store_third", store(data, pages, 3));
	report("store_third", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("load_again", load(data, pages, 1));
	WINDOW("read_only", mprotect(data, pages * PAGE, PROT_READ);
	       load(data, pages, 1));
	mprotect(data, pages * PAGE, PROT_READ | PROT_WRITE);
	WINDOW("store_all", store(data, pages, 1));
	report("store_all", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	data = map(PLACE(2), pages * PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)madvise(data, pages * PAGE, MADV_NOHUGEPAGE);
	WINDOW("never_written", load(data, pages, 2));
	report("never_written", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}

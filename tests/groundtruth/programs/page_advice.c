/* page_advice.c - MADV_COLD keeps pages; MADV_PAGEOUT takes clean pages of
 * files at once, and the page cache forgets them if nobody else has them. */
#include "measure.h"

#define COLD 20
#define PAGEOUT 21

int main(void)
{
	unsigned long pages = 128;
	char *data;
	int fd;

	start();
	fd = file_of(pages);
	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	load(data, pages, 1);
	WINDOW("cold", madvise(data, pages * PAGE, COLD));
	report("cold", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("cold_load", load(data, pages, 1));
	WINDOW("pageout", madvise(data, 64 * PAGE, PAGEOUT));
	report("pageout", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("pageout", "resident", resident_pages(data, pages));
	data = anonymous(PLACE(2), pages);
	store(data, pages, 1);
	WINDOW("anon_cold", madvise(data, pages * PAGE, COLD));
	WINDOW("anon_load", store(data, pages, 1));
	report("anon_load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}

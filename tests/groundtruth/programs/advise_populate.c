/* advise_populate.c - populating by advice or flag takes the faults in the
 * call: as loads or as stores. */
#include "measure.h"

#define POPULATE_READ 22
#define POPULATE_WRITE 23

int main(void)
{
	unsigned long pages = 320;
	int rw = PROT_READ | PROT_WRITE, fd;
	char *data;

	start();
	fd = file_of(pages);
	data = anonymous(PLACE(1), pages);
	store(data, pages, 5);
	WINDOW("read", madvise(data, pages * PAGE, POPULATE_READ));
	report("read", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("write", madvise(data, pages * PAGE, POPULATE_WRITE));
	report("write", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("touch", store(data, pages, 1));
	WINDOW("flag",
	       data = map(PLACE(2), pages * PAGE, rw,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
	WINDOW("flag_touch", store(data, pages, 1));
	WINDOW("file", data = map(PLACE(3), pages * PAGE, PROT_READ,
				  MAP_SHARED | MAP_POPULATE, fd, 0));
	report("file", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("private", data = map(PLACE(4), pages * PAGE, rw,
				     MAP_PRIVATE | MAP_POPULATE, fd, 0));
	report("private", "anon_kb", smaps_kb(data, pages * PAGE, "Anonymous"));
	data = map(PLACE(5), pages * PAGE, rw, MAP_SHARED, fd, 0);
	WINDOW("shared", madvise(data, pages * PAGE, POPULATE_WRITE));
	WINDOW("shared_touch", store(data, pages, 1));
	return finish();
}

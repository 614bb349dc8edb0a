/* bus_truncate.c - pages past the end of a file are SIGBUS; a truncation takes
 * pages out of mappings, private copies among them. */
#include "measure.h"

int main(void)
{
	int rw = PROT_READ | PROT_WRITE, fd;
	char *shared, *own;

	start();
	catch_faults();
	fd = file_of(20);
	if (ftruncate(fd, 10 * PAGE + 17))
		fail("ftruncate");
	shared = map(PLACE(1), 40 * PAGE, rw, MAP_SHARED, fd, 0);
	own = map(PLACE(2), 40 * PAGE, rw, MAP_PRIVATE, fd, 0);
	report("last", "sig", FAULT_OF(load(shared + 11 * PAGE - 1, 1, 1)));
	report("past", "sig", FAULT_OF(load(shared + 11 * PAGE, 1, 1)));
	report("past_store", "sig", FAULT_OF(store(own + 11 * PAGE, 1, 1)));
	report("mapped", "rss_kb", smaps_kb(shared, 40 * PAGE, "Rss"));
	WINDOW("store", store(own, 10, 1));
	WINDOW("shared", store(shared, 10, 1));
	if (ftruncate(fd, 3 * PAGE))
		fail("ftruncate");
	report("cut", "rss_kb", smaps_kb(shared, 40 * PAGE, "Rss"));
	report("cut", "own_kb", smaps_kb(own, 40 * PAGE, "Rss"));
	report("cut", "sig", FAULT_OF(load(shared + 3 * PAGE, 1, 1)));
	report("cut_own", "sig", FAULT_OF(load(own + 5 * PAGE, 1, 1)));
	report("kept", "sig", FAULT_OF(store(own + 2 * PAGE, 1, 1)));
	if (ftruncate(fd, 20 * PAGE))
		fail("ftruncate");
	WINDOW("grown", load(shared, 20, 1));
	report("grown", "rss_kb", smaps_kb(shared, 40 * PAGE, "Rss"));
	WINDOW("grown_own", store(own, 20, 1));
	return finish();
}

/* guard_pages.c - guard pages are gaps in a mapping that stays one, of whatever
 * it is; forks copy them, and all that is mapped beside them. */
#include "measure.h"

#define GUARD_INSTALL 102
#define GUARD_REMOVE 103

static void of_file(void)
{
	unsigned long pages = 40;
	char *shared = map(PLACE(2), pages * PAGE, PROT_READ, MAP_SHARED,
			   file_of(pages), 0);
	pid_t pid;

	load(shared, pages, 1);
	madvise(shared + 4 * PAGE, 4 * PAGE, GUARD_INSTALL);
	report("file.store", "sig", FAULT_OF(store(shared + 4 * PAGE, 1, 1)));
	pid = fork();
	if (pid == 0) {
		settle();
		report("child", "sig", FAULT_OF(load(shared + 5 * PAGE, 1, 1)));
		WINDOW("child.load", load(shared, 4, 1));
		report("child", "rss_kb",
		       smaps_kb(shared, pages * PAGE, "Rss"));
		_exit(0);
	}
	reap(pid);
}

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
	of_file();
	return finish();
}

/* fork_tables.c - a fork copies the page tables of memory that has pages of
 * its own, and leaves those of files and shared memory to faults. */
#include "measure.h"

static long tables;

static void child(char *own, char *file, char *written, char *shared)
{
	settle();
	report("child", "own_kb", smaps_kb(own, 64 * PAGE, "Rss"));
	report("child", "file_kb", smaps_kb(file, 64 * PAGE, "Rss"));
	report("child", "written_kb", smaps_kb(written, 64 * PAGE, "Rss"));
	report("child", "shared_kb", smaps_kb(shared, 64 * PAGE, "Rss"));
	WINDOW("child.own", load(own, 64, 1));
	WINDOW("child.file", load(file, 64, 1));
	WINDOW("child.written", load(written, 64, 1));
	WINDOW("child.shared", load(shared, 64, 1));
	report("child.shared", "pss_kb", smaps_kb(shared, 64 * PAGE, "Pss"));
	report("child.file", "pss_kb", smaps_kb(file, 64 * PAGE, "Pss"));
	_exit(0);
}

int main(void)
{
	char *own, *file, *written, *shared;
	int fd, rw = PROT_READ | PROT_WRITE;
	pid_t pid;

	start();
	tables = status_kb("VmPTE");
	fd = file_of(64);
	own = anonymous(PLACE(1), 64);
	file = map(PLACE(2), 64 * PAGE, rw, MAP_PRIVATE, fd, 0);
	written = map(PLACE(3), 64 * PAGE, rw, MAP_PRIVATE, fd, 0);
	shared =
		map(PLACE(4), 64 * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	store(own, 32, 1);
	load(own + 32 * PAGE, 32, 1);
	load(file, 64, 1);
	load(written, 64, 1);
	store(written, 1, 1);
	store(shared, 64, 1);
	pid = fork();
	if (pid == 0)
		child(own, file, written, shared);
	reap(pid);
	settle();
	WINDOW("parent.own", load(own, 64, 1));
	WINDOW("parent.file", load(file, 64, 1));
	WINDOW("parent.store", store(own, 64, 1));
	WINDOW("parent.shared", store(shared, 64, 1));
	return finish();
}

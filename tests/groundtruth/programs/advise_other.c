/* advise_other.c - process_madvise: a process ages and reclaims the pages of
 * another one, and of its own. */
#include "measure.h"

#include <sys/syscall.h>
#include <sys/uio.h>

static long advise(int pidfd, char *at, unsigned long pages, int advice)
{
	/* Two ranges; the second may be in nothing. */
	struct iovec range[] = {{at, pages * PAGE},
				{at + pages * PAGE, 4 * PAGE}};
	long done = syscall(SYS_process_madvise, pidfd, range, 2L, advice, 0L);

	return done < 0 ? -errno : done;
}

static void look(const char *name, const char *at)
{
	report(name, "rss_kb", smaps_kb(at, 64 * PAGE, "Rss"));
	report(name, "referenced_kb", smaps_kb(at, 64 * PAGE, "Referenced"));
}

static void child(int fd)
{
	char *file = map(PLACE(1), 64 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	settle();
	load(file, 64, 1);
	look("child.before", file);
	reach(1);
	await(2);
	look("child.cold", file);
	WINDOW("child.load", load(file, 64, 1));
	reach(3);
	await(4);
	look("child.out", file);
	_exit(0);
}

int main(void)
{
	char *own;
	pid_t pid;
	int fd, pidfd;

	start();
	fd = file_of(64);
	pid = fork();
	if (pid == 0)
		child(fd);
	await(1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	report("cold", "ret", advise(pidfd, PLACE(1), 16, MADV_COLD));
	reach(2);
	await(3);
	report("out", "ret",
	       advise(pidfd, PLACE(1) + 32 * PAGE, 16, MADV_PAGEOUT));
	report("drop", "ret", advise(pidfd, PLACE(1), 16, MADV_DONTNEED));
	reach(4);
	reap(pid);
	/* What is its own a process may drop since 6.13. */
	own = anonymous(PLACE(2), 64);
	store(own, 64, 1);
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	report("own", "ret", advise(pidfd, own, 16, MADV_DONTNEED));
	look("own", own);
	report("gap", "ret", advise(pidfd, own + 32 * PAGE, 32, MADV_DONTNEED));
	look("gap", own);
	report("self", "ret",
	       advise(-10000, own + 20 * PAGE, 4, MADV_DONTNEED));
	look("self", own);
	return finish();
}

/*
 * exec_mix.c - one way of starting a program a run, for comparing a run under
 * the recorder with one without. Arguments: the way, and what it needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 20000

/* An address that cannot be read. */
static void *volatile nowhere = (void *)8;
static char *const words[] = {"echo", "a,b", "c  d", "", "e\\f", NULL};

static void way_show(char **argv)
{
	printf("%s has", argv[0][0] ? argv[0] : "nobody");
	for (char **at = argv; *at; at++)
		printf(" [%s]", *at);
	puts("");
	exit(0);
}

static void way_self(char **argv)
{
	char *const show[] = {"me", "show", "self", NULL};

	(void)argv;
	execv("/proc/self/exe", show);
}

static void way_nameless(char **argv)
{
	char *const none[] = {NULL};

	execve(argv[0], none, environ);
}

static void way_fexecve(char **argv)
{
	(void)argv;
	fexecve(open("/bin/echo", O_RDONLY | O_CLOEXEC), words, environ);
}

/* A program that is in no folder, by a descriptor that the exec closes. */
static void way_memory(char **argv)
{
	int to = memfd_create("program", MFD_CLOEXEC);
	int from = open("/bin/echo", O_RDONLY | O_CLOEXEC);
	char buffer[4096];
	ssize_t got;

	(void)argv;
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)got) != got)
			exit(1);
	close(from);
	fexecve(to, words, environ);
}

static void way_execveat(char **argv)
{
	(void)argv;
	syscall(SYS_execveat, open("/bin", O_RDONLY | O_DIRECTORY), "echo",
		words, environ, 0);
}

static void way_fails(char **argv)
{
	static const char *const path[] = {"/no/such", "/etc/passwd", "/",
					   "",	       "noloader",    "loop",
					   "empty"};

	(void)argv;
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		execve(path[i], words, environ);
		printf("\"%s\": %s\n", path[i], strerror(errno));
	}
	execve(nowhere, words, environ);
	printf("no path: %s\n", strerror(errno));
	execve("/bin/echo", nowhere, environ);
	printf("no arguments: %s\n", strerror(errno));
	exit(4);
}

static void *spin(void *nothing)
{
	for (volatile unsigned count = 0;; count++)
		;
	return nothing;
}

static void *exec_echo(void *nothing)
{
	execv("/bin/echo", words);
	return nothing;
}

static void way_thread(char **argv)
{
	pthread_t one, other;

	(void)argv;
	pthread_create(&one, NULL, spin, NULL);
	pthread_create(&other, NULL, exec_echo, NULL);
	pthread_join(other, NULL);
}

static void way_vfork(char **argv)
{
	pid_t child = vfork();
	int status = -1;

	(void)argv;
	if (child == 0) {
		execv("/bin/echo", words);
		_exit(1);
	}
	waitpid(child, &status, 0);
	printf("status %x\n", (unsigned)status);
	exit(0);
}

/* Close what may be there, and come back with one descriptor. */
static void way_closed(char **argv)
{
	int kept = fcntl(1, F_DUPFD, 900);
	int status = -1;

	(void)argv;
	for (int fd = 0; fd < 900; fd++)
		close(fd);
	if (fork() == 0) {
		for (volatile int i = 0; i < 100000; i++)
			;
		_exit(5);
	}
	wait(&status);
	dprintf(kept, "status %x\n", (unsigned)status);
	dup2(kept, 1);
	close(kept);
	execv("/bin/echo", words);
}

static void limit(int what, rlim_t value)
{
	const struct rlimit both = {value, value};

	setrlimit(what, &both);
}

static void way_descriptors(char **argv)
{
	(void)argv;
	limit(RLIMIT_NOFILE, 5);
	execv("/bin/echo", words);
}

static void way_environment(char **argv)
{
	char **list = calloc(MANY + 1, sizeof(*list));

	(void)argv;
	for (int i = 0; i < MANY; i++)
		if (asprintf(&list[i], "NAME%d=value %d,", i, i) < 0)
			exit(1);
	execle("/usr/bin/env", "env", NULL, list);
}

static void way_arguments(char **argv)
{
	char **list = calloc(MANY + 2, sizeof(*list));

	(void)argv;
	for (int i = 0; i <= MANY; i++)
		list[i] = "x";
	execv("/bin/echo", list);
}

/* More than the kernel takes. */
static void way_long(char **argv)
{
	static char text[200000];

	(void)argv;
	memset(text, 'a', sizeof(text) - 1);
	execl("/bin/echo", "echo", text, NULL);
	exit(errno == E2BIG ? 6 : 1);
}

static void way_root(char **argv)
{
	char *const show[] = {"in", "show", "root", NULL};

	if (chroot(argv[2]) == 0 && chdir("/") == 0)
		execv("/exec_mix", show);
}

static void way_user(char **argv)
{
	(void)argv;
	if (setgid(65534) == 0 && setuid(65534) == 0)
		execv("/bin/echo", words);
}

static const struct way {
	const char *name;
	void (*go)(char **argv);
} ways[] = {
	{"show", way_show},
	{"self", way_self},
	{"nameless", way_nameless},
	{"fexecve", way_fexecve},
	{"memory", way_memory},
	{"execveat", way_execveat},
	{"fails", way_fails},
	{"thread", way_thread},
	{"vfork", way_vfork},
	{"closed", way_closed},
	{"descriptors", way_descriptors},
	{"environment", way_environment},
	{"arguments", way_arguments},
	{"long", way_long},
	{"root", way_root},
	{"user", way_user},
};

int main(int argc, char **argv)
{
	if (argc < 2)
		way_show(argv);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			ways[i].go(argv);
	perror(argv[1]);
	return 77;
}

/*
 * test_request.c - from options to a request, and the choice of an engine.
 */
#include "tests/support/pw_test.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/request.h"

struct job {
	struct pw_arena *arena;
	struct pw_request_args args;
	struct pw_capture_request request;
	struct pw_error err;
	const char *words[2];
	char path[64];
};

static int set_up(void **state)
{
	struct job *job = calloc(1, sizeof(*job));
	int fd;

	assert_non_null(job);
	PW_TEST_OK(pw_arena_open(&job->arena, 0, &job->err), &job->err);
	snprintf(job->path, sizeof(job->path), "/tmp/pw_test_request.XXXXXX");
	fd = mkstemp(job->path);
	assert_true(fd >= 0);
	close(fd);
	job->words[0] = "/bin/sh";
	job->args.command = (struct pw_text_list){job->words, 1};
	job->args.engine = "auto";
	job->args.follow = "children";
	*state = job;
	return 0;
}

static int tear_down(void **state)
{
	struct job *job = *state;

	unlink(job->path);
	pw_arena_close(job->arena);
	free(job);
	return 0;
}

static void expect(struct job *job)
{
	PW_TEST_OK(pw_request_make(&job->request, &job->args, job->arena,
				   &job->err),
		   &job->err);
}

static void refuse(struct job *job, enum pw_status status, const char *words)
{
	assert_int_equal(pw_request_make(&job->request, &job->args, job->arena,
					 &job->err),
			 status);
	if (!strstr(job->err.message, words))
		fail_msg("\"%s\" lacks \"%s\"", job->err.message, words);
}

static void options_reach_the_request(void **state)
{
	struct job *job = *state;

	job->args.follow = "all";
	job->args.from = "begin";
	job->args.to = "end";
	job->args.window = 5;
	job->args.every = 50;
	job->args.max_instructions = 1;
	job->args.max_bytes = 2;
	job->args.max_seconds = 3;
	job->args.min_free = "4K";
	job->args.no_aslr = true;
	expect(job);
	assert_string_equal(job->request.path, "/bin/sh");
	assert_string_equal(job->request.argv[0], "/bin/sh");
	assert_null(job->request.argv[1]);
	assert_string_equal(job->request.trace, "sh.pwt");
	assert_int_equal(job->request.pid, 0);
	assert_int_equal(job->request.follow, PW_FOLLOW_ALL);
	assert_string_equal(job->request.scope.from, "begin");
	assert_string_equal(job->request.scope.to, "end");
	assert_int_equal(job->request.scope.window_instructions, 5);
	assert_int_equal(job->request.scope.every_instructions, 50);
	assert_int_equal(job->request.max_instructions, 1);
	assert_int_equal(job->request.max_bytes, 2);
	assert_int_equal(job->request.max_seconds, 3);
	assert_int_equal(job->request.min_free_bytes, 4096);
	assert_false(job->request.aslr);
}

static void a_process_stands_in_for_a_command(void **state)
{
	struct job *job = *state;
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(length > 0);
	self[length] = '\0';
	job->args.command.count = 0;
	refuse(job, PW_ERR_USAGE, "missing -- COMMAND");
	job->args.pid = (uint64_t)getpid();
	refuse(job, PW_ERR_TARGET, "cannot record itself");
	job->args.pid = UINT64_C(1) << 40;
	refuse(job, PW_ERR_TARGET, "there is none");
	job->args.pid = (uint64_t)getppid();
	job->args.no_aslr = true;
	refuse(job, PW_ERR_USAGE, "--no-aslr");
	job->args.no_aslr = false;
	expect(job);
	assert_int_equal(job->request.pid, getppid());
	assert_null(job->request.argv);
	assert_non_null(job->request.path);
	assert_string_equal(job->request.machine, "x86_64");
	job->args.command.count = 1;
	refuse(job, PW_ERR_USAGE, "only one");
}

static void windows_need_a_period_no_shorter(void **state)
{
	struct job *job = *state;

	job->args.window = 10;
	refuse(job, PW_ERR_USAGE, "--window needs --every");
	job->args.every = 9;
	refuse(job, PW_ERR_USAGE, "more instructions than");
	job->args.every = 10;
	expect(job);
	job->args.window = 0;
	refuse(job, PW_ERR_USAGE, "--every needs --window");
}

static void words_that_mean_nothing_are_refused(void **state)
{
	struct job *job = *state;

	job->args.follow = "some";
	refuse(job, PW_ERR_USAGE, "--follow: \"some\"");
	job->args.follow = "none";
	job->args.min_free = "much";
	refuse(job, PW_ERR_USAGE, "--min-free: ");
}

/* Here a file system is large; a device is never too full. */
static void what_is_left_free_depends_on_the_file_system(void **state)
{
	struct job *job = *state;
	uint64_t bytes = pw_request_min_free(job->path, job->arena);

	assert_true(bytes > 0 && bytes <= 64 << 20);
	assert_int_equal(pw_request_min_free("/tmp/new.pwt", job->arena),
			 bytes);
	assert_int_equal(pw_request_min_free("/dev/full", job->arena), 0);
	assert_int_equal(pw_request_min_free("/no/such/x.pwt", job->arena), 0);
}

/* Make the file a program of that class and machine. */
static void write_elf(const struct job *job, int class, unsigned machine)
{
	Elf64_Ehdr header = {0};
	FILE *file = fopen(job->path, "w");

	assert_non_null(file);
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = (unsigned char)class;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_machine = (Elf64_Half)machine;
	fwrite(&header, sizeof(header), 1, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(job->path, 0700), 0);
}

static void write_script(const char *path, const char *first_line)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(first_line, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static void the_machine_is_that_of_the_program(void **state)
{
	struct job *job = *state;

	job->words[0] = job->path;
	write_elf(job, ELFCLASS64, EM_X86_64);
	expect(job);
	assert_string_equal(job->request.machine, "x86_64");
	write_elf(job, ELFCLASS64, EM_AARCH64);
	expect(job);
	assert_string_equal(job->request.machine, "aarch64");
	write_elf(job, ELFCLASS64, EM_RISCV);
	refuse(job, PW_ERR_TARGET, "not a 64-bit program");
	write_elf(job, ELFCLASS32, EM_386);
	refuse(job, PW_ERR_TARGET, "not a 64-bit program");
	write_script(job->path, "");
	refuse(job, PW_ERR_TARGET, "neither an ELF program");
}

/* A script of a script of a program for Arm. */
static void the_machine_of_a_script_is_its_interpreters(void **state)
{
	struct job *job = *state;
	char inner[80], outer[80], line[120];

	write_elf(job, ELFCLASS64, EM_AARCH64);
	snprintf(inner, sizeof(inner), "%s.inner", job->path);
	snprintf(line, sizeof(line), "#! %s -x\nrest\n", job->path);
	write_script(inner, line);
	snprintf(outer, sizeof(outer), "%s.outer", job->path);
	snprintf(line, sizeof(line), "#!%s", inner);
	write_script(outer, line);
	job->words[0] = outer;
	expect(job);
	assert_string_equal(job->request.path, outer);
	assert_string_equal(job->request.machine, "aarch64");
	/* One that calls itself is the kernel's business. */
	snprintf(line, sizeof(line), "#!%s\n", inner);
	write_script(inner, line);
	expect(job);
	unlink(inner);
	expect(job);
	unlink(outer);
}

static void a_script_with_a_set_user_id_interpreter_is_refused(void **state)
{
	struct job *job = *state;
	char script[80], line[120];

	if (geteuid() != 0)
		skip();
	write_elf(job, ELFCLASS64, EM_X86_64);
	assert_int_equal(chown(job->path, 65534, 65534), 0);
	assert_int_equal(chmod(job->path, 04755), 0);
	snprintf(script, sizeof(script), "%s.script", job->path);
	snprintf(line, sizeof(line), "#!%s\n", job->path);
	write_script(script, line);
	job->words[0] = script;
	refuse(job, PW_ERR_TARGET, "set-user-ID");
	unlink(script);
}

static void only_engines_that_can_are_chosen(void **state)
{
	struct job *job = *state;
	const struct pw_engine_ops *engine;
	const char *declined;

	expect(job);
	PW_TEST_OK(pw_engine_choose(&engine, "auto", &job->request, job->arena,
				    &declined, &job->err),
		   &job->err);
	assert_null(engine->available());
	assert_null(engine->suits(&job->request));
	for (size_t i = 0; pw_engine_at(i) != engine; i++)
		assert_non_null(strstr(declined, pw_engine_at(i)->name));
	PW_TEST_OK(pw_engine_choose(&engine, "ptrace", &job->request,
				    job->arena, &declined, &job->err),
		   &job->err);
	assert_string_equal(engine->name, "ptrace");
	assert_string_equal(declined, "");
	job->request.machine = "aarch64";
	assert_int_equal(pw_engine_choose(&engine, "ptrace", &job->request,
					  job->arena, &declined, &job->err),
			 PW_ERR_TARGET);
	assert_non_null(strstr(job->err.message, "x86-64"));
	assert_int_equal(pw_engine_choose(&engine, "steam", &job->request,
					  job->arena, &declined, &job->err),
			 PW_ERR_USAGE);
	assert_non_null(strstr(job->err.hint, "\"ptrace\""));
	assert_non_null(strstr(job->err.hint, "\"auto\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(options_reach_the_request),
		TEST(a_process_stands_in_for_a_command),
		TEST(windows_need_a_period_no_shorter),
		TEST(words_that_mean_nothing_are_refused),
		TEST(what_is_left_free_depends_on_the_file_system),
		TEST(the_machine_is_that_of_the_program),
		TEST(the_machine_of_a_script_is_its_interpreters),
		TEST(a_script_with_a_set_user_id_interpreter_is_refused),
		TEST(only_engines_that_can_are_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

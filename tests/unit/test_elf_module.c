/*
 * test_elf_module.c - this program's own ELF file, and damaged copies of it.
 *
 * The truth comes from the dynamic linker (dl_iterate_phdr) and from pointers
 * to this program's own functions.
 */
#include "tests/support/pw_test.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/file.h"
#include "formats/elf_module.h"

#define SELF "/proc/self/exe"
#define LIMIT_BYTES ((size_t)256 << 20)

struct self {
	uint64_t bias;
	uint64_t low;
	uint64_t end;
	const uint8_t *build_id;
	size_t build_id_bytes;
};

static void look_at_notes(struct self *self, const uint8_t *p, size_t bytes)
{
	while (bytes >= sizeof(ElfW(Nhdr))) {
		size_t name = pw_load32(p);
		size_t content = pw_load32(p + 4);
		size_t whole = 12 + ((name + 3) & ~(size_t)3) +
			       ((content + 3) & ~(size_t)3);

		if (pw_load32(p + 8) == NT_GNU_BUILD_ID && name == 4) {
			self->build_id = p + 16;
			self->build_id_bytes = content;
		}
		if (whole > bytes)
			break;
		p += whole;
		bytes -= whole;
	}
}

/* The first object is the program itself. */
static int look_at_self(struct dl_phdr_info *info, size_t size, void *opaque)
{
	struct self *self = opaque;

	(void)size;
	self->bias = info->dlpi_addr;
	self->low = UINT64_MAX;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_NOTE && p->p_align != 8)
			look_at_notes(
				self,
				(const uint8_t *)(info->dlpi_addr + p->p_vaddr),
				p->p_memsz);
		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_vaddr < self->low)
			self->low = p->p_vaddr & ~(PW_PAGE_BYTES - 1);
		if (p->p_vaddr + p->p_memsz > self->end)
			self->end = p->p_vaddr + p->p_memsz;
	}
	return 1;
}

/* A file without a name that holds @bytes of @data. */
static int make_file(const void *data, size_t bytes, char *path,
		     size_t path_bytes)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);

		assert_true(n > 0);
		data = (const char *)data + n;
		bytes -= (size_t)n;
	}
	snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
	return fd;
}

static void tells_what_the_dynamic_linker_tells(void **state)
{
	struct pw_elf_info info;
	struct pw_module module;
	struct pw_error err;
	struct self self = {0};

	(void)state;
	dl_iterate_phdr(look_at_self, &self);
	PW_TEST_OK(pw_elf_read(&info, SELF, &err), &err);
	assert_true(info.is_64_bit == (sizeof(void *) == 8));
	assert_int_equal(info.is_dynamic, self.bias != 0);
	assert_int_equal(info.low_address, self.low);
	assert_int_equal(info.span_bytes, self.end - self.low);
	assert_int_equal(info.build_id_bytes, self.build_id_bytes);
	if (self.build_id_bytes)
		assert_memory_equal(info.build_id, self.build_id,
				    self.build_id_bytes);
	PW_TEST_OK(pw_elf_module(&module, SELF, 3, self.bias + self.low, &err),
		   &err);
	assert_int_equal(module.process, 3);
	assert_int_equal(module.base, self.bias + self.low);
	assert_int_equal(module.load_bias, self.bias);
	assert_int_equal(module.span_bytes, info.span_bytes);
	assert_string_equal(module.path, SELF);
	assert_int_equal(module.build_id_bytes, info.build_id_bytes);
}

static void finds_a_function_where_it_is(void **state)
{
	uint64_t address;
	uint64_t bytes;
	struct pw_error err;
	struct self self = {0};

	(void)state;
	dl_iterate_phdr(look_at_self, &self);
	PW_TEST_OK(pw_elf_symbol_range(SELF, "pw_elf_read", &address, &bytes,
				       &err),
		   &err);
	assert_int_equal(address + self.bias, (uint64_t)(uintptr_t)pw_elf_read);
	assert_true(bytes > 0);
	assert_int_equal(pw_elf_symbol_range(SELF, "no such symbol", &address,
					     &bytes, &err),
			 PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "no such symbol"));
}

static void refuses_what_is_no_elf_file(void **state)
{
	char path[64];
	int fd = make_file("#!/bin/sh\n", 10, path, sizeof(path));
	struct pw_elf_info info;
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_elf_read(&info, path, &err), PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "not an ELF file"));
	assert_int_equal(pw_elf_read(&info, "/", &err), PW_ERR_USAGE);
	assert_int_equal(pw_elf_read(&info, "/nowhere/at/all", &err),
			 PW_ERR_USAGE);
	close(fd);
}

/* However long a part is left, a part is refused. */
static void refuses_a_file_that_was_cut(void **state)
{
	static const size_t left[] = {0, 3, 4, 16, 63, 64, 65, 200, 4096};
	char *data;
	size_t bytes;
	struct pw_elf_info info;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_file_read(SELF, LIMIT_BYTES, &data, &bytes, &err), &err);
	for (size_t i = 0; i < PW_COUNT(left); i++) {
		char path[64];
		int fd = make_file(data, left[i], path, sizeof(path));

		assert_int_equal(pw_elf_read(&info, path, &err), PW_ERR_FORMAT);
		assert_int_equal(memcmp(err.message, path, strlen(path)), 0);
		close(fd);
	}
	free(data);
}

/* Whether it is found depends on the damage; it must not crash. */
static void look_for_main(const char *path)
{
	uint64_t address;
	uint64_t bytes;
	struct pw_error err;
	enum pw_status st =
		pw_elf_symbol_range(path, "main", &address, &bytes, &err);

	assert_true(st == PW_OK || st == PW_ERR_FORMAT);
}

/* Each byte of the headers takes each of four wrong values: no crash. */
static void survives_any_damage_to_its_headers(void **state)
{
	static const uint8_t wrong[] = {0x00, 0x7f, 0x80, 0xff};
	char path[64];
	char *data;
	size_t bytes;
	unsigned refused = 0;
	struct pw_elf_info info;
	struct pw_error err;
	int fd;

	(void)state;
	PW_TEST_OK(pw_file_read(SELF, LIMIT_BYTES, &data, &bytes, &err), &err);
	fd = make_file(data, bytes, path, sizeof(path));
	for (off_t at = 0; at < 1200; at++) {
		for (size_t k = 0; k < PW_COUNT(wrong); k++) {
			assert_int_equal(pwrite(fd, &wrong[k], 1, at), 1);
			refused += pw_elf_read(&info, path, &err) != PW_OK;
			assert_true(info.build_id_bytes <= PW_BUILD_ID_MAX);
			if (at < (off_t)sizeof(ElfW(Ehdr)))
				look_for_main(path);
		}
		assert_int_equal(pwrite(fd, &data[at], 1, at), 1);
	}
	assert_true(refused > 0);
	PW_TEST_OK(pw_elf_read(&info, path, &err), &err);
	close(fd);
	free(data);
}

/* One PT_LOAD of 16 bytes at 0x401234 and a note with an id of 40 bytes. */
static size_t craft(uint8_t *data)
{
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segment[2] = {
		{.p_type = PT_LOAD,
		 .p_vaddr = 0x401234,
		 .p_filesz = 8,
		 .p_memsz = 16},
		{.p_type = PT_NOTE,
		 .p_offset = sizeof(header) + sizeof(segment),
		 .p_filesz = 16 + 40,
		 .p_align = 4},
	};
	const Elf64_Nhdr note = {4, 40, NT_GNU_BUILD_ID};
	size_t at = 0;

	memcpy(data, &header, sizeof(header));
	memcpy(data + (at += sizeof(header)), segment, sizeof(segment));
	memcpy(data + (at += sizeof(segment)), &note, sizeof(note));
	memcpy(data + (at += sizeof(note)), "GNU", 4);
	at += 4;
	for (uint8_t i = 0; i < 40; i++)
		data[at++] = i;
	return at;
}

/* Low end 0x401000; 0x401234 + 16 - 0x401000 = 0x244 bytes. */
static void bounds_the_span_and_the_build_id(void **state)
{
	uint8_t data[512];
	size_t bytes = craft(data);
	char path[64];
	int fd = make_file(data, bytes, path, sizeof(path));
	struct pw_elf_info info;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_elf_read(&info, path, &err), &err);
	assert_true(info.is_64_bit);
	assert_false(info.is_dynamic);
	assert_int_equal(info.machine, EM_X86_64);
	assert_int_equal(info.low_address, 0x401000);
	assert_int_equal(info.span_bytes, 0x244);
	assert_int_equal(info.build_id_bytes, PW_BUILD_ID_MAX);
	for (uint8_t i = 0; i < PW_BUILD_ID_MAX; i++)
		assert_int_equal(info.build_id[i], i);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_the_dynamic_linker_tells),
		cmocka_unit_test(finds_a_function_where_it_is),
		cmocka_unit_test(refuses_what_is_no_elf_file),
		cmocka_unit_test(refuses_a_file_that_was_cut),
		cmocka_unit_test(survives_any_damage_to_its_headers),
		cmocka_unit_test(bounds_the_span_and_the_build_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

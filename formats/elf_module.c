/*
 * elf_module.c - program headers, build-id and symbols, by libelf.
 *
 * Files are read, never mapped: one that is cut while we look at it must not
 * kill us. libelf checks what it hands out against the size of the file.
 */
#include "formats/elf_module.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

struct file {
	const char *path;
	int fd;
	uint64_t bytes;
	Elf *elf;
};

static void close_file(struct file *file)
{
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
}

static enum pw_status open_file(struct file *file, const char *path,
				struct pw_error *err)
{
	struct stat st;

	*file = (struct file){.path = path, .fd = -1};
	/* Not blocking: a mapped path may name a pipe or a device. */
	file->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &st) != 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", path);
	if (!S_ISREG(st.st_mode))
		return pw_fail(err, PW_ERR_USAGE, "%s: not a regular file",
			       path);
	file->bytes = (uint64_t)st.st_size;
	PW_ASSERT(elf_version(EV_CURRENT) != EV_NONE);
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF)
		return pw_fail(err, PW_ERR_FORMAT, "%s: not an ELF file", path);
	return PW_OK;
}

/* Take the first build-id among the notes of a PT_NOTE. */
static void read_notes(const struct file *file, const GElf_Phdr *segment,
		       struct pw_elf_info *out)
{
	Elf_Type type = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	Elf_Data *data;
	GElf_Nhdr note;
	size_t at = 0;
	size_t name;
	size_t content;

	if (segment->p_offset > INT64_MAX)
		return;
	data = elf_getdata_rawchunk(file->elf, (int64_t)segment->p_offset,
				    segment->p_filesz, type);
	while (data && out->build_id_bytes == 0 &&
	       (at = gelf_getnote(data, at, &note, &name, &content)) > 0) {
		const uint8_t *bytes = data->d_buf;
		size_t length = note.n_descsz;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp(bytes + name, "GNU", 4) != 0)
			continue;
		if (content > data->d_size || length > data->d_size - content)
			return;
		if (length > PW_BUILD_ID_MAX)
			length = PW_BUILD_ID_MAX;
		memcpy(out->build_id, bytes + content, length);
		out->build_id_bytes = (uint32_t)length;
	}
}

/* Widen [*low, *high) by a PT_LOAD. */
static enum pw_status read_load(const struct file *file,
				const GElf_Phdr *segment, uint64_t *low,
				uint64_t *high, struct pw_error *err)
{
	uint64_t end;

	if (segment->p_offset > file->bytes ||
	    segment->p_filesz > file->bytes - segment->p_offset)
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: cut short: %llu bytes, but a segment ends "
			       "beyond them",
			       file->path, (unsigned long long)file->bytes);
	if (__builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &end))
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: a segment ends beyond the address space",
			       file->path);
	if (segment->p_vaddr < *low)
		*low = segment->p_vaddr;
	if (end > *high)
		*high = end;
	return PW_OK;
}

static enum pw_status read_segments(const struct file *file,
				    struct pw_elf_info *out,
				    struct pw_error *err)
{
	uint64_t low = UINT64_MAX;
	uint64_t high = 0;
	size_t count;

	if (elf_getphdrnum(file->elf, &count) != 0)
		return pw_fail(err, PW_ERR_FORMAT, "%s: %s", file->path,
			       elf_errmsg(-1));
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		enum pw_status st = PW_OK;

		if (!gelf_getphdr(file->elf, (int)i, &segment))
			return pw_fail(err, PW_ERR_FORMAT,
				       "%s: cut short in its program headers",
				       file->path);
		if (segment.p_type == PT_LOAD)
			st = read_load(file, &segment, &low, &high, err);
		else if (segment.p_type == PT_NOTE)
			read_notes(file, &segment, out);
		if (st != PW_OK)
			return st;
	}
	if (low >= high)
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: has nothing to load: not a program or "
			       "shared library",
			       file->path);
	out->low_address = low & ~(PW_PAGE_BYTES - 1);
	out->span_bytes = high - out->low_address;
	return PW_OK;
}

enum pw_status pw_elf_read(struct pw_elf_info *out, const char *path,
			   struct pw_error *err)
{
	struct file file;
	GElf_Ehdr header;
	enum pw_status st;

	memset(out, 0, sizeof(*out));
	st = open_file(&file, path, err);
	if (st == PW_OK && !gelf_getehdr(file.elf, &header))
		st = pw_fail(err, PW_ERR_FORMAT, "%s: cut short in its header",
			     path);
	if (st == PW_OK) {
		out->is_64_bit = gelf_getclass(file.elf) == ELFCLASS64;
		out->is_dynamic = header.e_type == ET_DYN;
		out->machine = header.e_machine;
		st = read_segments(&file, out, err);
	}
	close_file(&file);
	return st;
}

enum pw_status pw_elf_module(struct pw_module *out, const char *path,
			     uint32_t process, uint64_t address,
			     struct pw_error *err)
{
	struct pw_elf_info info;
	enum pw_status st = pw_elf_read(&info, path, err);

	if (st != PW_OK)
		return st;
	*out = (struct pw_module){
		.process = process,
		.base = address,
		.load_bias = address - info.low_address,
		.span_bytes = info.span_bytes,
		.build_id_bytes = info.build_id_bytes,
		.path = path,
	};
	memcpy(out->build_id, info.build_id, sizeof(out->build_id));
	return PW_OK;
}

/* Look for @name in one symbol table. */
static bool find_symbol(const struct file *file, Elf_Scn *section,
			const GElf_Shdr *header, const char *name,
			GElf_Sym *symbol)
{
	Elf_Data *data = elf_getdata(section, NULL);

	for (int i = 0; data && gelf_getsym(data, i, symbol); i++) {
		const char *text =
			elf_strptr(file->elf, header->sh_link, symbol->st_name);

		if (symbol->st_shndx != SHN_UNDEF && text &&
		    strcmp(text, name) == 0)
			return true;
	}
	return false;
}

static bool find_in_tables(const struct file *file, uint32_t type,
			   const char *name, GElf_Sym *symbol)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == type &&
		    find_symbol(file, section, &header, name, symbol))
			return true;
	}
	return false;
}

enum pw_status pw_elf_symbol_range(const char *path, const char *name,
				   uint64_t *address, uint64_t *size_bytes,
				   struct pw_error *err)
{
	struct file file;
	GElf_Sym symbol = {0};
	enum pw_status st = open_file(&file, path, err);

	if (st == PW_OK && !find_in_tables(&file, SHT_SYMTAB, name, &symbol) &&
	    !find_in_tables(&file, SHT_DYNSYM, name, &symbol))
		st = pw_fail(err, PW_ERR_FORMAT, "%s: has no symbol \"%s\"",
			     path, name);
	if (st == PW_OK) {
		*address = symbol.st_value;
		*size_bytes = symbol.st_size;
	}
	close_file(&file);
	return st;
}

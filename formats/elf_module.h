/*
 * elf_module.h - what a trace wants to know of an ELF file.
 */
#ifndef PW_FORMATS_ELF_MODULE_H
#define PW_FORMATS_ELF_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/trace.h"

struct pw_elf_info {
	bool is_64_bit;
	bool is_dynamic;	 /* ET_DYN: may be mapped anywhere */
	uint16_t machine;	 /* EM_X86_64 and so on */
	uint64_t low_address;	 /* of its PT_LOADs, rounded down to a page */
	uint64_t span_bytes;	 /* from there to the end of the last PT_LOAD */
	uint32_t build_id_bytes; /* 0: it has none */
	uint8_t build_id[PW_BUILD_ID_MAX];
};

/*
 * Read the program headers and the build-id of @path. Longer build-ids are
 * cut to PW_BUILD_ID_MAX bytes.
 *
 * Errors: PW_ERR_USAGE  the file cannot be opened or is not a regular one.
 *         PW_ERR_FORMAT not ELF, cut short, inconsistent, or without PT_LOAD.
 * Source: System V ABI, chapters 4 and 5; NT_GNU_BUILD_ID as in elf.h.
 */
enum pw_status pw_elf_read(struct pw_elf_info *out, const char *path,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Describe @path as a module of @process whose lowest PT_LOAD is mapped at
 * @address.
 *
 * Owns:   out->path is @path itself.
 * Errors: as pw_elf_read.
 */
enum pw_status pw_elf_module(struct pw_module *out, const char *path,
			     uint32_t process, uint64_t address,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Where the defined symbol @name lies, by the full symbol table or, without
 * it, the dynamic one.
 *
 * Units:  *address is an ELF virtual address: add the load bias.
 * Errors: as pw_elf_read; PW_ERR_FORMAT also when there is no such symbol.
 */
enum pw_status pw_elf_symbol_range(const char *path, const char *name,
				   uint64_t *address, uint64_t *size_bytes,
				   struct pw_error *err) PW_MUST_CHECK;

#endif

/*
 * oracle_tables.h - the page tables that the kernel keeps, as a plain list.
 *
 * Source: replay/MODEL.md, "Page tables": what VmPTE counts.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_TABLES_H
#define PW_TESTS_ORACLE_ORACLE_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/oracle/oracle_space.h"

/*
 * An entry at @height for @page comes: there are the tables for it.
 */
void pw_oracle_tables_need(struct pw_oracle_space *space, uint64_t page,
			   unsigned height);

/*
 * Whether there is the leaf table of @page.
 */
bool pw_oracle_tables_has_leaf(const struct pw_oracle_space *space,
			       uint64_t page);

/*
 * What was in [first, end) has been unmapped; or dropped by an MADV_DONTNEED
 * that gives leaf tables back.
 */
void pw_oracle_tables_unmapped(struct pw_oracle_space *space, uint64_t first,
			       uint64_t end);
void pw_oracle_tables_dropped(struct pw_oracle_space *space, uint64_t first,
			      uint64_t end);

/*
 * A fork copies [first, end) of @parent.
 */
void pw_oracle_tables_copy(struct pw_oracle_space *child,
			   const struct pw_oracle_space *parent, uint64_t first,
			   uint64_t end);

/*
 * The pages of [first, end) are about to move to @target.
 */
void pw_oracle_tables_move(struct pw_oracle_space *space, uint64_t first,
			   uint64_t end, uint64_t target);

/*
 * The memory of the tables below the root.
 *
 * Units: bytes.
 */
uint64_t pw_oracle_tables_bytes(const struct pw_oracle_space *space);

#endif

/*
 * chunk_role.c - the roles of chunks: a new kind is one line.
 */
#include "formats/chunk_role.h"

#include "formats/layout.h"

enum pw_chunk_role pw_chunk_role(unsigned kind)
{
	static const enum pw_chunk_role roles[PW_CHUNK_KINDS] = {
		[PW_CHUNK_META] = PW_ROLE_DECLARES,
		[PW_CHUNK_THREADS] = PW_ROLE_DECLARES,
		[PW_CHUNK_MODULES] = PW_ROLE_DECLARES,
		[PW_CHUNK_SHAPES] = PW_ROLE_DECLARES,
		[PW_CHUNK_ACCESSES] = PW_ROLE_THREAD,
		[PW_CHUNK_TOUCHES] = PW_ROLE_THREAD,
		[PW_CHUNK_TIMELINE] = PW_ROLE_COMMITS,
		[PW_CHUNK_INDEX] = PW_ROLE_GUIDES,
		[PW_CHUNK_END] = PW_ROLE_GUIDES,
	};

	return kind < PW_CHUNK_KINDS ? roles[kind] : PW_ROLE_UNKNOWN;
}

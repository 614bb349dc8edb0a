/*
 * chunk_role.h - what a kind of chunk is to those who copy chunks.
 */
#ifndef PW_FORMATS_CHUNK_ROLE_H
#define PW_FORMATS_CHUNK_ROLE_H

enum pw_chunk_role {
	PW_ROLE_UNKNOWN,  /* of a newer version; not copied */
	PW_ROLE_DECLARES, /* of the whole trace; made anew */
	PW_ROLE_THREAD,	  /* of a thread in a segment; copied with it */
	PW_ROLE_COMMITS,  /* ends a segment; copied with it */
	PW_ROLE_GUIDES,	  /* tells where others are; made anew */
};

/*
 * The role of a kind of chunk.
 */
enum pw_chunk_role pw_chunk_role(unsigned kind);

#endif

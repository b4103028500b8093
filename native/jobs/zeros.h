#ifndef BTKIT_ZEROS_H
#define BTKIT_ZEROS_H

#include "hash_batch.h"

#define ZEROS ((size_t)256 * 1024)

/* Zeros in place of data that needs not be read. Nothing is ever written there. */
extern uint8_t zeros[ZEROS];

/* Whether a piece is known to have only zeros, and is not the last one. */
bool is_zero_piece(struct worker *worker, size_t piece);

/* Sets the digests of such a piece, and those of its blocks if the job needs them. */
void set_zero_piece(struct worker *worker, size_t piece);

/* Sets the digests of blocks that have only zeros. */
void set_zero_blocks(struct worker *worker, size_t first, size_t count);

#endif

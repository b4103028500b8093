#ifndef BTKIT_TREE_TABLES_H
#define BTKIT_TREE_TABLES_H

#include <node_api.h>

/*
 * treeTablesAsync(roots: string[], { deep: number, all: boolean, stop: Int32Array }):
 * Promise<(Uint8Array | null)[]>
 *
 * Reads directories as the system lists them: the first `deep` roots with everything below, the
 * others with only their own entries. They are read in parallel, off the event loop, while the
 * first word of `stop` is 0; a few hundred entries are read at once instead. Returns the tables of
 * tree_table.h, with null for each that failed. Throws a TypeError for arguments of the wrong kind.
 */
napi_value tree_tables_async(napi_env env, napi_callback_info info);

#endif

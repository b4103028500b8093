#ifndef BTKIT_TREE_TABLES_H
#define BTKIT_TREE_TABLES_H

#include <node_api.h>

/*
 * treeTablesAsync(roots: string[], { deep: number, all: boolean, stop: Int32Array }):
 *   Promise<(Uint8Array | null)[]>
 *
 * All that is in some directories, as the system lists it: of the first `deep` roots with what lies
 * below, of the others their own entries alone. They are read side by side, off the event loop, until
 * the first word of `stop` is no longer 0; a few hundred entries are read at once instead.
 *
 * The answers are the tables of tree_table.h, or null for those that have failed. Throws a TypeError
 * for arguments of the wrong kind.
 */
napi_value tree_tables_async(napi_env env, napi_callback_info info);

#endif

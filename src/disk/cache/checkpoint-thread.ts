// Moves what was written from the log of a cache into its file. The disk syncs both, which may take
// long.
import { workerData } from 'node:worker_threads'
import { openDatabase } from './sqlite.js'

const database = openDatabase(workerData as string)
database.exec('pragma wal_checkpoint(passive)')
database.close()

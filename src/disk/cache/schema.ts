import { transact, type Database } from './sqlite.js'

/** The version of the file's format. Files of a newer version are not touched. */
const FORMAT = 1

/** Marks the file as btkit's: "btkc". */
const APPLICATION = 0x62746b63

/**
 * A record's key begins with its kind, and then with the path of a file: keys that are used
 * together lie together, in an index of their own. In a table without rowid, SQLite would read the
 * whole value of each record that it passes on the way to another. `used` is the day of the last
 * use, since 1970. A trigger counts records, because SQLite would read all to count them.
 */
const TABLES = `
  create table records (key blob primary key, used integer not null, value blob not null);
  create table totals (records integer not null, hits integer not null, misses integer not null);
  insert into totals values (0, 0, 0);
  create trigger added after insert on records begin update totals set records = records + 1; end;
  create trigger removed after delete on records begin update totals set records = records - 1; end;
  pragma application_id = ${APPLICATION};
  pragma user_version = ${FORMAT};`

/** Reads at one moment what tells a format: another process may just be giving the file one. */
const MARKS = `select application_id as application, user_version as version,
  (select count(*) from sqlite_schema) as entries
  from pragma_application_id, pragma_user_version`

interface Marks {
  readonly application: number
  readonly version: number
  readonly entries: number
}

/** All statements for single records. */
export const SQL = {
  get: 'select used, value from records where key = ?',
  put: `insert into records values (?, ?, ?)
    on conflict (key) do update set used = excluded.used, value = excluded.value`,
  remove: 'delete from records where key = ?',
  addUsage: 'update totals set hits = hits + ?, misses = misses + ?',
  totals: 'select records, hits, misses from totals',
  usedBytes: `select (page_count - freelist_count) * page_size as bytes
    from pragma_page_count, pragma_freelist_count, pragma_page_size`,
  entries: 'select key, value from records where key between ? and ? order by key',
  /** The last key of a slice of so many records. */
  slice: 'select key from records where key > ? order by key limit 1 offset ?',
}

/** All records of a slice, for statements on slices. */
export const IN_SLICE = 'key > $from and key <= $to'

/** The kind in a key. */
export const KIND = 'cast(substr(key, 1, 2) as text)'

/** The file is of another program, or of a newer btkit. */
export class OtherFormat extends Error {
  /** As SQLite has it for files that are no database, unless the file must stay. */
  readonly errcode: number

  constructor(isNewer: boolean) {
    super(isNewer ? 'a newer btkit wrote it' : 'not a cache of btkit')
    this.errcode = isNewer ? 0 : 26
  }
}

/**
 * Makes sure that a file has this format. An empty file gets it.
 * @throws OtherFormat; Error of SQLite
 */
export function prepareFormat(database: Database): void {
  if (isPrepared(database)) return
  // Readers never wait for a writer, and a power failure loses only the last seconds
  database.exec('pragma journal_mode = wal')
  transact(database, () => {
    if (!isPrepared(database)) database.exec(TABLES)
  })
}

/**
 * Whether a file has this format; false if it is empty.
 * @throws as prepareFormat
 */
export function isPrepared(database: Database): boolean {
  const { application, version, entries } = database.prepare(MARKS).get() as Marks
  if (application !== APPLICATION) {
    if (entries === 0) return false
    throw new OtherFormat(false)
  }
  if (version !== FORMAT) throw new OtherFormat(version > FORMAT)
  return true
}

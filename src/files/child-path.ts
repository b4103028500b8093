import { sep } from 'node:path'

/**
 * The path of a name in a directory whose path is normal already, such as a real one. It takes a
 * tenth of the time that path.join does, which parses both.
 */
export function childPath(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name
}

import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './programs.js'

/** Copies the built program into a directory, with links to its packages and the accelerator. */
export function installProgram(directory: string): void {
  for (const each of ['bin', 'dist/bundle', 'package.json'])
    cpSync(join(projectRoot, each), join(directory, each), { recursive: true })
  for (const each of ['node_modules', 'native'])
    symlinkSync(join(projectRoot, each), join(directory, each))
}

import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Plants directories that link to the next one twice: more paths than anybody can list. */
export function plantEndless(root: string): void {
  for (let number = 0; number < 40; number++) {
    const directory = join(root, String(number))
    mkdirSync(directory, { recursive: true })
    for (const name of ['a', 'b']) symlinkSync(`../${number + 1}`, join(directory, name))
  }
  mkdirSync(join(root, '40'))
}

/** Modules of Node that take long to load beside what most commands use of them. */
const SLOW_MODULES: ReadonlySet<string> = new Set([
  'node:child_process',
  'node:crypto',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:net',
  'node:os',
  'node:readline',
  'node:timers/promises',
  'node:tls',
  'node:tty',
  'node:v8',
  'node:worker_threads',
])

/** `require`, but the slow modules of Node are loaded only when something of them is used. */
export function makeLazy(require: NodeJS.Require): (id: string) => unknown {
  const load = (id: string) => require(id) as object
  return (id) => (SLOW_MODULES.has(id) ? standIn(() => load(id)) : load(id))
}

/** It asks `require` once: names are looked up for every request, and that takes a microsecond. */
function standIn(load: () => object): object {
  let loaded: object | null = null
  return new Proxy(
    {},
    {
      get: (_target, key) => Reflect.get((loaded ??= load()), key) as unknown,
      ownKeys: () => Reflect.ownKeys((loaded ??= load())),
    },
  )
}

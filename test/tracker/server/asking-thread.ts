// Asks for an address while the thread that started it waits, and tells it the status.
import { workerData } from 'node:worker_threads'

const { url, status } = workerData as { url: string; status: Int32Array }
const response = await fetch(url, { headers: { Connection: 'close' } })
await response.text()
Atomics.store(status, 0, response.status)
Atomics.notify(status, 0)

// In a process of its own: it closes its browser at the end
import { testPages } from './accessibility.js'

for (const colorScheme of ['light', 'dark'] as const) {
  testPages(colorScheme, [320, 390, 800, 1000, 1280, 1440])
}

// In a process of its own: it closes its browser at the end
import { testListing, testProgress, testStatus } from './accessibility.js'

for (const colorScheme of ['light', 'dark'] as const) {
  testListing(colorScheme, [320, 390, 800, 1280, 1440])
  testProgress(colorScheme)
  testStatus(colorScheme)
}

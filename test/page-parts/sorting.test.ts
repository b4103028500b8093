import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderPages } from '../../src/page-parts/sorting.js'

/** The page's links and other words, in order. */
function shownAt(page: number, pages: number): string {
  const nav = renderPages({ page, pages }, (to) => `?page=${to}`, 'Pages')
  if (nav === false) return ''
  const words = nav.text
    .replaceAll(/<a href="\?page=(\d+)"( rel="\w+")?>(\S+)<\/a>/g, '$3=$1')
    .replace(/<b aria-current="page">(\d+)<\/b>/, '[$1]')
  return words
    .replaceAll(/<[^>]*>/g, '')
    .trim()
    .replaceAll(/\s+/g, ' ')
}

test('pages of a list are links, except this one; the ends and the nearest are shown', () => {
  for (const [page, pages, expected] of [
    [1, 1, ''],
    [1, 2, '[1] 2=2 next=2'],
    [2, 2, 'previous=1 1=1 [2]'],
    [2, 3, 'previous=1 1=1 [2] 3=3 next=3'],
    [1, 12, '[1] 2=2 3=3 … 12=12 next=2'],
    [3, 12, 'previous=2 1=1 2=2 [3] 4=4 … 12=12 next=4'],
    [6, 12, 'previous=5 1=1 … 5=5 [6] 7=7 … 12=12 next=7'],
    [12, 12, 'previous=11 1=1 … 10=10 11=11 [12]'],
    [1, 1200, '[1] 2=2 3=3 … 1,200=1200 next=2'],
  ] as const)
    assert.equal(shownAt(page, pages), expected)
})

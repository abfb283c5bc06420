interface PageOf<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}

/** Walks the pages of a list, and hands each over. @returns whether that was all; false: it stopped at `most` rows. */
export async function eachPage<Row>(
  page: (after: string | null) => Promise<PageOf<Row>>,
  take: (rows: readonly Row[], count: number) => void,
  most = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  let count = 0
  let after: string | null = null
  do {
    const found: PageOf<Row> = await page(after)
    count += found.rows.length
    take(found.rows, count)
    after = found.next
  } while (after !== null && count < most)
  return after === null
}

/** All rows of a list, telling how many are there so far. */
export async function everything<Row>(page: (after: string | null) => Promise<PageOf<Row>>, tell: (count: number) => void): Promise<Row[]> {
  const rows: Row[] = []
  await eachPage(page, (more, count) => {
    rows.push(...more)
    tell(count)
  })
  return rows
}

interface PageOf<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}

/** Walks all pages of a list, telling how many rows are there so far. */
export async function everything<Row>(
  page: (after: string | null) => Promise<PageOf<Row>>,
  tell: (count: number) => void,
  most = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const rows: Row[] = []
  let after: string | null = null
  do {
    const found: PageOf<Row> = await page(after)
    rows.push(...found.rows)
    tell(rows.length)
    after = found.next
  } while (after !== null && rows.length < most)
  return rows
}

/** Works on several items at once, by so many lanes; the results come in the order of the items. The first failure ends it. */
export async function inParallel<A, B>(items: readonly A[], lanes: number, work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = new Array<B>(items.length)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as A) // index is in range
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  return results
}

/** The rows of a CSV text with a head line, by column. Source: RFC 4180, as the Bulk API writes it: comma, line feed, quotes where needed. */
export function csvRows(text: string): readonly Readonly<Record<string, string>>[] {
  const [head = [], ...rows] = cellsOf(text)
  return rows.filter((row) => row.some((cell) => cell !== '')).map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])))
}

function cellsOf(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  const endCell = (): void => {
    rows.at(-1)?.push(cell)
    cell = ''
  }
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? ''
    if (quoted && sign === '"' && text[at + 1] === '"') {
      cell += '"'
      at += 1
    } else if (sign === '"') quoted = !quoted
    else if (!quoted && sign === ',') endCell()
    else if (!quoted && sign === '\n') {
      endCell()
      rows.push([])
    } else if (quoted || sign !== '\r') cell += sign
  }
  endCell()
  return rows
}

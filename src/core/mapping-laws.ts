import { sameValue, type Field, type FieldValue, type Projection } from './deal.js'

/** The pure half of a codec and what a record would show after a write: enough to hold any mapping row to its laws. */
export interface Codec {
  canonical(deal: Projection): Projection
  /** Writes the deal to a fresh record and reads that record back. */
  writtenAndRead(deal: Projection): Projection
}

/**
 * The three laws of every mapping row; the answer is the list of those that a value breaks:
 * what was written reads as its canonical form · the canonical form is its own canonical form · no other field appears or changes.
 */
export function brokenLaws(codec: Codec, field: Field, deal: Projection): string[] {
  const canonical = codec.canonical(deal)
  const read = codec.writtenAndRead(deal)
  const say = (value: FieldValue | undefined): string => JSON.stringify(value) ?? 'absent'
  const broken: string[] = []
  if (!sameValue(read[field], canonical[field])) broken.push(`${field}: written and read it is ${say(read[field])}, its canonical form is ${say(canonical[field])}`)
  const twice = codec.canonical(canonical)
  if (!sameValue(twice[field], canonical[field])) broken.push(`${field}: canonical twice is ${say(twice[field])}, once is ${say(canonical[field])}`)
  const strange = Object.keys(canonical).filter((name) => !(name in deal))
  if (strange.length > 0) broken.push(`${field}: the canonical form also carries ${strange.join(', ')}`)
  return broken
}

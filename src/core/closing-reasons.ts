/**
 * The reasons Partner Center offers for declining or losing a deal, by the number its bulk file gives them. The API carries them as text.
 * Source: learn.microsoft.com "Bulk operations" (read 2023-10).
 */
export const CLOSING_REASONS = [
  'Project budget not adequate',
  'Customer did not respond',
  'Customer chose another vendor',
  'Customer requirement not met',
  'Not a customer',
  'Proposed timeline too short',
  'Report as abuse, spam or phishing',
  'Others',
] as const

/** A reason by its number, or the text as it is. */
export const closingReason = (text: string): string => (/^[1-8]$/.test(text.trim()) ? (CLOSING_REASONS[Number(text) - 1] ?? text) : text)

/** What is said where nobody gave a reason and one is asked for. */
export const UNSAID_REASON = 'Others'

/**
 * Digits after the point of currencies that differ from two.
 * Source: ISO 4217 list of minor units (read 2023-10).
 */
const MINOR_UNITS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map((code) => [code, 0]),
  ),
  ...Object.fromEntries(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3])),
}

/** Digits after the point of a currency, by its ISO code in any case. Two for a code we do not know. */
export const digitsOf = (currency: string): number => MINOR_UNITS[currency.trim().toUpperCase()] ?? 2

/** Rounds half away from zero by the decimal digits people see, not by the binary number behind them. */
export function roundMoney(amount: number, precision: number): number {
  const size = Math.abs(amount)
  if (!Number.isFinite(size) || size < 1e-6) return 0
  if (size >= 1e15) return amount
  const rounded = Math.round(Number(`${size}e${precision}`)) / 10 ** precision
  return amount < 0 && rounded > 0 ? -rounded : rounded // Nothing is nothing: no zero below zero.
}

import { FIELD_WORDS } from '../../../../src/core/field-words.js'

/** The record and the console call a field the same. */
export const fields = FIELD_WORDS

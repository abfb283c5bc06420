import { PREFIX } from './blueprint.js'

/** Files that the CRM shows: the status icon of views and its pictures. */
export interface WebResource {
  readonly name: string
  readonly displayName: string
  /** 3 = script, 11 = SVG. */
  readonly type: 3 | 11
  readonly text: string
}

const image = (state: string): string => `${PREFIX}_/img/${state}.svg`
const script = `${PREFIX}_/scripts/syncstatus.js`
export const ICON_FUNCTION = 'Cosell.SyncStatus.render'
export const ICON_SCRIPT = script

/** One picture a state, 16 pixels, told apart by shape as well as by colour. */
const drawings: Readonly<Record<string, string>> = {
  'in-sync': '<circle cx="8" cy="8" r="7" fill="#107c10"/><path d="M4.5 8.2l2.4 2.4 4.6-5" fill="none" stroke="#fff" stroke-width="1.8"/>',
  pending:
    '<circle cx="8" cy="8" r="6.2" fill="none" stroke="#0f6cbd" stroke-width="1.6"/><path d="M8 4.5V8l2.4 1.6" fill="none" stroke="#0f6cbd" stroke-width="1.6"/>',
  'needs-attention': '<path d="M8 1.2l7 13.1H1z" fill="#bc4b09"/><path d="M8 6v4.2M8 11.6v1.4" stroke="#fff" stroke-width="1.7"/>',
  stopped: '<circle cx="8" cy="8" r="7" fill="#b10e1c"/><path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" stroke="#fff" stroke-width="1.8"/>',
  unlinked: '<circle cx="8" cy="8" r="6.2" fill="none" stroke="#707070" stroke-width="1.6" stroke-dasharray="2.4 2"/>',
}

/** The five words stay what they are in every language; what they mean is said in the reader's. */
const hoverTexts = {
  en: {
    'in-sync': 'in-sync: the same in Partner Center',
    pending: 'pending: on its way to Partner Center',
    'needs-attention': 'needs-attention: see Sync Problem',
    stopped: 'stopped: given up; see Sync Problem',
    unlinked: 'unlinked: not connected to a referral',
  },
  zh: {
    'in-sync': 'in-sync：与合作伙伴中心一致',
    pending: 'pending：正在同步到合作伙伴中心',
    'needs-attention': 'needs-attention：请查看 Sync Problem',
    stopped: 'stopped：已停止重试，请查看 Sync Problem',
    unlinked: 'unlinked：未关联引荐',
  },
} as const

/**
 * What a view calls for every row. It gets the row as JSON text and answers a picture and a hover text.
 * `<column>_Value` is the value, `<column>` the text people see.
 * Source: learn.microsoft.com "Display custom icons alongside values in list views" (read 2023-10).
 */
function scriptText(): string {
  return `var Cosell = window.Cosell || {};
Cosell.SyncStatus = (function () {
  "use strict";
  var texts = ${JSON.stringify(hoverTexts.en)};
  var chinese = ${JSON.stringify(hoverTexts.zh)};
  // Languages of the platform that are Chinese: 2052, 1028, 3076, 4100, 5124.
  function textsFor(language) { return (language & 1023) === 4 ? chinese : texts; }
  function valueOf(row, name) {
    var raw = row[name + "_Value"];
    if (raw === undefined || raw === null) raw = row[name];
    if (raw && typeof raw === "object" && raw.Value !== undefined) raw = raw.Value;
    return raw === undefined || raw === null ? "" : String(raw);
  }
  function render(rowData, language) {
    var row;
    try { row = JSON.parse(rowData); } catch (error) { return ["", ""]; }
    var state = valueOf(row, "${PREFIX}_syncstatus").split(":")[0].trim();
    if (!Object.prototype.hasOwnProperty.call(texts, state)) return ["", ""];
    var time = row["${PREFIX}_lastsynced"] || valueOf(row, "${PREFIX}_lastsynced");
    return ["${PREFIX}_/img/" + state + ".svg", textsFor(language)[state] + (time ? " (" + time + ")" : "")];
  }
  return { render: render };
})();
`
}

export const WEB_RESOURCES: readonly WebResource[] = [
  ...Object.entries(drawings).map(([state, drawing]): WebResource => ({
    name: image(state),
    displayName: `Co-sell status: ${state}`,
    type: 11,
    text: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${drawing}</svg>\n`,
  })),
  { name: script, displayName: 'Co-sell status icon', type: 3, text: scriptText() },
]

export const contentOf = ({ text }: WebResource): string => Buffer.from(text, 'utf8').toString('base64')

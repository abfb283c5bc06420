import type { Messages } from '../en/index.js'

export const bulk: Messages['bulk'] = {
  sample: (count) => (count === '1' ? '涉及 1 个商机：' : `涉及 ${count} 个商机，例如：`),
  progress: (done, of) => `${done} / ${of}`,
  went: (went, of) => `已完成 ${went} / ${of}`,
  failed: (count) => `${count} 个未成功：`,
  stopped: '已停止。已完成的保持不变。',
  stop: '停止',
}

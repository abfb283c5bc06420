import type { Messages } from '../en/index.js'

export const attention: Messages['attention'] = {
  title: '待处理',
  lead: '按原因列出阻碍同步的问题。原因解决一次，同类商机全部继续。',
  none: '没有需要您处理的事项',
  noneHelp: '所有商机均已同步、正在进行或有意不处理。',
  waitingTitle: '自动处理中',
  waitingLead: '这些会自动重试，无需您操作。',
  count: (count) => `${count} 个商机`,
  what: '含义',
  todo: '处理办法',
  example: '商机',
  all: (count) => `全部 ${count} 个`,
  retryKind: '重试这些',
  retryAsk: (count, cause) => `重试 ${count} 个商机：${cause}？`,
  retryExplain: '每个商机都会重新规划并立即处理。未解决的会再次出现在此处。',
  retryProgress: (done, total) => `${done} / ${total}`,
  retryDone: (count) => `已处理 ${count} 个商机`,
  stopRetry: '停止',
  decide: '去决定',
  conflicts: '待决定的字段',
}

import type { Messages } from '../en/index.js'

export const audit: Messages['audit'] = {
  title: '审计',
  lead: '看到、决定和写入的一切，记录在不间断的链中。',
  kind: '内容',
  by: '操作者',
  deal: '商机',
  dealHint: '商机、推荐或 CRM 记录的标识',
  span: '时间',
  spans: { hour: '最近 1 小时', day: '最近 24 小时', week: '最近 7 天', all: '全部时间' },
  none: '没有匹配的记录',
  noneHelp: '请更改或清除筛选条件。',
  more: '更早的记录',
  searched: (count) => `已查找 ${count} 条记录`,
  verify: '验证链',
  verifying: '正在验证……',
  whole: (entries, chains) => `完整：${chains} 条链，共 ${entries} 条记录。`,
  broken: (count) => `有 ${count} 处中断`,
  at: (link, sequence, why) => `${link}，第 ${sequence} 条：${why}`,
  installation: '系统',
  columns: { at: '时间', who: '操作者', what: '内容', deal: '商机', detail: '详情' },
}

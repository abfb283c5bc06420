import type { Messages } from '../en/index.js'

export const reasons: Messages['reasons'] = {
  retrying: { name: '重试中', what: '某个系统没有正常应答。', todo: '无需操作：72 小时内会继续重试。' },
  conflict: { name: '冲突', what: '双方修改了同一字段。', todo: '打开商机，选择保留哪个值。' },
  confirm: { name: '等待确认', what: '此步骤不可撤销，设置要求先确认。', todo: '打开商机并确认，或在记录上撤销更改。' },
  unanswered: { name: '答复前的修改', what: '商机在等待接受或拒绝期间在 CRM 中被编辑。', todo: '接受商机后，所做的编辑即会发送。' },
  preflight: { name: '信息不完整', what: '合作伙伴中心会拒绝当前内容。', todo: '在 CRM 记录中补全所列项目。' },
  rejected: { name: '被拒绝', what: '对方系统最终拒绝了更改。', todo: '按提示修正记录，之后会自动重试。' },
  'unmapped-value': { name: '未知取值', what: '映射中没有对应的取值。', todo: '在映射中为该取值添加一行。' },
  'missing-record': { name: '记录丢失', what: '两条记录之一已无法找到。', todo: '恢复该记录，或解除关联。' },
  'linked-record-missing': { name: '关联记录丢失', what: '记录所带的标识指向不存在的记录。', todo: '关联正确的记录，或清除记录上的标识。' },
  'duplicate-marker': { name: '重复关联', what: '有多条记录自称是此商机的另一半。', todo: '确定正确的一条，并清除其他记录上的标识。' },
  'ambiguous-account': { name: '有多个客户符合', what: 'CRM 中有多个客户可能是新商机的客户。为避免归入错误的客户，已新建一个；商机本身已同步。', todo: '在 CRM 中合并这些客户，然后按“重试这些”：会重新查看商机。' },
  'identifier-changed': { name: '标识被更改', what: '关联记录的标识被手动修改。', todo: '改回原值，或重新关联。' },
  reopened: { name: '重新打开', what: '已关闭的商机在 CRM 中被重新打开；合作伙伴中心不支持。', todo: '再次关闭，或新建商机。' },
  absent: { name: '不可见', what: '记录目前不可见。', todo: '检查记录的访问权限；系统会再次查找。' },
  excluded: { name: '已排除', what: '设置中的规则不处理此商机。', todo: '如需同步，请修改设置。' },
  closed: { name: '已关闭', what: '商机已关闭，不再写入。', todo: '无需操作。' },
  ignored: { name: '不处理', what: '有人要求不处理此商机。', todo: '在其页面上重新启用。' },
  brake: { name: '保护性暂停', what: '一次巡检将更改异常多的商机，已被停止。', todo: '查看计划，然后解除暂停。' },
  'given-up': { name: '已放弃', what: '连续失败 72 小时。', todo: '排除原因后重试。' },
  observing: { name: '观察中', what: '该流向只观察，并记录将要写入的内容。', todo: '满意后打开该流向。' },
}

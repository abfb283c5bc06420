import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useNotices } from '../../api/queries.js'
import { PageLink } from '../../parts/links.js'
import { useText } from '../../i18n/locale.js'
import { Sentence } from '../../parts/sentence.js'

const shown = 3

/** What the service itself wants a person to know now: a lapsed sign-in, a lost registration, an answer that is due. */
export function Notices() {
  const { common } = useText()
  const { data } = useNotices()
  return (data?.notices ?? []).slice(0, shown).map((notice) => (
    <MessageBar key={notice.key} intent={notice.level === 'urgent' ? 'error' : 'warning'} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>
          <Sentence text={notice.title} />
        </MessageBarTitle>{' '}
        <Sentence text={notice.text} /> <Sentence text={notice.remedy} />{' '}
        {notice.deal !== null && (
          <PageLink to="/deals/$deal" params={{ deal: notice.deal }}>
            {common.actions.open}
          </PageLink>
        )}
      </MessageBarBody>
    </MessageBar>
  ))
}

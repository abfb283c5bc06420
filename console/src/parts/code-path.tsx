import { Fragment } from 'react'

const seams = /(?<=[._])|(?<=[a-z])(?=[A-Z])/

/** The name of a column or a property: where it needs two lines it breaks between its parts, never within a word. */
export function CodePath({ path, className }: { readonly path: string; readonly className?: string }) {
  return (
    <code {...(className === undefined ? {} : { className })}>
      {path.split(seams).map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </code>
  )
}

/** What the content policy lets this page's own styles carry; the server puts a fresh one into each page. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''

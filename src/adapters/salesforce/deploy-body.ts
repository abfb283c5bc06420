const boundary = '----cosell-deployment-7b1e5d2c'

/** The multipart body of a deployment: the options and the zip. Source: Metadata API Developer Guide, "Deploy using REST". */
export function deployBody(zip: Uint8Array, checkOnly: boolean): { readonly contentType: string; readonly body: Uint8Array } {
  const deployOptions = {
    allowMissingFiles: false,
    autoUpdatePackage: false,
    checkOnly,
    ignoreWarnings: true,
    performRetrieve: false,
    purgeOnDelete: false,
    rollbackOnError: true,
    runTests: null,
    singlePackage: true,
    testLevel: 'NoTestRun',
  }
  const part = (name: string, type: string, more: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: ${type}\r\n\r\n`
  const head = `${part('json', 'application/json', '')}${JSON.stringify({ deployOptions })}\r\n${part('file', 'application/zip', '; filename="deploy.zip"')}`
  const body = Buffer.concat([Buffer.from(head, 'utf8'), zip, Buffer.from(`\r\n--${boundary}--\r\n`, 'utf8')])
  return { contentType: `multipart/form-data; boundary=${boundary}`, body }
}

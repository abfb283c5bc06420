export const solutionPackage = (_kind: 'managed' | 'unmanaged'): Uint8Array => new Uint8Array()

export type Role = 'viewer' | 'operator' | 'admin'

/** Who calls, how they proved it, and what they may do. */
export interface Principal {
  /** Stands in the ledger for what they do. */
  readonly name: string
  readonly role: Role
  readonly via: 'socket' | 'token' | 'session' | 'loopback'
}

import type { Me } from './types'

/** How the page calls somebody: their name, or what stands before the @ of their address. */
export function called({ name, email }: Pick<Me, 'name' | 'email'>): string {
  return name.trim() || email.slice(0, email.lastIndexOf('@')) || email
}

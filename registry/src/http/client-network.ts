const ADDRESS_CHARACTERS_MAX = 64;

/**
 * What the limits count as one client: an IPv4 address, or the /64 network of an IPv6 address, since whoever has
 * one of its addresses usually has them all.
 */
export function networkOf(address: string | undefined): string {
  // What a proxy forwards need not be an address.
  if (address === undefined || address.length > ADDRESS_CHARACTERS_MAX) return 'unknown';
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

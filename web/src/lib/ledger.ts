// The ledger as people read it, and as CSV.
import type { Schema } from './api/client';

export type Entry = Schema['LedgerEntry'];

// The campaign and slot that an entry's document is about: "transaction/bob/0000000001/0000000007".
export function aboutOf(reference: string): { href: string; text: string } | null {
  const match = /^(transaction|campaign)\/([^/]+)\/0*(\d+)(?:\/0*(\d+))?$/.exec(reference);
  if (!match) return null;
  const [, , seller, campaign, slot] = match;
  return { href: `/campaigns/${encodeURIComponent(seller!)}/${campaign}`, text: `${seller}/${campaign}${slot ? `, slot ${slot}` : ''}` };
}

export const KINDS: Record<Entry['kind'], string> = {
  deposit: 'Credit by the operator',
  purchase: 'Slot bought',
  earnings: 'Earnings collected',
  fees: 'Fees collected',
  reversal: 'Deposit taken back: its payment left the chain',
  withdrawal: 'Withdrawn',
  refund: 'Withdrawal cancelled',
};

// RFC 4180. A text that a spreadsheet would take for a formula is marked as text.
export function csvOf(entries: Entry[]): string {
  const cell = (value: string | number) => {
    let text = String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = entries.map((entry) => [entry.number, new Date(entry.at_ms).toISOString(), entry.kind, entry.amount_sat, entry.after_sat, entry.reference]);
  return [['number', 'time_utc', 'kind', 'amount_sat', 'balance_sat', 'reference'], ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}

// The ledger as people read it, and as CSV.
import type { Schema } from './api/client';
import { shortId } from './bitcoin';
import { csv } from './csv';

export type Entry = Schema['LedgerEntry'];

export interface About {
  text: string;
  href?: string;
  title?: string; // in full
}

// What an entry's document is about, and where it can be looked at:
// "transaction/bob/0000000001/0000000007", "campaign/bob/0000000001", "deposit/invoice-17",
// "deposit/<transaction>:<output>", "withdrawal/ann/<attempt>".
export function aboutOf(reference: string): About {
  const sale = /^(?:transaction|campaign)\/([^/]+)\/0*(\d+)(?:\/0*(\d+))?$/.exec(reference);
  if (sale) {
    const [, seller, campaign, slot] = sale;
    return { href: `/campaigns/${encodeURIComponent(seller!)}/${campaign}`, text: `${seller}/${campaign}${slot ? `, slot ${slot}` : ''}` };
  }
  const deposit = onChain(reference);
  if (deposit) return { href: `/account/deposit?show=${encodeURIComponent(deposit)}`, text: shortId(deposit), title: deposit };
  const withdrawal = /^withdrawal\/[^/]+\/([0-9a-f-]{36})$/.exec(reference)?.[1];
  if (withdrawal) return { href: `/account/withdraw?show=${withdrawal}`, text: withdrawal.slice(0, 8), title: withdrawal };
  return { text: reference.replace(/^deposit\//, '') };
}

function onChain(reference: string): string | null {
  return /^deposit\/([0-9a-f]{64}:\d+)$/.exec(reference)?.[1] ?? null;
}

const KINDS: Record<Entry['kind'], string> = {
  deposit: 'Credit by the operator',
  purchase: 'Slot bought',
  earnings: 'Earnings collected',
  fees: 'Fees collected',
  reversal: 'Deposit taken back: its payment left the chain',
  withdrawal: 'Withdrawn',
  refund: 'Withdrawal cancelled',
};

export function kindOf(entry: Entry): string {
  return entry.kind === 'deposit' && onChain(entry.reference) ? 'Bitcoin deposit' : KINDS[entry.kind];
}

export function csvOf(entries: Entry[]): string {
  const rows = entries.map((entry) => [entry.number, new Date(entry.at_ms).toISOString(), entry.kind, entry.amount_sat, entry.after_sat, entry.reference]);
  return csv([['number', 'time_utc', 'kind', 'amount_sat', 'balance_sat', 'reference'], ...rows]);
}

// Bitcoin in, bitcoin out, in plain sentences: what the state of a deposit or a withdrawal means, what happens next,
// and when it is final. Decided here, apart from the pages, so that each case can be tested.
import type { BitcoinDeposit, Problem, Schema, Terms, Withdrawal } from './api/client';
import { formatBtc, formatSat, sat, SAT_PER_BTC, type Sat } from './money';

// "bc1q w508 d6qe ...": how people compare addresses.
export function inGroups(address: string): string[] {
  return address.match(/.{1,4}/gu) ?? [];
}

// A transaction's id, or the one of its outputs: enough to tell them apart.
export function shortId(id: string): string {
  const [transaction = '', output] = id.split(':');
  const short = transaction.length > 20 ? `${transaction.slice(0, 8)}…${transaction.slice(-8)}` : transaction;
  return output === undefined ? short : `${short}:${output}`;
}

// What was pasted as an address: also a whole link.
export function addressOf(text: string): string {
  return text.trim().replace(/^bitcoin:/i, '').replace(/\?.*$/, '');
}

const times = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
export const confirmed = (count: number) => times(count, 'confirmation');

// A round sum in BTC, any other in satoshi.
const inWords = (value: Sat) => (value > 0n && value % (SAT_PER_BTC / 100n) === 0n ? `${formatBtc(value).replace(/\.?0+$/, '')} BTC` : `${formatSat(value)} sat`);

type Row = NonNullable<Terms['deposits']>['confirmations'][number];

// "It is credited after 3 confirmations; from 1 BTC on after 6."
export function tableInWords(table: Row[]): string {
  const rows = table.toSorted((a, b) => a.from_sat - b.from_sat);
  const [first, ...more] = rows;
  if (!first) return '';
  const rest = more.map((row) => `; from ${inWords(sat(row.from_sat))} on after ${row.needed}`);
  return `It is credited after ${confirmed(first.needed)}${rest.join('')}.`;
}

const NETWORKS: Record<Schema['BitcoinNetwork'], string> = { main: 'Bitcoin', test: 'the test network', signet: 'signet', regtest: 'regtest' };

export const networkName = (network: Schema['BitcoinNetwork']) => NETWORKS[network];

// null: real money.
export function networkWarning(network: Schema['BitcoinNetwork']): string | null {
  if (network === 'main') return null;
  return `This market runs on ${networkName(network)}, whose coins are worth nothing. Do not send real bitcoin: it would be lost.`;
}

export interface Said {
  label: string;
  look: '' | 'good' | 'bad' | 'accent';
  text: string; // what it means
  final: string; // what is final, and when
  progress: { at: number; of: number } | null; // confirmations
}

const DEEP = 'It can be undone only if the chain itself leaves as many blocks as have confirmed it.';

export function depositSaid(deposit: BitcoinDeposit): Said {
  const { confirmations, needed } = deposit;
  const owed = sat(deposit.owed_sat);
  switch (deposit.state) {
    case 'seen':
      return {
        label: 'seen', look: 'accent', progress: needed > 0 ? { at: 0, of: needed } : null,
        text: 'The payment is on its way: the network knows it, and no block has it yet. A block comes about every ten minutes.',
        final: 'Nothing is final yet: who sent it can still replace it.',
      };
    case 'confirming':
      return {
        label: needed > 0 ? `${Math.min(confirmations, needed)} of ${confirmed(needed)}` : confirmed(confirmations), look: 'accent',
        progress: needed > 0 ? { at: Math.min(confirmations, needed), of: needed } : null,
        text: needed > 0 ? `It is in a block. ${times(Math.max(needed - confirmations, 0), 'more block')} on top of it, and it is credited by itself.` : 'It is in a block, and is credited by itself once it is deep enough.',
        final: 'Not final before it is credited.',
      };
    case 'credited':
      return {
        label: 'credited', look: 'good', progress: null,
        text: `It is in your balance${confirmations > 0 ? `, with ${confirmed(confirmations)}` : ''}.`,
        final: `It is yours to spend. ${DEEP}`,
      };
    case 'orphaned':
      return {
        label: 'out of the chain', look: 'bad', progress: null,
        text: 'The block that it was in has been left by the chain, and no other block has it. Mostly it comes back within some blocks, and then it goes on by itself.',
        final: sat(deposit.credited_sat) > 0n ? 'What was credited is taken back if it does not come back.' : 'Nothing was credited.',
      };
    case 'reversed':
      return {
        label: 'taken back', look: 'bad', progress: null,
        text: `It had been credited, and then the chain left its block and did not take it again. ${owed > 0n
          ? `The credit was taken back as far as your balance had it; ${formatSat(owed)} sat are still owed, and are taken from what comes in next.`
          : 'The credit was taken back from your balance; nothing is owed.'}`,
        final: 'Should the payment come into the chain after all, it is credited again.',
      };
  }
}

export interface WithdrawalSaid extends Said {
  next: string; // what happens next, if anything does
}

// `finalAfter` confirmations make it final; null: not known.
export function withdrawalSaid(withdrawal: Withdrawal, finalAfter: number | null): WithdrawalSaid {
  const { confirmations } = withdrawal;
  const cancel = withdrawal.cancellable ? 'You can still cancel it.' : 'It cannot be cancelled any more.';
  const fill = 'It waits until the operator’s wallet has coins; then it is paid by itself.';
  const deep = finalAfter === null ? 'once it is deep in the chain' : `with ${confirmed(finalAfter)}`;
  switch (withdrawal.state) {
    case 'waiting':
      return {
        label: 'waits for approval', look: 'accent', progress: null,
        text: 'The amount has left your balance. It waits for the operator’s approval, as larger sums do.',
        next: withdrawal.lacks_coins ? `After the approval: ${fill.charAt(0).toLowerCase()}${fill.slice(1)}` : 'Once it is approved it goes out with the next payment; if it is refused, all the money comes back.',
        final: cancel,
      };
    case 'approved':
      return {
        label: withdrawal.lacks_coins ? 'waits for coins' : 'to be paid', look: 'accent', progress: null,
        text: 'The amount has left your balance, and it may be paid.',
        next: withdrawal.lacks_coins ? fill : 'It goes out with the next payment, usually within a minute.',
        final: cancel,
      };
    case 'claimed':
      return {
        label: 'being signed', look: 'accent', progress: null,
        text: 'Its transaction is being made.', next: 'It is sent to the network within seconds, and again and again until a block has it.', final: cancel,
      };
    case 'signed':
      return {
        label: confirmations > 0 ? (finalAfter === null ? confirmed(confirmations) : `${Math.min(confirmations, finalAfter)} of ${confirmed(finalAfter)}`) : 'sent', look: 'accent',
        progress: finalAfter === null ? null : { at: Math.min(confirmations, finalAfter), of: finalAfter },
        text: confirmations > 0 ? 'It is in a block.' : 'Its transaction is signed and has been sent to the network; no block has it yet.',
        next: confirmations > 0 ? `It is final ${deep}.` : 'It is sent again until a block has it. A transaction with a higher fee may take its place, of which only one can ever be paid.',
        final: cancel,
      };
    case 'final':
      return { label: 'final', look: 'good', progress: null, text: 'It has been paid and is deep in the chain.', next: '', final: 'It is final.' };
    case 'cancelled':
      return {
        label: 'cancelled', look: '', progress: null,
        text: withdrawal.refunded ? 'It was cancelled, and the amount and the fee are back in your balance.' : 'It was cancelled.',
        next: withdrawal.refunded ? '' : 'The amount and the fee come back into your balance in a moment.',
        final: 'Nothing was paid, and nothing will be.',
      };
  }
}

// Whether it goes on without a block, of which there would be an event: between the request and the chain, and when it
// is deep enough and only has to be said to be final.
export function isMoving(one: Withdrawal, finalAfter: number | null): boolean {
  if (one.state === 'signed') return finalAfter !== null && one.confirmations >= finalAfter;
  return one.state === 'cancelled' ? !one.refunded : one.state !== 'final';
}

type Out = NonNullable<Terms['withdrawals']>;

// What can be withdrawn at most, the fee being paid besides.
export function everything(balance: Sat, terms: Out): Sat {
  const rest = balance - sat(terms.fee_sat);
  return rest > 0n ? rest : 0n;
}

// Why an amount cannot be withdrawn, as far as it can be said before the server is asked.
export function amountWrong(amount: Sat | undefined, balance: Sat, terms: Out): string | null {
  if (amount === undefined) return 'That is no amount. Write satoshi, like 25 000, or BTC with a point, like 0.00025.';
  const least = sat(terms.least_sat);
  const fee = sat(terms.fee_sat);
  if (amount < least) return `At least ${formatSat(least)} sat can be withdrawn.`;
  if (amount + fee > balance) return `With the fee of ${formatSat(fee)} sat that is ${formatSat(amount + fee - balance)} sat more than your balance.`;
  return null;
}

// Whether the operator will be asked, as far as this account's withdrawals within a day say.
export function needsApproval(amount: Sat, earlier: Withdrawal[], now: number, terms: Out): boolean {
  const day = earlier.filter((one) => one.state !== 'cancelled' && now - one.at_ms < 24 * 3600_000);
  return day.reduce((sum, one) => sum + sat(one.amount_sat), amount) >= sat(terms.approval_from_sat);
}

// Which part of a withdrawal the server does not like.
export function fieldOf(problem: Problem): 'address' | 'amount' | null {
  const said = problem.members['field'];
  if (said === 'address') return 'address';
  if (said === 'amount_sat') return 'amount';
  if (problem.code === 'insufficient_funds') return 'amount';
  if (problem.code !== 'invalid_argument') return null;
  if (/address/i.test(problem.detail)) return 'address';
  return /amount|satoshi|least/i.test(problem.detail) ? 'amount' : null;
}

// Part of the way of a market that catches up with its nodes; null: it is not known, or there is nothing to do.
export function catchingUp(height: number | null, nodes: (number | null)[]): { at: number; of: number } | null {
  const known = nodes.filter((one): one is number => one !== null);
  if (known.length === 0) return null;
  const of = Math.max(...known);
  const at = height ?? 0;
  return at < of ? { at, of } : null;
}

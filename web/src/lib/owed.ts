// The statement of what is owed, as rows of a file: each account, and the totals below.
import type { Schema } from './api/client';

export function owedRows(owed: Schema['Owed']): (string | number)[][] {
  const total = (name: string, value: number) => [name, '', '', '', value];
  return [
    ['account', 'balance_sat', 'earnings_sat', 'withdrawals_sat', 'owed_sat'],
    ...owed.accounts.map((one) => [one.user, one.balance_sat, one.earnings_sat, one.withdrawals_sat, one.balance_sat + one.earnings_sat + one.withdrawals_sat]),
    ['all accounts', owed.balances_sat, owed.earnings_sat, owed.withdrawals_sat, owed.owed_sat],
    total('own fees, not owed', owed.fees_sat),
    total('owed to the market after reversals', owed.reversed_sat),
    total('in the hot wallet', owed.wallet_sat),
    [`at ${new Date(owed.at_ms).toISOString()}${owed.height === null ? '' : `, block ${owed.height} ${owed.block ?? ''}`}`, '', '', '', ''],
  ];
}

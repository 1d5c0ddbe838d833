import { expect, it } from 'vitest';
import { csv } from './csv';
import { owedRows } from './owed';

it('what is owed is a file that adds up', () => {
  const text = csv(owedRows({
    at_ms: Date.UTC(2026, 10, 22), height: 440, block: 'ab', balances_sat: 30, earnings_sat: 5, fees_sat: 2, withdrawals_sat: 7, owed_sat: 42, reversed_sat: 1, wallet_sat: 9,
    accounts: [{ user: 'ann', balance_sat: 20, earnings_sat: 0, withdrawals_sat: 7 }, { user: '=bob', balance_sat: 10, earnings_sat: 5, withdrawals_sat: 0 }],
  }));
  expect(text.split('\r\n')).toEqual([
    'account,balance_sat,earnings_sat,withdrawals_sat,owed_sat', 'ann,20,0,7,27', "'=bob,10,5,0,15", 'all accounts,30,5,7,42', '"own fees, not owed",,,,2',
    'owed to the market after reversals,,,,1', 'in the hot wallet,,,,9', '"at 2026-11-22T00:00:00.000Z, block 440 ab",,,,', '',
  ]);
});

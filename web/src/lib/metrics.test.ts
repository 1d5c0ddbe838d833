import { expect, it } from 'vitest';
import { totals } from './metrics';

it('metrics are summed over their labels', () => {
  const sums = totals('# HELP a b\n# TYPE a counter\na{x="1 }"} 2\na{x="2"} 3\nb 4.5\nc NaN\nnonsense\n');
  expect([...sums]).toEqual([['a', 5], ['b', 4.5]]);
});

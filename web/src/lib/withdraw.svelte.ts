// The withdrawal that a user is making, in one browser: however often it is clicked, in however many tabs, and across
// reloads, it is one request with one attempt id, sent again and again until its outcome is known.
//
//   const order = orderOf('ann');
//   order.send({ address: 'bc1q...', amount: 25_000n, fee: 500n });
//   order.state.step ...                       what to show
//   order.next();                              the outcome was read: what is sent next is another withdrawal
//
// What was sent is written down before it is sent. Its attempt id follows from this browser's secret and from how many
// withdrawals of the user it has brought to an end, so that two tabs arrive at the same one without asking each other.
// A refusal does not end it: should an earlier try of the same request be carried out after all, whatever is sent next
// is that same withdrawal or is refused, and never a second one.
import { api, type Problem, type Withdrawal } from './api/client';
import { attemptFor } from './attempt';
import { jsonSat, type Sat } from './money';
import { onRemembered } from './storage';
import { GOES_ON_MS, verdictOf, waitMs } from './verdict';
import { browserSecret, inTurn, readWritten, writeDown as write } from './written';

export interface Order {
  address: string;
  amount: Sat;
  fee: Sat;
}

export type OrderState =
  | { step: 'ready' }
  | { step: 'sending'; order: Order }
  | { step: 'elsewhere'; order: Order; since: number } // another tab is at it, or this one was before it was loaded again
  | { step: 'unknown'; order: Order; since: number; tries: number; why: string }
  | { step: 'held'; order: Order; tries: number }
  | { step: 'unfinished'; order: Order; since: number; checking: boolean; why: string } // sent some time ago
  | { step: 'done'; withdrawal: Withdrawal }
  | { step: 'refused'; order: Order; problem: Problem };

interface Written {
  attempt: string;
  address: string;
  amount: string;
  fee: string;
  sentAt: number;
  paused?: boolean;
  done?: Withdrawal;
}

// A refusal that was spoken before the market was asked says nothing about an earlier try of the same request.
const EARLY = [401, 403, 400, 413, 415];

const orderIn = (written: Written): Order => ({ address: written.address, amount: BigInt(written.amount), fee: BigInt(written.fee) });

class WithdrawalOrder {
  state = $state.raw<OrderState>({ step: 'ready' });
  readonly #user: string;
  readonly #name: string;
  #running = false;
  #stop = false;

  constructor(user: string) {
    this.#user = user;
    this.#name = `withdrawal.${user}`;
    onRemembered((name) => {
      if (name === this.#name) this.#look();
    });
    this.#look();
    // Told long ago.
    const written = this.#read();
    if (written?.done && Date.now() - written.sentAt > GOES_ON_MS) this.next();
  }

  get busy(): boolean {
    return this.#running || this.state.step === 'elsewhere';
  }

  send(order: Order): void {
    if (this.busy || (this.state.step !== 'ready' && this.state.step !== 'refused')) return;
    void this.#run(order);
  }

  // Stops repeating. What was sent may have been carried out all the same.
  pause(): void {
    this.#stop = true;
  }

  // Sends again what was sent before.
  goOn(): void {
    const written = this.#read();
    if (!written || this.#running) return;
    write(this.#name, { ...written, paused: false, sentAt: Date.now() });
    void this.#run();
  }

  // The outcome has been read.
  next(): void {
    if (this.state.step === 'done') {
      write(`${this.#name}.ended`, this.#ended() + 1);
      write(this.#name, null);
    } else if (this.state.step !== 'refused') {
      return;
    }
    this.state = { step: 'ready' };
    this.#look();
  }

  // Finds out what became of an old request, without sending it again.
  async findOut(): Promise<void> {
    const written = this.#read();
    if (!written || this.#running) return;
    const unfinished = (checking: boolean, why = '') => {
      this.state = { step: 'unfinished', order: orderIn(written), since: written.sentAt, checking, why };
    };
    unfinished(true);
    const found = await this.#find(written.attempt);
    if ('problem' in found) return unfinished(false, found.problem.detail);
    if (found.withdrawal) return this.#done(written, found.withdrawal);
    const me = await api('get', '/api/me');
    if (!me.ok) return unfinished(false, me.problem.detail);
    if (me.data.hold || me.data.pending) return unfinished(false, 'something of the account is still being settled; ask again in a moment');
    write(this.#name, null);
    this.state = { step: 'ready' };
  }

  // What this browser has written down, at first and whenever another tab has changed it.
  #look(): void {
    if (this.#running) return;
    const written = this.#read();
    if (!written) {
      if (['elsewhere', 'unfinished', 'done'].includes(this.state.step)) this.state = { step: 'ready' };
    } else if (written.done) {
      this.state = { step: 'done', withdrawal: written.done };
    } else if (written.paused || Date.now() - written.sentAt > GOES_ON_MS) {
      this.state = { step: 'unfinished', order: orderIn(written), since: written.sentAt, checking: false, why: '' };
    } else {
      this.state = { step: 'elsewhere', order: orderIn(written), since: written.sentAt };
      void this.#run();
    }
  }

  async #run(order?: Order): Promise<void> {
    this.#running = true;
    this.#stop = false;
    if (order) this.state = { step: 'sending', order };
    try {
      await inTurn(this.#name, () => this.#inMyTurn(order));
    } finally {
      this.#running = false;
    }
  }

  async #inMyTurn(order?: Order): Promise<void> {
    let written = this.#read();
    if (written?.done) {
      this.state = { step: 'done', withdrawal: written.done };
      return;
    }
    const earlier = written !== null;
    if (!written) {
      if (!order) {
        this.state = { step: 'ready' };
        return;
      }
      written = { attempt: this.#attempt(), address: order.address, amount: order.amount.toString(), fee: order.fee.toString(), sentAt: Date.now() };
      write(this.#name, written);
    }
    await this.#send(written, earlier);
  }

  async #send(written: Written, earlier: boolean): Promise<void> {
    const order = orderIn(written);
    const since = Date.now();
    if (this.state.step !== 'elsewhere') this.state = { step: 'sending', order };
    for (let tries = 1; ; tries++) {
      const answer = await api('put', '/api/me/withdrawals/{attempt}', {
        path: { attempt: written.attempt },
        body: { address: order.address, amount_sat: jsonSat(order.amount), fee_sat: jsonSat(order.fee) },
      });
      if (answer.ok) return this.#done(written, answer.data);
      const { problem } = answer;
      const verdict = verdictOf(problem);
      if (verdict.kind === 'refused') return this.#refused(written, problem, earlier || tries > 1);
      this.state = verdict.kind === 'wait' ? { step: 'held', order, tries } : { step: 'unknown', order, since, tries, why: problem.detail };
      const until = Date.now() + waitMs(tries, problem);
      while (!this.#stop && Date.now() < until) await new Promise((done) => setTimeout(done, 100));
      if (!this.#stop) continue;
      if (verdict.kind === 'wait' && !earlier && tries === 1) {
        write(this.#name, null); // refused before anything began
        this.state = { step: 'ready' };
      } else {
        write(this.#name, { ...written, paused: true });
        this.state = { step: 'unfinished', order, since: written.sentAt, checking: false, why: '' };
      }
      return;
    }
  }

  #done(written: Written, withdrawal: Withdrawal): void {
    write(this.#name, { ...written, done: withdrawal });
    this.state = { step: 'done', withdrawal };
  }

  async #refused(written: Written, problem: Problem, earlierTries: boolean): Promise<void> {
    const order = orderIn(written);
    if (problem.status === 409) {
      // Another tab, or an earlier try that was given up, has asked for something else with this id and was heard.
      const found = await this.#find(written.attempt);
      if ('withdrawal' in found && found.withdrawal) return this.#done(written, found.withdrawal);
    }
    if (earlierTries && EARLY.includes(problem.status)) write(this.#name, { ...written, paused: true });
    else write(this.#name, null);
    this.state = { step: 'refused', order, problem };
  }

  async #find(attempt: string): Promise<{ withdrawal: Withdrawal | null } | { problem: Problem }> {
    const all = await api('get', '/api/me/withdrawals');
    if (!all.ok) return { problem: all.problem };
    return { withdrawal: all.data.withdrawals.find((one) => one.attempt === attempt) ?? null };
  }

  #read(): Written | null {
    return readWritten<Written>(this.#name);
  }

  #ended(): number {
    return readWritten<number>(`${this.#name}.ended`) ?? 0;
  }

  #attempt(): string {
    return attemptFor(browserSecret(), `withdrawal of ${this.#user}`, this.#ended());
  }
}

export type { WithdrawalOrder };

const orders = new Map<string, WithdrawalOrder>();

export function orderOf(user: string): WithdrawalOrder {
  let order = orders.get(user);
  if (!order) orders.set(user, (order = new WithdrawalOrder(user)));
  return order;
}

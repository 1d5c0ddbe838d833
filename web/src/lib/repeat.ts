// Sends what may be sent twice again while its outcome is not known, and hands back the last answer.
import type { Answer } from './api/client';
import { verdictOf, waitMs } from './verdict';

const TRIES = 6;

export async function repeated<T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> {
  for (let tries = 1; ; tries++) {
    const answer = await send();
    if (answer.ok || tries === TRIES || verdictOf(answer.problem).kind !== 'repeat') return answer;
    await new Promise((done) => setTimeout(done, waitMs(tries, answer.problem)));
  }
}

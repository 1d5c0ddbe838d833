// Who is logged in. The session itself is a cookie that no script can read; this browser only remembers the name, so
// that strangers cause no question that must be refused.
import { api, listenToProblems, type Me, type Problem } from './api/client';
import { onRemembered, recall, remember } from './storage';

class Session {
  user = $state<string | null>(recall('user'));
  me = $state.raw<Me | null>(null);
  problem = $state.raw<Problem | null>(null);
  // Why the login page is shown, if it was not asked for.
  ended = $state(false);
  #asking = false;

  constructor() {
    listenToProblems((problem) => {
      // A wrong password is refused the same way: whether the session has ended is asked.
      if (problem.code !== 'unauthenticated' || this.#asking || this.me === null) return;
      this.#asking = true;
      void this.refresh().finally(() => (this.#asking = false));
    });
    onRemembered((name, value) => {
      if (name !== 'user') return;
      this.user = value;
      this.me = null;
      if (value) void this.refresh();
    });
    if (this.user) void this.refresh();
  }

  // Asks for the account again: after what changes its money.
  async refresh(): Promise<void> {
    if (!this.user) return;
    const answer = await api('get', '/api/me');
    if (answer.ok) {
      this.me = answer.data;
      this.problem = null;
    } else if (answer.problem.code === 'unauthenticated') {
      this.#forget(true);
    } else {
      this.problem = answer.problem;
    }
  }

  async logIn(user: string, password: string): Promise<Problem | null> {
    const answer = await api('post', '/api/sessions', { body: { user, password } });
    if (!answer.ok) return answer.problem;
    this.user = answer.data.user;
    this.ended = false;
    remember('user', answer.data.user);
    await this.refresh();
    return null;
  }

  async logOut(): Promise<Problem | null> {
    const answer = await api('delete', '/api/sessions/current');
    if (!answer.ok && answer.problem.code !== 'unauthenticated') return answer.problem;
    this.#forget(false);
    return null;
  }

  #forget(ended: boolean): void {
    this.user = null;
    this.me = null;
    this.ended = ended;
    remember('user', null);
  }
}

export const session = new Session();

// The real server, on a store and a port of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = process.env.ABC2_PROGRAM ?? join(here, '../../build/release/abc2');
const pages = join(here, '../dist');

export class Server {
  port = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'abc2-web-'));
  readonly #more: string[];
  #process: ChildProcess | undefined;

  constructor(...more: string[]) {
    this.#more = more;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  // Again on the same port, if it had one.
  async start(): Promise<void> {
    if (!existsSync(program)) throw new Error(`there is no program ${program}: build it, or set ABC2_PROGRAM`);
    if (!existsSync(join(pages, 'index.html'))) throw new Error('there are no pages: npm run build');
    const child = spawn(program, [
      'serve', '--store', `embedded:${this.#folder}/store`, '--port', String(this.port), '--pages', pages, '--password-cost', 'minimum',
      '--login-burst', '1000', '--registration-burst', '1000', '--operators', 'opa', '--fee-basis-points', '100', '--threads', '2', ...this.#more,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let said = '';
    this.port = await new Promise<number>((resolve, reject) => {
      const hear = (piece: Buffer) => {
        said += piece.toString();
        const match = /url=http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
        if (match) resolve(Number(match[1]));
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
      child.on('error', reject);
    });
  }

  // Like a power cut.
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  // The API, as another client of it.
  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; json: T }> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: (text ? JSON.parse(text) : {}) as T };
  }

  async must<T = Record<string, unknown>>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const { status, json } = await this.call<T>(method, path, body, token);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  }

  // An account with its token; `sat` are credited by the operator.
  async account(user: string, sat = 0): Promise<string> {
    const credentials = { user, password: passwordOf(user) };
    await this.must('POST', '/api/accounts', credentials);
    const { token } = await this.must<{ token: string }>('POST', '/api/sessions', credentials);
    if (sat > 0) await this.must('POST', '/api/operator/deposits', { id: `for-${user}`, user, amount_sat: sat }, await this.operator());
    return token;
  }

  async operator(): Promise<string> {
    const credentials = { user: 'opa', password: passwordOf('opa') };
    await this.must('POST', '/api/accounts', credentials);
    return (await this.must<{ token: string }>('POST', '/api/sessions', credentials)).token;
  }

  async ad(token: string, image: Buffer, text: string, category = 'travel'): Promise<number> {
    const made = await this.must<{ number: number }>('POST', '/api/fillers', { link: 'https://ads.example/', hover_text: text, category, image_base64: image.toString('base64') }, token);
    return made.number;
  }

  async campaign(token: string, more: Record<string, unknown> = {}): Promise<number> {
    const made = await this.must<{ number: number }>('POST', '/api/campaigns', {
      title: 'Top of the river guide', about: 'Where to walk, swim and row along the river.', page: 'https://river.example/', width_px: 300, height_px: 250, floor_sat: 1000, slot_length_ms: 3_600_000, ...more,
    }, token);
    return made.number;
  }

  async buy(token: string, campaign: string, slot: number, filler: number, highest = 10_000_000): Promise<void> {
    const attempt = randomUUID();
    for (;;) {
      const { status, json } = await this.call('PUT', `/api/campaigns/${campaign}/slots/${slot}`, { attempt, filler, highest_price_sat: highest }, token);
      if (status < 300) return;
      // A purchase that is still being booked holds the account for a moment.
      if (status !== 423 && status !== 503) throw new Error(`${status} ${JSON.stringify(json)}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

export const passwordOf = (user: string) => `the password of ${user}`;

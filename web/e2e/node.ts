// A real bitcoin node in regtest mode, whose chain begins with each test, and what the server needs to use it.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createECDH, createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'tests/bitcoin');
const folder = process.env.ABC2_BITCOIN_NODE ?? join(root, 'build/release/tests/bitcoin/node');
const PASSWORD = 'of-the-tests';
// From this height on the chain takes payments from segregated-witness addresses.
export const SEGWIT_FROM = 432;

export class BitcoinNode {
  port = 0;
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    // The same folder that the tests of the server use; whoever comes first installs.
    if (!existsSync(join(folder, 'node.js'))) cpSync(join(sources, 'node'), folder, { recursive: true });
    execFileSync('cmake', ['-DNPM=npm', `-DFOLDER=${folder}`, '-P', join(sources, 'install_node.cmake')], { stdio: 'pipe' });
    const child = spawn(process.execPath, [join(folder, 'node.js'), PASSWORD], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process = child;
    let said = '';
    this.port = await new Promise<number>((resolve, reject) => {
      child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
      child.stdout.on('data', (piece: Buffer) => resolve(Number(piece.toString())));
      child.on('exit', (code) => reject(new Error(`the bitcoin node ended with ${code}: ${said}`)));
      child.on('error', reject);
    });
  }

  async call<T>(method: string, ...params: unknown[]): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.port}`, {
      method: 'POST', headers: { Authorization: `Basic ${Buffer.from(`x:${PASSWORD}`).toString('base64')}` }, body: JSON.stringify({ method, params, id: 1 }),
    });
    const { result, error } = (await response.json()) as { result: T; error: { message: string } | null };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  // Each block pays its miner, which is this address.
  async mine(count: number, address: string): Promise<void> {
    await this.call('generatetoaddress', count, address);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

// What `abc2 serve --bitcoin` reads, with keys of its own.
export class BitcoinSettings {
  readonly folder = mkdtempSync(join(tmpdir(), 'abc2-bitcoin-'));
  readonly file = join(this.folder, 'bitcoin.json');
  readonly shard = extendedKey('public');

  constructor(node: BitcoinNode) {
    const secret = (name: string, text: string) => {
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
      return name;
    };
    writeFileSync(this.file, JSON.stringify({
      network: 'regtest',
      nodes: [{ name: 'one', url: `http://127.0.0.1:${node.port}`, user: 'x', password_file: secret('password', PASSWORD) }],
      deposits: { least_sat: 1000, confirmations: [{ from_sat: 0, needed: 3 }] },
      withdrawals: { key_file: secret('hot.key', extendedKey('private')), fee_sat: 500, least_sat: 10_000, approval_from_sat: 1_000_000 },
      look_every_ms: 100,
      pay_every_ms: 200,
    }));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

// An account's key as BIP32 writes it, drawn at random: depth 3, the first account, of test networks.
function extendedKey(kind: 'public' | 'private'): string {
  const pair = createECDH('secp256k1');
  pair.generateKeys();
  const secret = Buffer.alloc(32);
  pair.getPrivateKey().copy(secret, 32 - pair.getPrivateKey().length);
  const key = kind === 'public' ? pair.getPublicKey(null, 'compressed') : Buffer.concat([Buffer.of(0), secret]);
  const version = Buffer.from(kind === 'public' ? '043587cf' : '04358394', 'hex');
  const body = Buffer.concat([version, Buffer.of(3), randomBytes(4), Buffer.from('80000000', 'hex'), randomBytes(32), key]);
  return base58(Buffer.concat([body, sha256(sha256(body)).subarray(0, 4)]));
}

// Of bytes that begin with no zero.
function base58(bytes: Buffer): string {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let text = '';
  for (let rest = BigInt(`0x${bytes.toString('hex')}`); rest > 0n; rest /= 58n) text = digits[Number(rest % 58n)] + text;
  return text;
}



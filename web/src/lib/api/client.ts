// The typed client of the server: what may be asked and what comes back is generated from api/openapi.yaml.
//
//   const answer = await api('get', '/api/campaigns/{seller}/{c}', { path: { seller: 'bob', c: 1 } });
//   if (answer.ok) answer.data.next.price_sat; else answer.problem.code;
//
// Nothing throws: what goes wrong is a Problem, and a server that cannot be reached is one with status 0.
import { clock } from '../clock.svelte';
import type { components, paths } from './schema';

export type Schema = components['schemas'];
export type Campaign = Schema['Campaign'];
export type Filler = Schema['Filler'];
export type Slot = Schema['Slot'];
export type Sale = Schema['Sale'];
export type Me = Schema['Me'];
export type Ad = Schema['Ad'];
export type Terms = Schema['BitcoinTerms'];
export type BitcoinDeposit = Schema['BitcoinDeposit'];
export type Withdrawal = Schema['Withdrawal'];

// `code` is for programs, `detail` for people. Status 0: no answer came.
export interface Problem {
  status: number;
  code: string;
  detail: string;
  members: Record<string, unknown>;
}

export type Answer<T> = { ok: true; status: number; data: T } | { ok: false; problem: Problem };

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : undefined;
type Good<O> = O extends { responses: infer R } ? { [S in Extract<keyof R, 200 | 201 | 202 | 204>]: Json<R[S]> }[Extract<keyof R, 200 | 201 | 202 | 204>] : never;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer T } } } ? { body: T } : { body?: undefined };
type PathOf<P extends keyof paths, O> = O extends { parameters: { path: infer T } } ? { path: T }
  : paths[P] extends { parameters: { path: infer T } } ? { path: T } : { path?: undefined };
type QueryOf<O> = O extends { parameters: { query?: infer T } } ? { query?: T } : { query?: undefined };
type Arguments<P extends keyof paths, M extends Method> = Body<Operation<P, M>> & PathOf<P, Operation<P, M>> &
  QueryOf<Operation<P, M>> & { timeout_ms?: number };

const PATIENCE_MS = 20_000;

function address(pattern: string, path: Record<string, unknown>, query: Record<string, unknown>): string {
  const target = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) fields.set(name, String(value));
  const text = fields.toString();
  return text ? `${target}?${text}` : target;
}

function unreachable(why: string): Problem {
  return { status: 0, code: 'unreachable', detail: why, members: {} };
}

async function problemOf(response: Response): Promise<Problem> {
  let members: Record<string, unknown> = {};
  try {
    members = (await response.json()) as Record<string, unknown>;
  } catch {
    // Not ours: a proxy's page. Its status says enough.
  }
  const text = (name: string) => (typeof members[name] === 'string' ? members[name] : undefined);
  const wait = Number(response.headers.get('retry-after'));
  if (Number.isFinite(wait) && wait > 0) members['retry_after_s'] = wait;
  return {
    status: response.status,
    code: text('code') ?? `http_${response.status}`,
    detail: text('detail') ?? `the server answered ${response.status} ${response.statusText}`,
    members,
  };
}

type Listener = (problem: Problem) => void;
let onProblem: Listener = () => undefined;

// Told of every problem; the session listens for its own end.
export function listenToProblems(listener: Listener): void {
  onProblem = listener;
}

function failed<T>(problem: Problem): Answer<T> {
  onProblem(problem);
  return { ok: false, problem };
}

export async function api<M extends Method, P extends PathsWith<M>>(
  method: M, pattern: P, ...[given]: object extends Arguments<P, M> ? [Arguments<P, M>?] : [Arguments<P, M>]
): Promise<Answer<Good<Operation<P, M>>>> {
  const args = (given ?? {}) as { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown; timeout_ms?: number };
  const timeout = AbortSignal.timeout(args.timeout_ms ?? PATIENCE_MS);
  const request: RequestInit = { method: method.toUpperCase(), credentials: 'same-origin', cache: 'no-store', signal: timeout };
  if (args.body !== undefined) {
    request.headers = { 'Content-Type': 'application/json' };
    request.body = JSON.stringify(args.body);
  }
  try {
    const response = await fetch(address(pattern, args.path ?? {}, args.query ?? {}), request);
    if (!response.ok) return failed(await problemOf(response));
    const text = await response.text();
    const data = (text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined) as Good<Operation<P, M>>;
    hearTime(data);
    return { ok: true, status: response.status, data };
  } catch (error) {
    return failed(unreachable(timeout.aborted ? 'the server did not answer in time' : `the server cannot be reached (${error instanceof Error ? error.message : String(error)})`));
  }
}

// A campaign says the server's time with its price.
function hearTime(data: unknown): void {
  const answer = data as { next?: unknown; campaigns?: { next: unknown }[] } | undefined;
  const next = (answer?.campaigns?.[0]?.next ?? answer?.next) as { at_ms?: unknown } | null | undefined;
  if (typeof next?.at_ms === 'number') clock.heard(next.at_ms);
}

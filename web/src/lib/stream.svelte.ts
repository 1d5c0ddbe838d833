// One stream of server-sent events. It is closed while nobody looks at the page (browsers allow six connections to a
// server) and opened again, with what was missed, when somebody does; and tried again when it is lost, less and less
// often.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export class Stream {
  state = $state<'connecting' | 'live' | 'waiting'>('connecting');
  #source: EventSource | null = null;
  #address: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;
  #event: string;
  #heard: (data: string) => void;
  #visible = () => this.#connect();

  // `heard` is told what each event of that name says.
  constructor(event: string, heard: (data: string) => void) {
    this.#event = event;
    this.#heard = heard;
    document.addEventListener('visibilitychange', this.#visible);
  }

  // null: none for now.
  open(address: string | null): void {
    if (address === this.#address) return;
    this.#address = address;
    this.#connect();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#visible);
    this.#address = null;
    this.#shut();
  }

  #shut(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    this.#shut();
    if (this.#address === null || document.hidden) return;
    const source = new EventSource(this.#address);
    this.#source = source;
    source.addEventListener('open', () => {
      this.state = 'live';
      this.#wait = FIRST_WAIT_MS;
    });
    source.addEventListener(this.#event, (event: MessageEvent<string>) => this.#heard(event.data));
    // The browser's own way to try again is not patient, and gives up on some answers.
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#shut();
      this.state = 'waiting';
      this.#timer = setTimeout(() => this.#connect(), this.#wait * (0.75 + Math.random() / 2));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }
}

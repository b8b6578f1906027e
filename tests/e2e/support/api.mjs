// The REST API as any program would call it: fetch, JSON, Bearer key. It checks nothing; tests do.

export class Answer {
  constructor(status, headers, text) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
  get type() {
    return (this.headers.get('content-type') ?? '').split(';')[0].trim();
  }
  get body() {
    return this.text === '' ? undefined : JSON.parse(this.text);
  }
}

export class Api {
  constructor(base, key) {
    this.base = base;
    this.key = key;
  }

  /** `body`: a value becomes JSON, a string or bytes go as they are (name a content-type then). */
  async call(method, path, { body, headers = {}, signal = AbortSignal.timeout(30_000) } = {}) {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.base() + path, {
      method,
      signal,
      redirect: 'manual',
      headers: {
        ...(this.key ? { authorization: `Bearer ${this.key}` } : {}),
        ...(body !== undefined && !raw ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
    return new Answer(response.status, response.headers, await response.text());
  }

  get = (path, options) => this.call('GET', path, options);
  post = (path, body, options) => this.call('POST', path, { ...options, body });
  patch = (path, body, options) => this.call('PATCH', path, { ...options, body });
  delete = (path, options) => this.call('DELETE', path, options);

  /** POST /api/v2/events, which must be taken. */
  async send(events) {
    const answer = await this.post('/api/v2/events', events);
    if (answer.status !== 200) throw new Error(`POST events: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** The body of a GET that must succeed. `query`: parameters. */
  async read(path, query = {}) {
    const answer = await this.get(with_query(path, query));
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** All items of a list, over as many pages as it takes. */
  async all(path, query = {}) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.read(path, cursor ? { ...query, cursor } : query);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  /** Makes a key with this role and gives {id, key}. */
  async make_key(role, name = `e2e ${role}`, more = {}) {
    const answer = await this.post('/api/v2/keys', { name, role, ...more });
    if (answer.status !== 201) throw new Error(`POST keys: ${answer.status} ${answer.text}`);
    return answer.body;
  }
}

export function with_query(path, query) {
  const text = new URLSearchParams(query).toString();
  return text ? `${path}?${text}` : path;
}

// Purpose: one error type for everything that can go wrong between the page and the node.
// Invariant: `status` is the HTTP status, or 0 when no answer came at all.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = 'ApiError';
  }

  get unauthorized(): boolean {
    return this.status === 401;
  }

  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** Reads an RFC 9457 problem document; any other body gives the bare status. */
export async function problem_of(response: Response): Promise<ApiError> {
  const fallback = response.statusText || `HTTP ${response.status}`;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      const { title, detail } = body as { title?: unknown; detail?: unknown };
      return new ApiError(
        response.status,
        typeof title === 'string' ? title : fallback,
        typeof detail === 'string' ? detail : '',
      );
    }
  } catch {
    // not JSON: a proxy's page, or nothing
  }
  return new ApiError(response.status, fallback, '');
}

export function message_of(error: unknown): string {
  if (error instanceof ApiError) return error.detail || error.title;
  return error instanceof Error ? error.message : String(error);
}

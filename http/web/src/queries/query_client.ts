// Purpose: how answers of the node are kept and asked for again.
// Invariant: one client per sign-in. What was refused is not asked again by itself; what could not be reached is.
import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/problem.ts';

const retries_max = 2;
const fresh_ms = 5_000;

export function make_query_client(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: fresh_ms,
        // The link says whether we are online; the browser's own idea of it is wrong on a machine without internet.
        networkMode: 'always',
        refetchOnWindowFocus: true,
        retry: (tries, error) => tries < retries_max && error instanceof ApiError && error.unreachable,
      },
    },
  });
}

// Purpose: helps with the first event while the node has none, and goes away by itself when one arrives.
// Invariant: the snippets never contain the key: they read it from the reader's own environment.
import { t } from '../i18n/i18n.ts';
import { rich } from '../i18n/rich.tsx';
import { useEffect, useState } from 'react';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { CopyButton } from './copy_button.tsx';

function curl_snippet(origin: string): string {
  return [
    `curl ${origin}/api/v2/events \\`,
    '  -H "Authorization: Bearer $TROUPE_KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d '{"type":"llm.call","agent_id":"first-agent","model":"gpt-4o-mini","status":"ok",`,
    `       "duration_ms":420,"tokens":{"input":120,"output":48}}'`,
  ].join('\n');
}

function otel_snippet(origin: string): string {
  return [
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`,
    'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20$TROUPE_KEY"',
    'export OTEL_SERVICE_NAME=first-agent',
  ].join('\n');
}

/** Whether the node has no event at all: nothing pushed, nothing stored. */
function use_node_is_empty(): boolean {
  const { room } = use_session();
  const log = use_store(room.log);
  const { loaded, agents } = use_store(room.agents);
  const [stored, set_stored] = useState<boolean | null>(null);
  useEffect(() => {
    if (log.generation === 0) return undefined;
    const abort = new AbortController();
    room.api
      .events({ limit: 1 }, abort.signal)
      .then((page) => set_stored(page.items.length > 0))
      .catch(() => undefined);
    return () => abort.abort();
  }, [room, log.generation]);
  return stored === false && log.received === 0 && loaded && agents.every((agent) => !agent.totals?.events);
}

export function FirstEvent() {
  const empty = use_node_is_empty();
  if (!empty) return null;
  const { origin } = window.location;
  return (
    <section className="panel first_event" aria-labelledby="first_event_title">
      <h2 id="first_event_title">{t('first.title')}</h2>
      <p>
        {rich('first.text', { role: <code>ingest</code>, variable: <code>TROUPE_KEY</code> })}
      </p>
      <div className="snippets">
        <Snippet title={t('first.curl')} text={curl_snippet(origin)} copy={t('first.copy_curl')} />
        <Snippet title={t('first.otel')} text={otel_snippet(origin)} copy={t('first.copy_otel')} />
      </div>
    </section>
  );
}

function Snippet({ title, text, copy }: { readonly title: string; readonly text: string; readonly copy: string }) {
  return (
    <div className="snippet">
      <div className="snippet_head">
        <h3>{title}</h3>
        <CopyButton text={text} label={copy} />
      </div>
      <pre tabIndex={0} aria-label={title} role="region" dir="ltr">
        <code>{text}</code>
      </pre>
    </div>
  );
}

// Spans as OTLP's JSON: ids in hex, 64-bit numbers as texts, times in nanoseconds.

const status_error = 2;
const kind_internal = 1;
const kind_client = 3;

function value_of(value) {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { stringValue: String(value) };
}

const attributes_of = (values) =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: value_of(value) }));

/** Milliseconds with a fraction, without what a double would lose. */
const nanoseconds = (ms) => String(BigInt(Math.round(ms * 1000)) * 1000n);

export function traces_request(spans, resource) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes_of(resource) },
        scopeSpans: [
          {
            scope: { name: 'troupe.demo', version: '1' },
            spans: spans.map((span) => ({
              traceId: span.trace_id,
              spanId: span.span_id,
              ...(span.parent ? { parentSpanId: span.parent } : {}),
              name: span.name,
              kind: span.name.startsWith('chat') ? kind_client : kind_internal,
              startTimeUnixNano: nanoseconds(span.start),
              endTimeUnixNano: nanoseconds(span.end),
              attributes: attributes_of(span.attributes),
              status: span.error ? { code: status_error, message: span.error } : {},
            })),
          },
        ],
      },
    ],
  };
}

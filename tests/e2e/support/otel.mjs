// The stock OpenTelemetry JS SDK, pointed at a node: all three signals, in protobuf or JSON, with or without gzip.
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exporters = {
  protobuf: { traces: TracesProto, metrics: MetricsProto, logs: LogsProto },
  json: { traces: TracesJson, metrics: MetricsJson, logs: LogsJson },
};
const flush_timeout_ms = 20_000;

/** What the SDK complains about while `run` runs: it reports partial success and failed exports only there. */
export async function complaints_of(run) {
  const lines = [];
  const note = (...words) => void lines.push(words.map((w) => (w instanceof Error ? w.message : String(w))).join(' '));
  const nothing = () => {};
  diag.setLogger({ error: note, warn: note, info: nothing, debug: nothing, verbose: nothing }, {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  try {
    await run();
  } finally {
    diag.disable();
  }
  return lines;
}

/** Wraps an exporter to keep the result of each export: {code, error?}. */
function watched(exporter, results) {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      results.push(result);
      done(result);
    });
  return exporter;
}

export class Sdk {
  results = [];

  /** `base`: where to send, for example the node's OTLP listener. `resource`: attributes of this process. */
  constructor({ base, key, form = 'protobuf', compression = 'none', resource = {} }) {
    const make = (signal) =>
      watched(
        new exporters[form][signal]({
          url: `${base}/v1/${signal}`,
          headers: key ? { authorization: `Bearer ${key}` } : {},
          compression,
          timeoutMillis: flush_timeout_ms,
        }),
        this.results,
      );
    const described = resourceFromAttributes(resource);
    this.tracers = new BasicTracerProvider({ resource: described, spanProcessors: [new BatchSpanProcessor(make('traces'))] });
    this.reader = new PeriodicExportingMetricReader({
      exporter: make('metrics'),
      exportIntervalMillis: 3_600_000,
      exportTimeoutMillis: flush_timeout_ms,
    });
    this.meters = new MeterProvider({ resource: described, readers: [this.reader] });
    this.loggers = new LoggerProvider({
      resource: described,
      processors: [new BatchLogRecordProcessor({ exporter: make('logs') })],
    });
    this.tracer = this.tracers.getTracer('e2e', '1.0.0');
    this.meter = this.meters.getMeter('e2e', '1.0.0');
    this.logger = this.loggers.getLogger('e2e', '1.0.0');
  }

  /** Sends everything that is waiting; failures are in `results`. */
  async flush() {
    await this.tracers.forceFlush().catch(() => {});
    await this.loggers.forceFlush().catch(() => {});
    await this.reader.forceFlush().catch(() => {});
  }

  async shutdown() {
    await Promise.allSettled([this.tracers.shutdown(), this.meters.shutdown(), this.loggers.shutdown()]);
  }
}

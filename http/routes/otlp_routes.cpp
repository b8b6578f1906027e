// OTLP/HTTP: traces, metrics and logs, on both ports. Answers are in the request's encoding.
#include "http/ingest/decompress.hpp"
#include "http/ingest/otlp/otlp.hpp"
#include "http/routes/all_routes.hpp"
#include "http/routes/ingest_batch.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

namespace otlp = ingest::otlp;

// Exporters retry 429 and 503 (and 502, 504) and no other status.
response otlp_failure(const failure& f, otlp::wire form) {
  response out;
  out.status = http_status(f.code);
  if (f.code == errc::unsupported) out.status = 415;
  if (f.code == errc::no_space || f.code == errc::timed_out || f.code == errc::in_flight) {
    out.status = 503;
  }
  out.content_type = otlp::content_type_of(form);
  out.body = otlp::encode_error(f.code, f.detail, form);
  if (out.status == 429 || out.status == 503) {
    out.with("Retry-After", retry_after_seconds(f.retry_after));
  }
  return out;
}

errc code_of(int status) {
  switch (status) {
    case 401: return errc::unauthenticated;
    case 403: return errc::forbidden;
    case 413: return errc::too_large;
    case 429: return errc::overloaded;
    case 503: return errc::unavailable;
    default: return status < 500 ? errc::invalid_argument : errc::internal;
  }
}

// What the edge refuses before the route is run: a Status in the request's encoding, as OTLP wants it.
response status_form(const request& r, response problem) {
  auto form = otlp::wire_of(r.field("Content-Type"));
  if (!form) return problem;
  problem.body = otlp::encode_error(code_of(problem.status), problem.detail, *form);
  problem.content_type = otlp::content_type_of(*form);
  return problem;
}

void export_signal(api_context& api, otlp::signal what, const request_ptr& r, const responder& back) {
  auto form = otlp::wire_of(r->field("Content-Type"));
  if (!form) return back(status_problem(415, form.error().detail));
  std::string_view body = r->body;
  std::string plain;
  if (auto encoding = r->field("Content-Encoding"); !ingest::is_identity(encoding)) {
    auto inflated = ingest::decompress(body, encoding);
    if (!inflated) return back(otlp_failure(inflated.error(), *form));
    plain = std::move(*inflated);
    body = plain;
    if (!r->held.add(plain.size())) {
      return back(otlp_failure({errc::unavailable, "Too many bytes of requests are in flight."}, *form));
    }
  }
  ingest_origin from{r->who.org, r->who.key_id};
  std::string seed;
  auto batch = otlp::parse(what, body, *form, ingest_context(api, from, seed));
  if (!batch) return back(otlp_failure(batch.error(), *form));
  ingest_batch(
      api, back.home(), from, std::move(*batch), [r, back, what, form = *form](const ingest_outcome& o) {
        // Ids follow from the content: sent again, what was taken is known again.
        if (o.failed) return back(otlp_failure(*o.failed, form));
        response out;
        out.content_type = otlp::content_type_of(form);
        auto reason = o.rejected.empty() ? std::string() : otlp::summary_of(o.rejected);
        out.body = otlp::encode_response(what, static_cast<std::int64_t>(o.rejected.size()), reason, form);
        back(std::move(out));
      });
}

}  // namespace

void add_otlp_routes(api_context& api, std::vector<route>& to) {
  auto add = [&](std::string_view path, otlp::signal what, std::string_view id, std::string_view summary) {
    route r{verb::post,
            path,
            permission::ingest,
            [&api, what](const request_ptr& q, const responder& back) { export_signal(api, what, q, back); },
            {id,
             "OpenTelemetry",
             summary,
             "OTLP/HTTP in protobuf or JSON, also gzip. What cannot become an event is counted in "
             "partialSuccess.",
             {},
             {{"application/json", R"({"type":"object"})", {}},
              {"application/x-protobuf", R"({"type":"string","format":"binary"})", {}}},
             {{200,
               "Taken, wholly or in part.",
               {{"application/json", R"({"type":"object"})", "{}"},
                {"application/x-protobuf", R"({"type":"string","format":"binary"})", {}}}}}}};
    r.body_bytes_max = api.core.config.limits.body_bytes_max;
    r.listens = where::both;
    r.form = status_form;
    r.reads_large_bodies = true;
    to.push_back(std::move(r));
  };
  add("/v1/traces", otlp::signal::traces, "exportTraces", "Take in OpenTelemetry spans");
  add("/v1/metrics", otlp::signal::metrics, "exportMetrics", "Take in OpenTelemetry metrics");
  add("/v1/logs", otlp::signal::logs, "exportLogs", "Take in OpenTelemetry log records");
}

}  // namespace troupe::http

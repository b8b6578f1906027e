#include "node/banner.hpp"

#include "node/version.hpp"

namespace troupe::node {

std::string url_of(const listen_address& a) {
  bool here = a.host == "127.0.0.1" || a.host == "0.0.0.0" || a.host == "::" || a.host == "::1";
  return "http://" + (here ? "localhost:" + std::to_string(a.port) : a.text());
}

std::string banner(const banner_facts& f) {
  auto base = url_of(f.http);
  std::string out = "\n  Troupe " + std::string(version_text()) + " is running.\n\n";
  out += (f.has_page ? "  The page   " : "  The API    ") + base + "\n";
  if (!f.has_page)
    out += "  (no page: its files were not found; build them with ./dev build or name web_root)\n";
  out += "  Its data   " + f.data_dir + "\n\n";
  if (f.key.from == key_origin::existed) return out;
  // A key that the operator chose is not repeated: it stays where it was.
  auto key = f.key.from == key_origin::drawn ? f.key.text : std::string("$TROUPE_ADMIN_KEY");
  if (f.key.from == key_origin::drawn)
    out += "  The admin key, shown this once; only its hash is kept. It signs you in to the page:\n\n      " +
           key + "\n\n";
  out +=
      "  Send the first event:\n\n"
      "      curl -sS " +
      base +
      "/api/v2/events \\\n"
      "        -H \"Authorization: Bearer " +
      key +
      "\" \\\n"
      "        -H \"Content-Type: application/json\" \\\n"
      "        -d '{\"type\": \"custom.hello\", \"agent_id\": \"my-first-agent\"}'\n\n"
      "  Or point any OpenTelemetry SDK here:\n\n"
      "      export OTEL_EXPORTER_OTLP_ENDPOINT=" +
      url_of(f.otlp.value_or(f.http)) +
      "\n"
      "      export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n"
      "      export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20" +
      key +
      "\"\n\n"
      "  Agents should have keys of their own: troupectl keys create my-agents --role ingest\n\n";
  return out;
}

}  // namespace troupe::node

#include "http/routes/openapi.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "http/server/text.hpp"

namespace troupe::http {

namespace json = boost::json;

namespace {

json::value schema_of(std::string_view text) {
  if (text.starts_with('{')) return json::parse(text);
  return json::object{{"$ref", concat({"#/components/schemas/", text})}};
}

json::object content_of(const std::vector<body_doc>& bodies) {
  json::object out;
  for (const auto& b : bodies) {
    json::object media{{"schema", schema_of(b.schema)}};
    if (!b.example.empty()) media["example"] = json::parse(b.example);
    out[b.content_type] = std::move(media);
  }
  return out;
}

json::object problem_ref(std::string_view name) {
  return {{"$ref", concat({"#/components/responses/", name})}};
}

// What every route may answer beside its own answers.
void add_problems(const route& r, json::object& answers) {
  bool has_query = std::any_of(r.doc.parameters.begin(), r.doc.parameters.end(),
                               [](const auto& p) { return p.in == "query"; });
  bool has_body = !r.doc.bodies.empty();
  if (r.needs != permission::open) {
    answers["401"] = problem_ref("Unauthenticated");
    if (r.needs != permission::any_key) answers["403"] = problem_ref("Forbidden");
    answers["429"] = problem_ref("TooManyRequests");
    answers["503"] = problem_ref("Unavailable");
  }
  if (has_query || has_body) answers["400"] = problem_ref("BadRequest");
  if (r.pattern.find('{') != std::string_view::npos) answers["404"] = problem_ref("NotFound");
  if (has_body) {
    answers["413"] = problem_ref("TooLarge");
    if (r.pattern.find("{id}") != std::string_view::npos || r.method == verb::post) {
      answers["409"] = problem_ref("Conflict");
    }
    answers["507"] = problem_ref("DiskFull");
  }
  if (r.method == verb::patch) answers["412"] = problem_ref("VersionMismatch");
  if (r.doc.tag == "OpenTelemetry" || r.doc.id == "sendEvents") {
    answers["415"] = problem_ref("UnsupportedMediaType");
  }
  bool idempotent = std::any_of(r.doc.parameters.begin(), r.doc.parameters.end(),
                                [](const auto& p) { return p.name == "Idempotency-Key"; });
  if (idempotent) answers["422"] = problem_ref("IdempotencyMismatch");
}

// Of an answer that was read from shards.
json::object read_headers() {
  auto header = [](std::string_view description, std::string_view schema) {
    return json::object{{"description", description}, {"schema", json::parse(schema)}};
  };
  return {{"Troupe-Read-Index", header("What the answer reflects: for each shard that was read, its number "
                                       "and the index in its log, as in "
                                       "'3:118, 4:97'.",
                                       R"({"type":"string"})")},
          {"Troupe-Staleness-Ms",
           header("How old the answer may be, in milliseconds. 0 for a linearizable read, and for a local "
                  "one on the "
                  "shard's leader. Else: how long ago, by the clock of the replica that was read, its leader "
                  "last told "
                  "it of a commit that it has applied; all that was acknowledged before that is in the "
                  "answer, but for "
                  "what was acknowledged while that word was on its way. Of several shards, the largest.",
                  R"({"type":"integer","minimum":0})")}};
}

json::object operation_of(const route& r) {
  json::object out{{"operationId", r.doc.id},
                   {"summary", r.doc.summary},
                   {"description", r.doc.description},
                   {"tags", json::array{r.doc.tag}}};
  json::array parameters;
  for (const auto& p : r.doc.parameters) {
    json::object item{
        {"name", p.name}, {"in", p.in}, {"description", p.description}, {"schema", json::parse(p.schema)}};
    if (p.in == "path") item["required"] = true;
    if (!p.example.empty()) item["example"] = json::parse(p.example);
    parameters.push_back(std::move(item));
  }
  if (!parameters.empty()) out["parameters"] = std::move(parameters);
  if (!r.doc.bodies.empty()) {
    out["requestBody"] =
        json::object{{"required", r.doc.body_required}, {"content", content_of(r.doc.bodies)}};
  }
  json::object answers;
  bool is_read = std::any_of(r.doc.parameters.begin(), r.doc.parameters.end(),
                             [](const auto& p) { return p.name == "consistency"; });
  for (const auto& a : r.doc.answers) {
    json::object item{{"description", a.description}};
    if (!a.bodies.empty()) item["content"] = content_of(a.bodies);
    if (is_read && a.status == 200) item["headers"] = read_headers();
    answers[std::to_string(a.status)] = std::move(item);
  }
  add_problems(r, answers);
  out["responses"] = std::move(answers);
  if (r.needs == permission::open) out["security"] = json::array{};
  return out;
}

json::object problem_responses() {
  static constexpr std::pair<std::string_view, std::string_view> texts[] = {
      {"BadRequest", "The request is wrong and stays wrong; 'errors' names the fields."},
      {"Unauthenticated", "There is no key, or it is unknown or revoked."},
      {"Forbidden", "The role of the key does not allow it."},
      {"NotFound", "There is no such thing."},
      {"Conflict", "The state does not allow it, or the same Idempotency-Key is being worked on."},
      {"VersionMismatch", "If-Match does not hold."},
      {"TooLarge", "The body is too large."},
      {"UnsupportedMediaType", "The Content-Type or Content-Encoding is not read here."},
      {"IdempotencyMismatch", "The Idempotency-Key was used for another body."},
      {"TooManyRequests", "A bound was reached: come back after Retry-After."},
      {"Unavailable", "No majority, or the node is starting or stopping: come back after Retry-After."},
      {"DiskFull", "The disk is full: writes are refused until there is space."}};
  json::object out;
  for (const auto& [name, description] : texts) {
    json::object schema{{"$ref", "#/components/schemas/Problem"}};
    json::object media{{"schema", std::move(schema)}};
    out[name] = json::object{{"description", description},
                             {"content", json::object{{"application/problem+json", std::move(media)}}}};
  }
  return out;
}

json::array tags_of() {
  static constexpr std::pair<std::string_view, std::string_view> tags[] = {
      {"Agents", "Who there is, what they can do, how they are."},
      {"Dashboards", "Which charts are looked at, of what, and where."},
      {"Events", "What agents did."},
      {"Insight", "What the fleet does, costs, knows and lacks."},
      {"Keys", "API keys and their roles: admin, ingest, read."},
      {"Cluster", "Nodes, shards and how they are."},
      {"Live", "Events as they come: WebSocket (Phoenix Channels) and server-sent events."},
      {"Meta", "This description."},
      {"OpenTelemetry", "OTLP/HTTP."},
      {"Rollups", "Figures over time."},
      {"Tasks", "Work for agents, claimed under a lease."}};
  json::array out;
  for (const auto& [name, text] : tags) {
    out.push_back(json::object{{"name", name}, {"description", text}});
  }
  return out;
}

}  // namespace

std::string openapi_json(const std::vector<route>& routes, std::string_view version) {
  json::object paths;
  for (const auto& r : routes) {
    auto& item = paths[r.pattern];
    if (!item.is_object()) item = json::object();
    std::string method(to_string(r.method));
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    item.get_object()[method] = operation_of(r);
  }
  json::object doc{
      {"openapi", "3.1.0"},
      {"info",
       json::object{{"title", "Troupe"},
                    {"version", version},
                    {"description",
                     "Control room for fleets of AI agents. Errors are RFC 9457 problem documents; lists "
                     "answer items and "
                     "next_cursor; times are RFC 3339 in UTC with milliseconds."},
                    {"contact", json::object{{"name", "The Troupe authors"}, {"url", "https://localhost/"}}},
                    {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"servers", json::array{json::object{{"url", "/"}, {"description", "This node."}}}},
      {"tags", tags_of()},
      {"security", json::array{json::object{{"key", json::array{}}}}},
      {"paths", std::move(paths)},
      {"components",
       json::object{{"securitySchemes",
                     json::object{{"key", json::object{{"type", "http"},
                                                       {"scheme", "bearer"},
                                                       {"description",
                                                        "An API key: 'Authorization: Bearer <key>'."}}}}},
                    {"responses", problem_responses()},
                    {"schemas", json::parse(openapi_schemas())}}}};
  return json::serialize(doc);
}

}  // namespace troupe::http

#include "node/ctl/records.hpp"

#include <boost/json.hpp>

#include "http/ingest/event_json.hpp"
#include "http/ingest/time_text.hpp"
#include "http/routes/dashboard_json.hpp"
#include "http/routes/records_json.hpp"
#include "protocol/message.hpp"

namespace troupe::ctl {
namespace json = boost::json;
namespace {

json::string text(capnp::Text::Reader t) { return json::string(t.begin(), t.size()); }

json::value time_or_null(std::int64_t us) {
  if (us == 0) return nullptr;
  std::string out;
  ingest::write_rfc3339(us, out);
  return json::value(json::string(out.data(), out.size()));
}

// Ids are numbers of 64 bits: as text, so that no reader rounds them.
json::string hex(std::uint64_t id) {
  char out[32];
  int n = std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(id));
  return json::string(out, static_cast<std::size_t>(n));
}

std::string_view member(const json::value& v, json::string_view name) {
  auto* m = v.as_object().if_contains(name);
  return m && m->is_string() ? std::string_view(m->as_string().data(), m->as_string().size())
                             : std::string_view{};
}

std::string cleaned(std::string_view s) {
  std::string out(s);
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return out;
}

}  // namespace

json::value status_json(schema::NodeStatus::Reader s) {
  json::array problems;
  for (auto p : s.getProblems()) problems.push_back(text(p));
  return json::object{{"ready", s.getReady()},
                      {"problems", std::move(problems)},
                      {"version", text(s.getVersion())},
                      {"level", s.getLevel()},
                      {"node", hex(s.getNodeId())},
                      {"cluster", text(s.getClusterId())},
                      {"started_at", time_or_null(s.getStartedUs())},
                      {"data_dir", text(s.getDataDir())},
                      {"http_listen", text(s.getHttpListen())},
                      {"otlp_listen", text(s.getOtlpListen())},
                      {"ops_listen", text(s.getOpsListen())},
                      {"admin_listen", text(s.getAdminListen())},
                      {"resident_bytes", s.getResidentBytes()},
                      {"disk_free_bytes", s.getDiskFreeBytes()},
                      {"events_stored", s.getEventsStored()},
                      {"connections", s.getConnections()}};
}

json::value shard_json(schema::ShardStatus::Reader s) {
  json::array voters;
  for (auto v : s.getVoters()) voters.push_back(hex(v));
  return json::object{
      {"shard", s.getShard()},
      {"role", text(s.getRole())},
      {"term", s.getTerm()},
      {"leader", s.getLeader() ? json::value(hex(s.getLeader())) : json::value(nullptr)},
      {"voters", std::move(voters)},
      {"commit_index", s.getCommitIndex()},
      {"applied_index", s.getAppliedIndex()},
      {"first_index", s.getFirstIndex()},
      {"last_index", s.getLastIndex()},
      {"last_seq", s.getLastSeq()},
      {"fault", s.getFault().size() ? json::value(text(s.getFault())) : json::value(nullptr)}};
}

json::value setting_json(schema::Setting::Reader s) {
  return json::object{
      {"name", text(s.getName())}, {"value", text(s.getValue())}, {"source", text(s.getSource())}};
}

json::value agent_json(schema::AgentState::Reader a, std::int64_t now_us) {
  std::string out;
  http::write_agent_json(a, now_us, out);
  return json::parse(out);
}

json::value dashboard_json(schema::Dashboard::Reader d) {
  std::string out;
  http::write_dashboard_json(d, out);
  return json::parse(out);
}

json::value dashboard_item_json(schema::DashboardItem::Reader d) {
  std::string out;
  http::write_dashboard_item_json(d, out);
  return json::parse(out);
}

json::value key_json(schema::ApiKey::Reader k) {
  std::string out;
  http::write_key_json(k, out);
  auto v = json::parse(out);
  v.as_object()["org"] = text(k.getOrg());
  v.as_object()["status"] = k.getRevokedUs() ? "revoked" : "active";
  return v;
}

void each_event(std::string_view feed, std::string_view agent,
                const std::function<void(const json::value&)>& show) {
  message_reader reader(feed);
  auto root = reader.root<schema::Feed>();
  for (auto bytes : root.getFacts()) {
    message_reader fact_reader(view_of(bytes));
    auto fact = fact_reader.root<schema::Fact>();
    if (!fact.isEventsAppended()) continue;
    auto seq = fact.getEventsAppended().getFirstSeq();
    for (auto event : fact.getEventsAppended().getEvents()) {
      event_seq at{seq++};
      if (!agent.empty() && view_of(event.getAgentId()) != agent) continue;
      std::string out;
      ingest::write_event_json(event, at, shard_id{root.getShard()}, out);
      show(json::parse(out));
    }
  }
}

std::string event_line(const json::value& event) {
  auto of = [&](json::string_view name) { return cleaned(member(event, name)); };
  std::string line = of("time") + "  " + of("agent_id") + "  " + of("type");
  for (auto name : {"model", "tool", "tier", "peer_agent_id"})
    if (auto value = of(name); !value.empty()) line += "  " + value;
  const auto& o = event.as_object();
  if (auto* ms = o.if_contains("duration_ms"); ms && ms->is_number())
    line += "  " + json::serialize(*ms) + " ms";
  if (auto* tokens = o.if_contains("tokens"); tokens && tokens->is_object()) {
    auto count = [&](json::string_view name) {
      auto* n = tokens->as_object().if_contains(name);
      return n && n->is_number() ? json::serialize(*n) : std::string("0");
    };
    line += "  " + count("input") + "+" + count("output") + " tokens";
  }
  if (auto* cost = o.if_contains("cost_usd"); cost && cost->is_number())
    line += "  $" + json::serialize(*cost);
  if (of("status") == "error") line += "  error: " + of("error");
  return line;
}

}  // namespace troupe::ctl

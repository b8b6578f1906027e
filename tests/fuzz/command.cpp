// Commands of arbitrary bytes, one after another, on a shard: each is applied, refused, or halts the shard and changes
// nothing; none ends the process. Two replicas come to the same state, whenever they hand over to their stores. What is
// stored then can be asked for and written as JSON. (That it is valid JSON is up to the edge, which checks what is kept as JSON: see routes.cpp.)
//
// The input is a row of commands, each with a byte of seconds that pass and two bytes of length in front.
#include <kj/exception.h>

#include "http/ingest/event_json.hpp"
#include "http/routes/dashboard_json.hpp"
#include "http/routes/records_json.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/shard_under_test.hpp"

using namespace troupe;

namespace {

constexpr std::size_t commands_max = 32;

void show(schema::QueryResult::Reader found, std::int64_t now_us) {
  std::string json;
  if (found.isEvents())
    for (auto item : found.getEvents())
      ingest::write_event_json(item.getEvent(), event_seq(item.getSeq()), shard_id(1), json);
  if (found.isAgents())
    for (auto item : found.getAgents()) http::write_agent_json(item, now_us, json);
  if (found.isTasks())
    for (auto item : found.getTasks()) http::write_task_json(item, http::claim_token::shown, json);
  if (found.isApiKeys())
    for (auto item : found.getApiKeys()) http::write_key_json(item, json);
  if (found.isDashboards())
    for (auto item : found.getDashboards().getItems()) http::write_dashboard_item_json(item, json);
  if (found.isDashboard()) http::write_dashboard_json(found.getDashboard(), json);
}

template <class Fill>
void ask(fuzz::shard_under_test& shard, Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Query>());
  auto answer = shard.ask(to_bytes(message));
  if (!answer) return;  // a field of the wrong kind in an event lies as deep as its reader
  message_reader reader(*answer);
  try {
    show(reader.root<schema::QueryResult>(), shard.now_us());
  } catch (const kj::Exception&) {
    // The same: edges catch it there.
  }
}

void look(fuzz::shard_under_test& shard, capnp::Text::Reader org) {
  ask(shard, [](auto q) { q.initReadFeed(); });
  ask(shard, [](auto q) { q.setListApiKeys(); });
  ask(shard, [&](auto q) { q.setOrg(org), q.initListEvents(); });
  ask(shard, [&](auto q) { q.setOrg(org), q.initListAgents(); });
  ask(shard, [&](auto q) { q.setOrg(org), q.initListTasks().setAgentId("a"); });
  ask(shard, [&](auto q) { q.setOrg(org), q.initListDashboards(); });
  ask(shard, [&](auto q) { q.setOrg(org), q.setGetDashboard("d"); });
  ask(shard, [&](auto q) { q.setOrg(org), q.initReadRollups().setUntilUs(INT64_MAX); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  using fuzz::shard_under_test;
  shard_under_test one, other(shard_id(1), shard_under_test::handing::late);
  for (std::size_t n = 0; n < commands_max && rest.size() >= 3; ++n) {
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    auto seconds = byte(0);
    auto length = byte(1) + std::size_t{256} * byte(2);
    auto command = rest.substr(3, length);
    rest.remove_prefix(3 + command.size());
    one.pass_ms(seconds * 1000);
    other.pass_ms(seconds * 1000);
    auto reply = one.run(command);
    must(other.run(command) == reply, "replicas give one answer");
    if (seconds % 4 != 1) continue;
    one.fire_due();
    other.fire_due();
  }
  must(one.digest() == other.digest(), "replicas have one state");
  look(one, "org");
  look(one, "default");
  return 0;
}

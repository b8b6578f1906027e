// Queries of arbitrary bytes on a shard that holds some of everything: answered, refused or not understood, never the end
// of the process, and no answer grows beyond its page.
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/shard_under_test.hpp"

using namespace troupe;

namespace {

template <class Fill>
void run(fuzz::shard_under_test& shard, Fill fill) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg("org");
  fill(command.initBody());
  auto reply = shard.run(to_bytes(message));
  must(reply && !fuzz::is_refusal(*reply), "the shard is filled");
}

void fill_event(schema::Event::Builder event, unsigned i) {
  event.initId().setLow(i + 1);
  event.setType(static_cast<schema::EventType>(i % 12));
  event.setAgentId(i % 2 ? "a" : "b");
  event.setTeam(i % 3 ? "r" : "");
  event.setModel("m");
  event.setTool(i % 4 ? "" : "x");
  event.setTier("tier");
  event.setTraceId("t");
  event.setSessionId("s");
  event.setQuery("Straße 7");
  event.setDurationUs(1000 * i);
  event.setTimeUs(fuzz::shard_under_test::begin_us + std::int64_t{60'000'000} * i);
  event.initTokens().setInput(i);
}

std::unique_ptr<fuzz::shard_under_test> filled() {
  auto shard = std::make_unique<fuzz::shard_under_test>();
  run(*shard, [](auto body) {
    auto events = body.initAppendEvents().initEvents(40);
    for (unsigned i = 0; i < events.size(); ++i) fill_event(events[i], i);
  });
  for (auto* task : {"t", "u", "v"})
    run(*shard, [&](auto body) {
      auto said = body.initCreateTask();
      said.setAgentId("a"), said.setId(task), said.setName("n"), said.setTimeoutMs(1000);
    });
  run(*shard, [](auto body) { body.initClaimTask().setAgentId("a"), body.getClaimTask().setTaskId("u"); });
  run(*shard, [](auto body) {
    auto said = body.initCreateApiKey();
    said.setId("k"), said.setName("n"), said.setSecretHash(data_of(std::string(32, 'h')));
  });
  run(*shard, [](auto body) {
    auto said = body.initCreateDashboard().initDashboard();
    said.setId("d"), said.setTitle("Title"), said.initCharts(1)[0].setId("c");
  });
  return shard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  static const auto shard = filled();
  std::string bytes(reinterpret_cast<const char*>(data), size);
  auto answer = shard->ask(bytes);
  if (!answer) return 0;
  must(answer->size() <= limits::frame_bytes_max, "an answer fits a frame");
  message_reader reader(*answer);
  must(reader.root<schema::QueryResult>().totalSize().capCount == 0, "an answer can be read");
  must(shard->ask(bytes) == answer, "the same question has the same answer");
  return 0;
}

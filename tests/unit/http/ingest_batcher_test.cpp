// Cutting batches into entries, and bodies with Content-Encoding.
#include "http/ingest/batcher.hpp"

#include <zlib.h>
#include <zstd.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "http/ingest/decompress.hpp"
#include "http/ingest/event_json.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/placement.hpp"
#include "protocol/schema/command.capnp.h"

using namespace troupe;
using namespace troupe::ingest;

namespace {

parsed_batch many_events(std::size_t count, std::size_t agents, std::size_t attribute_bytes) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i)
    body += R"({"type":"tool.call","agent_id":"agent-)" + std::to_string(i % agents) +
            R"(","items_retrieved":)" + std::to_string(i) + R"(,"attributes":{"pad":")" +
            std::string(attribute_bytes, 'p') + "\"}}\n";
  auto batch =
      parse_events(body, "application/x-ndjson", context{.now_us = 1'800'000'000'000'000, .entropy_low = 5});
  REQUIRE(batch);
  return std::move(*batch);
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

}  // namespace

TEST_CASE("batcher: events go to their agent's shard, in order, in entries that fit") {
  auto batch = many_events(3000, 40, 1000);
  auto entries = cut_batch(batch, {"default", "key1"}, 16);
  std::vector<int> seen(3000);
  std::map<std::string, std::int64_t> last;
  std::map<std::uint16_t, int> per_shard;
  for (auto& entry : entries) {
    REQUIRE(entry.command.size() + 512 <= limits::entry_bytes_max);
    ++per_shard[entry.shard.value];
    message_reader reader(entry.command);
    auto command = reader.root<schema::Command>();
    CHECK(view_of(command.getOrg()) == "default");
    CHECK(view_of(command.getPrincipal()) == "key1");
    auto events = command.getBody().getAppendEvents().getEvents();
    REQUIRE(events.size() == entry.indexes.size());
    for (unsigned i = 0; i < events.size(); ++i) {
      auto agent = std::string(view_of(events[i].getAgentId()));
      REQUIRE(shard_of("default", "agent", agent, 16) == entry.shard);
      REQUIRE(events[i].getItemsRetrieved() == entry.indexes[i]);
      REQUIRE(last.try_emplace(agent, -1).first->second < events[i].getItemsRetrieved());
      last[agent] = events[i].getItemsRetrieved();
      ++seen[entry.indexes[i]];
    }
  }
  CHECK(std::ranges::all_of(seen, [](int n) { return n == 1; }));
  CHECK(entries.size() < 2 * (3000 * 1400 / limits::entry_bytes_max) + per_shard.size());
}

TEST_CASE("batcher: the size of an event is known before it is encoded") {
  auto batch = many_events(200, 1, 50);
  std::size_t sum = 0;
  for (auto& event : batch.events) sum += encoded_bytes(event, batch.tiers);
  auto entries = cut_batch(batch, {"default", "key1"}, 16);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].command.size() >= sum);
  CHECK(entries[0].command.size() < sum + 256);
}

TEST_CASE("batcher: what the machine rejects is mapped back to the request") {
  auto batch = many_events(10, 3, 10);
  auto entries = cut_batch(batch, {"default", "key1", "retry-1", 99}, 16);
  capnp::MallocMessageBuilder message;
  auto reply = message.initRoot<schema::EventsAppended>();
  auto list = reply.initRejected(2);
  list[0].setIndex(1);
  list[0].setError("wrong");
  list[1].setIndex(1000);
  std::vector<rejected_item> rejected;
  collect_rejected(entries[0], reply.asReader(), rejected);
  REQUIRE(rejected.size() == 1);
  CHECK(rejected[0].index == entries[0].indexes[1]);
  CHECK(rejected[0].error == "wrong");
  message_reader reader(entries[0].command);
  CHECK(view_of(reader.root<schema::Command>().getIdempotencyKey()) == "retry-1#0");
  CHECK(reader.root<schema::Command>().getFingerprint() == 99);
}

TEST_CASE("decompress: gzip and zstd give back the body") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + ",";
  CHECK(*decompress(text, "") == text);
  CHECK(*decompress(gzip(text), " GZIP ") == text);
  CHECK(*decompress(gzip(text) + gzip("more"), "gzip") == text + "more");
  CHECK(*decompress(zstd(text), "zstd") == text);
  CHECK(*decompress(zstd(text) + zstd("more"), "zstd") == text + "more");
  CHECK(*decompress(gzip(""), "gzip") == "");
}

TEST_CASE("decompress: broken, cut and bombing bodies are refused") {
  std::string text(300'000, 'a');
  for (auto& form : {std::pair{gzip(text), "gzip"}, std::pair{zstd(text), "zstd"}}) {
    CHECK(decompress(form.first.substr(0, form.first.size() - 5), form.second).error().code ==
          errc::invalid_argument);
    CHECK(decompress("plainly not compressed", form.second).error().code == errc::invalid_argument);
    CHECK(decompress("", form.second).error().code == errc::invalid_argument);
  }
  std::string zeros(100 * 1024 * 1024, '\0');
  CHECK(decompress(gzip(zeros), "gzip").error().code == errc::too_large);
  CHECK(decompress(zstd(zeros), "zstd").error().code == errc::too_large);
  CHECK(decompress("x", "br").error().code == errc::unsupported);
  CHECK(decompress("x", "gzip, gzip").error().code == errc::unsupported);
}

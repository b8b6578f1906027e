#include <catch2/catch_test_macros.hpp>

#include "protocol/flat_builder.hpp"
#include "protocol/limits.hpp"
#include "protocol/page.hpp"
#include "protocol/records.hpp"
#include "protocol/schema/agent.capnp.h"

using namespace troupe;

namespace {

void fill(capnp::MessageBuilder& message, const std::string& name) {
  auto agent = message.initRoot<schema::Agent>();
  agent.setId("a");
  agent.setName(name.c_str());
  agent.setVersion(9);
}

}  // namespace

TEST_CASE("flat builder: its bytes are those of an ordinary message, again and again") {
  flat_builder builder;
  for (std::size_t size : {10U, 5000U, 3U, 900U, 0U}) {
    std::string name(size, 'n');
    capnp::MallocMessageBuilder ordinary(4096);
    fill(ordinary, name);
    fill(builder.start(100 + text_words(size)), name);
    CHECK(builder.bytes() == to_bytes(ordinary));
  }
}

TEST_CASE("flat builder: a message larger than announced is still right") {
  flat_builder builder;
  std::string name(100'000, 'n');
  fill(builder.start(10), name);
  message_reader reader(builder.bytes());
  CHECK(view_of(reader.root<schema::Agent>().getName()) == name);
  fill(builder.start(50), "small again");
  message_reader small(builder.bytes());
  CHECK(view_of(small.root<schema::Agent>().getName()) == "small again");
}

TEST_CASE("message reader: bytes are read wherever they lie") {
  capnp::MallocMessageBuilder message;
  fill(message, "name");
  auto bytes = to_bytes(message);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    auto moved = std::string(shift, '.') + bytes;
    message_reader reader(std::string_view(moved).substr(shift));
    CHECK(view_of(reader.root<schema::Agent>().getName()) == "name");
  }
}

TEST_CASE("page: an answer is bounded in items, bytes and looks") {
  page few(2);
  CHECK((few.look() && few.take(1) && few.look() && few.take(1)));
  CHECK_FALSE(few.look());
  page large(10);
  CHECK((large.look() && large.take(limits::answer_bytes_max + 1)));  // one always fits
  CHECK((large.look() && !large.take(1)));
  page many(0);
  std::uint32_t taken = 0, looked = 0;
  while (many.look() && many.take(1)) ++taken;
  CHECK(taken == limits::page_items_default);
  page patient(1);
  while (patient.look()) ++looked;
  CHECK(looked == limits::query_scan_max);
}

TEST_CASE("timers: keys sort by when they are due") {
  auto early = timer_key(-5, timer::task_lease).text("x").str();
  auto late = timer_key(7, timer::task_deadline).text("a").str();
  CHECK(early < late);
  CHECK(due_of_timer(early) == -5);
  CHECK(due_of_timer(late) == 7);
  CHECK_FALSE(due_of_timer("x"));
  CHECK_FALSE(due_of_timer(counters_key()));
}

TEST_CASE("mutations: changes are seen again in the order they were made") {
  mutations changes;
  CHECK(changes.empty());
  changes.put(family::state, "k1", "v1");
  changes.erase(family::outbox, "");
  changes.merge(family::rollups, std::string(70'000, 'k'), "");
  changes.put_kept(family::state, "k2", std::string(1, '\0'));
  std::vector<std::tuple<mutation_kind, family, std::size_t, std::size_t>> seen;
  changes.for_each(
      [&](auto kind, auto f, auto key, auto value) { seen.emplace_back(kind, f, key.size(), value.size()); });
  CHECK(seen == std::vector<std::tuple<mutation_kind, family, std::size_t, std::size_t>>{
                    {mutation_kind::put, family::state, 2, 2},
                    {mutation_kind::erase, family::outbox, 0, 0},
                    {mutation_kind::merge, family::rollups, 70'000, 0},
                    {mutation_kind::put_kept, family::state, 2, 1}});
}

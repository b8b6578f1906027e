// The journal by which a node follows a shard's records ahead of a seal.
#include "storage/change_journal.hpp"

#include <catch2/catch_test_macros.hpp>

#include "storage/applied_run.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr node_id one{1}, two{2};

std::string run_of(std::initializer_list<std::size_t> sizes) {
  applied_run run(shard_id(3));
  int key = 0;
  for (auto size : sizes) run.put(column::state, "k" + std::to_string(key++), std::string(size, 'v'));
  return std::string(run.changes(0));
}

}  // namespace

TEST_CASE(
    "change journal: each follower gets what came since its place, in order, and large runs in whole parts") {
  change_journal j;
  j.add(run_of({10}), "ignored");  // nobody follows
  CHECK_FALSE(j.is_kept());
  auto a = j.begin(one, 0, 7);
  CHECK(a == journal_place{7, 1});
  j.add(run_of({10}), "at 1");
  auto b = j.begin(two, 0, 8);
  CHECK(b == journal_place{7, 2});
  auto large = run_of({200'000, 200'000, 300'000, 10});
  j.add(large, "at 2");
  auto first = j.at(one, a, 1);
  REQUIRE(first);
  CHECK(first->applied == "at 1");
  CHECK_FALSE(first->last);
  std::string got;
  auto place = b;
  for (bool last = false; !last;) {
    auto part = j.at(two, place, 1);
    REQUIRE(part);
    got += part->changes;
    last = part->last;
    CHECK((part->applied == "at 2") == last);
    place = part->next;
  }
  CHECK(got == large);
  CHECK(place == journal_place{7, 6});
  auto nothing = j.at(two, place, 1);
  REQUIRE(nothing);
  CHECK(nothing->changes.empty());
  CHECK(nothing->last);
  CHECK(nothing->next == place);
}

TEST_CASE(
    "change journal: what all have is forgotten, and so is who asks no more, and all of it beyond its "
    "bound") {
  change_journal j;
  auto a = j.begin(one, 0, 7), b = j.begin(two, 0, 8);
  j.add(run_of({10}), "at 1");
  REQUIRE(j.at(one, {7, 2}, 10));
  REQUIRE(j.at(two, b, 10));  // still wanted by the other
  REQUIRE(j.at(two, {7, 2}, 10));
  CHECK_FALSE(j.at(one, a, 10));  // nobody wants it
  j.expire(10 + change_journal::idle_ms_max);
  CHECK_FALSE(j.is_kept());
  CHECK_FALSE(j.at(two, {7, 2}, 10));
  auto c = j.begin(one, 0, 9);
  for (int i = 0; i < 40; ++i) j.add(run_of({1'000'000}), "far");
  CHECK_FALSE(j.is_kept());
  CHECK_FALSE(j.at(one, c, 1));
}

TEST_CASE("change journal: after the seal nothing is added, and whoever begins then begins another one") {
  change_journal j;
  auto a = j.begin(one, 0, 7);
  j.add(run_of({10}), "at 1");
  j.close();
  j.add(run_of({10}), "of the next generation");
  auto part = j.at(one, a, 1);
  REQUIRE(part);
  CHECK(part->last);
  auto b = j.begin(two, 0, 8);
  CHECK(b.journal == 8);
  CHECK_FALSE(j.at(one, a, 1));
}

// Who notices a data directory that was put back to an earlier state, and who is left in peace.
#include "storage/rollback_guard.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/memory_kv.hpp"

using namespace troupe;
using storage::rollback_guard;
using storage::rollback_mark;
using testing::memory_kv;

namespace {

constexpr node_id self{1}, peer{2}, third{3};

struct numbers {
  std::uint64_t* next;
  std::uint64_t operator()() const { return (*next)++; }
};

// A directory, and copies of it: tokens never come twice.
struct directories {
  std::uint64_t next_token = 100;

  // What a start makes of the directory.
  std::unique_ptr<rollback_guard> started(memory_kv& store, node_id node = self) {
    auto guard = std::make_unique<rollback_guard>(store, node, numbers{&next_token});
    REQUIRE(guard->advance());
    return guard;
  }
};

}  // namespace

TEST_CASE("rollback: each start draws another mark, and the others follow it") {
  directories all;
  memory_kv store, elsewhere;
  auto other = all.started(elsewhere, peer);
  for (std::uint64_t start = 1; start <= 3; ++start) {
    auto guard = all.started(store);
    CHECK(guard->own().index == start);
    guard->heard_of_self(other->seen(self), peer);
    CHECK(guard->verdict().empty());
    CHECK(other->objection(self, guard->own()).empty());
    other->met(self, guard->own());
    CHECK(other->seen(self) == guard->own());
    CHECK(guard->all() == std::vector<storage::seen_mark>{{self, guard->own()}});
  }
  CHECK(other->all().size() == 2);
}

TEST_CASE("rollback: a directory that was put back is told by itself and by others, however far it goes on") {
  directories all;
  memory_kv store, copy, elsewhere;
  auto other = all.started(elsewhere, peer);
  auto before = all.started(copy);  // both go on from here
  auto first = rollback_mark{1, before->own().token};
  {
    auto batch = store.make_batch();
    copy.latest().scan(storage::column::meta, "", "\xff\xff\xff",
                       [&](std::string_view key, std::string_view value) {
                         batch->put(storage::column::meta, key, value);
                         return true;
                       });
    REQUIRE(store.write(*batch, storage::durability::synced));
  }
  auto after = all.started(store);
  other->met(self, first);
  other->met(self, after->own());
  REQUIRE(after->own().index == 2);

  struct row {
    const char* what;
    std::uint64_t index;  // of the copy when it is met
    bool refused_there;   // the other cannot know it of one that is ahead
  };
  for (const auto& r : {row{"as it was copied", 1, true}, row{"started once, as the other was", 2, true},
                        row{"started more often", 7, false}}) {
    INFO(r.what);
    std::string told;
    rollback_guard back(copy, self, numbers{&all.next_token});
    back.on_verdict([&](const std::string& why) { told = why; });
    while (back.own().index < r.index) REQUIRE(back.advance());
    auto words = other->objection(self, back.own());
    CHECK(words.empty() != r.refused_there);
    if (r.refused_there) {
      CHECK(words.find("troupectl node replace") != std::string::npos);
      CHECK(other->refused().size() == 1);
    }
    // In a store of its own: the verdict stays there.
    memory_kv tried;
    auto batch = tried.make_batch();
    copy.latest().scan(storage::column::meta, "", "\xff\xff\xff",
                       [&](std::string_view key, std::string_view value) {
                         batch->put(storage::column::meta, key, value);
                         return true;
                       });
    REQUIRE(tried.write(*batch, storage::durability::synced));
    rollback_guard itself(tried, self, numbers{&all.next_token});
    itself.on_verdict([&](const std::string& why) { told = why; });
    itself.heard_of_self(other->seen(self), peer);
    CHECK(itself.verdict().find("put back to an earlier state") != std::string::npos);
    CHECK(itself.verdict().find("node-0000000000000002 says so") != std::string::npos);
    CHECK(told == itself.verdict());
    // For ever.
    rollback_guard again(tried, self, numbers{&all.next_token});
    CHECK(again.verdict() == itself.verdict());
  }

  // The one that was not put back is as good as before, and takes the reproach away.
  after->heard_of_self(other->seen(self), peer);
  CHECK(after->verdict().empty());
  CHECK(other->objection(self, after->own()).empty());
  other->met(self, after->own());
  CHECK(other->refused().empty());
}

TEST_CASE("rollback: who knows less, knows nothing of marks or has been forgotten is no witness") {
  directories all;
  memory_kv store, elsewhere;
  auto guard = all.started(store);
  auto other = all.started(elsewhere, peer);
  auto first = guard->own();
  REQUIRE(guard->advance());
  struct row {
    const char* what;
    rollback_mark theirs;
  };
  for (const auto& r : {row{"no mark", {}}, row{"an older mark", first}, row{"the last one", guard->own()}}) {
    INFO(r.what);
    guard->heard_of_self(r.theirs, peer);
    CHECK(guard->verdict().empty());
  }
  CHECK(other->objection(self, first).empty());
  other->heard(self, guard->own());  // from somebody else
  CHECK_FALSE(other->objection(self, first).empty());
  other->heard(self, first);  // old news lower nothing
  CHECK(other->seen(self) == guard->own());
  CHECK(other->objection(self, {}).empty());
  other->forget(self);
  CHECK(other->objection(self, first).empty());
  CHECK(other->refused().empty());
  other->heard(peer, {9, 9});  // of itself it believes nobody in passing
  CHECK(other->seen(peer) == rollback_mark{});
}

TEST_CASE("rollback: what was seen survives a restart, what cannot be written is not claimed") {
  directories all;
  memory_kv store;
  {
    auto guard = all.started(store);
    guard->met(peer, {5, 50});
    guard->heard(third, {6, 60});
    guard->forget(third);
  }
  auto guard = all.started(store);
  CHECK(guard->own().index == 2);
  CHECK(guard->seen(peer) == rollback_mark{5, 50});
  CHECK(guard->seen(third) == rollback_mark{});
  auto now = guard->own();
  store.break_with({errc::no_space, "full"});
  CHECK_FALSE(guard->advance());
  CHECK(guard->own() == now);
  guard->met(peer, {6, 61});  // known while it runs
  CHECK(guard->seen(peer).index == 6);
}

TEST_CASE("rollback: marks from long ago are gone, and say nothing against anybody") {
  directories all;
  memory_kv store;
  auto guard = all.started(store);
  auto first = guard->own();
  while (guard->own().index <= rollback_guard::marks_kept) REQUIRE(guard->advance());
  guard->heard_of_self({first.index, first.token + 1}, peer);
  CHECK(guard->verdict().empty());
  guard->heard_of_self({2, 1}, peer);
  CHECK_FALSE(guard->verdict().empty());
}

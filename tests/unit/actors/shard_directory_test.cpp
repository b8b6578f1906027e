// Which news of a shard's leader counts.
#include "actors/runtime/shard_directory.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {
constexpr shard_id shard{1};
constexpr node_id a{1}, b{2}, c{3};
}  // namespace

TEST_CASE("directory: a later term's leader counts, an earlier one's does not") {
  shard_directory d(2);
  d.learn_leader(shard, generation(1), term(5), a);
  d.learn_leader(shard, generation(1), term(4), b);
  CHECK(d.of(shard).leader == a);
  d.learn_leader(shard, generation(1), term(6), node_id());
  CHECK(d.of(shard).leader == node_id());
  d.learn_leader(shard, generation(1), term(6), b);
  CHECK(d.of(shard).leader == b);
  // A term in which nobody came to lead, not even durable where it was tried.
  d.learn_leader(shard, generation(1), term(9), node_id());
  CHECK(d.of(shard).leader == node_id());
  d.hear(shard, {generation(1), {}, term(9), node_id()});
  d.hear(shard, {generation(1), {}, term(6), b});
  CHECK(d.of(shard).leader == b);
  d.hear(shard, {generation(1), {}, term(9), node_id()});
  CHECK(d.of(shard).leader == b);
  CHECK(d.of(shard_id(7)).voters.empty());
}

TEST_CASE("directory: a later generation forgets the leader and the voters of the one before") {
  shard_directory d(2);
  d.learn_voters(shard, generation(1), {a});
  d.learn_leader(shard, generation(1), term(9), a);
  d.learn_voters(shard, generation(2), {a, b, c});
  CHECK(d.of(shard).voters.size() == 3);
  CHECK(d.of(shard).leader == node_id());
  d.learn_leader(shard, generation(2), term(10), c);
  d.learn_leader(shard, generation(1), term(12), a);
  d.learn_voters(shard, generation(1), {a});
  CHECK(d.of(shard).leader == c);
  CHECK(d.of(shard).voters.size() == 3);
}

TEST_CASE("directory: a suspected leader is forgotten until somebody names it again") {
  shard_directory d(2);
  int told = 0;
  d.on_change([&](shard_id, const shard_place&) { ++told; });
  d.learn_leader(shard, generation(1), term(5), a);
  d.suspect(b);
  CHECK(d.of(shard).leader == a);
  d.suspect(a);
  CHECK(d.of(shard).leader == node_id());
  d.learn_leader(shard, generation(1), term(5), a);
  CHECK(d.of(shard).leader == a);
  CHECK(told == 3);
}

TEST_CASE("directory: whether this node leads only its own replicas say") {
  shard_directory d(2);
  d.know_self(a);
  d.hear(shard, {generation(1), {a, b, c}, term(5), a});
  CHECK(d.of(shard).leader == node_id());
  CHECK(d.of(shard).voters.size() == 3);
  d.learn_leader(shard, generation(1), term(5), a);
  // Nor can others talk it out of that.
  d.hear(shard, {generation(1), {}, term(5), node_id()});
  d.hear(shard, {generation(1), {}, term(5), a});
  CHECK(d.of(shard).leader == a);
  d.learn_leader(shard, generation(1), term(5), node_id());
  CHECK(d.of(shard).leader == node_id());
  d.hear(shard, {generation(1), {}, term(6), b});
  d.hear(shard, {generation(1), {}, term(5), c});
  CHECK(d.of(shard).leader == b);
}

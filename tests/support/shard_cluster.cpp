#include "tests/support/shard_cluster.hpp"

#include <caf/all.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "storage/rocks_kv.hpp"
#include "storage/shard_client.hpp"
#include "storage/shard_network.hpp"
#include "storage/snapshot.hpp"

namespace troupe::test {

namespace {

constexpr auto answer_within = std::chrono::seconds(20);

result<frame> lost_answer(const caf::error&) {
  return failure{errc::timed_out, "the shard's actor does not answer"};
}

}  // namespace

shard_cluster::shard_cluster(options o) : options_(std::move(o)) {
  for (std::uint64_t n = 1; n <= options_.nodes; ++n) nodes_.push_back(std::make_unique<one_node>());
  for (std::uint64_t n = 1; n <= options_.nodes; ++n) start(n);
}

shard_cluster::~shard_cluster() {
  for (std::uint64_t n = 1; n <= options_.nodes; ++n)
    if (is_up(n)) stop(n);
}

void shard_cluster::start(std::uint64_t number) {
  auto& n = *nodes_[number - 1];
  node_id self(number);
  auto opened = storage::open_rocks(n.folder.path() / "db", {});
  must(static_cast<bool>(opened), "the test's store opens");
  n.store = std::move(*opened);
  n.writer = std::make_unique<storage::log_writer>(*n.store);
  n.space = std::make_unique<storage::space_guard>(n.folder.path(), 1);
  n.directory = std::make_unique<shard_directory>(options_.shards);
  n.directory->on_change([this](shard_id, const shard_place&) { wake_.notify_all(); });
  n.config = std::make_unique<caf::actor_system_config>();
  n.config->set("scheduler.max-threads", 2u);
  n.system = std::make_unique<caf::actor_system>(*n.config);
  n.queries = storage::spawn_query_workers(*n.system, 1, *n.store, machines_);
  n.peers = &net_.join(self);
  auto around = std::make_shared<storage::shard_surroundings>(
      storage::shard_surroundings{*n.store, *n.writer, machines_, *n.space, n.queries, n.peers});
  n.digests = std::make_unique<storage::digest_worker>();
  around->digests = n.digests.get();
  around->digest_every = options_.digest_every;
  auto* directory = n.directory.get();
  around->voters_changed = [directory](shard_id s, generation g, const std::vector<node_id>& voters) {
    directory->learn_voters(s, g, voters);
  };
  around->leader_changed = [directory](shard_id s, generation g, term t, node_id leader) {
    directory->learn_leader(s, g, t, leader);
  };
  bool founds =
      std::find(options_.founders.begin(), options_.founders.end(), self) != options_.founders.end();
  for (std::uint16_t s = 0; s < options_.shards; ++s) {
    storage::shard_config c;
    c.raft.shard = shard_id(s);
    c.raft.generation = generation(1);
    c.raft.self = self;
    if (founds) c.raft.voters = options_.founders;
    c.raft.seed = static_cast<std::uint32_t>(number * 31 + s);
    c.raft.tuning.election_ms = 500;
    c.history = epoch(7);
    c.snapshot_every = options_.snapshot_every;
    c.trailing = options_.trailing;
    n.shards.push_back(storage::spawn_shard(*n.system, c, around));
  }
  storage::serve_peers(*n.peers, n.shards);
  if (options_.has_runtime)
    n.actors = std::make_unique<runtime>(*n.system, n.shards, epoch(7), n.peers, n.directory.get());
  net_.start(self);
}

void shard_cluster::stop(std::uint64_t number) {
  auto& n = *nodes_[number - 1];
  net_.leave(node_id(number));
  n.actors.reset();
  for (auto& s : n.shards) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  n.shards.clear();
  caf::anon_send_exit(n.queries, caf::exit_reason::user_shutdown);
  n.queries = nullptr;
  n.system->await_all_actors_done();
  n.digests.reset();
  n.writer.reset();  // its completions still name actors
  n.system.reset();
  n.config.reset();
  n.store.reset();
}

bool shard_cluster::wait(const std::function<bool()>& until, std::chrono::seconds within) {
  auto deadline = std::chrono::steady_clock::now() + within;
  std::unique_lock lock(mutex_);
  while (!until()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    wake_.wait_for(lock, std::chrono::milliseconds(20));
  }
  return true;
}

std::uint64_t shard_cluster::leader(std::uint16_t shard) {
  std::uint64_t found = 0;
  wait([&] {
    found = 0;
    for (std::uint64_t n = 1; n <= options_.nodes; ++n) {
      if (!is_up(n)) continue;
      auto place = seen_by(n, shard);
      if (place.leader.value != n) continue;
      std::size_t agree = 0;
      for (std::uint64_t m = 1; m <= options_.nodes; ++m) {
        if (!is_up(m)) continue;
        auto other = seen_by(m, shard);
        if (other.term > place.term && other.generation >= place.generation) agree = 0;
        if (other.leader == place.leader && other.term == place.term) ++agree;
      }
      if (agree > place.voters.size() / 2) found = n;
    }
    return found != 0;
  });
  return found;
}

result<std::string> shard_cluster::command(std::uint64_t node, std::string command, std::uint16_t number) {
  caf::scoped_actor self(system(node));
  result<frame> answer = failure{errc::internal, "no answer"};
  self->request(shard(node, number), answer_within, frame::of(frame_kind::command, command))
      .receive([&](frame& f) { answer = std::move(f); },
               [&](const caf::error& e) { answer = lost_answer(e); });
  return answer ? storage::payload_of_reply(*answer) : result<std::string>(answer.error());
}

result<std::string> shard_cluster::command_anywhere(std::string what, std::uint16_t number) {
  result<std::string> answer = failure{errc::unavailable, "nobody leads"};
  wait([&] {
    for (std::uint64_t n = 1; n <= options_.nodes; ++n) {
      if (!is_up(n) || seen_by(n, number).leader != node_id(n)) continue;
      answer = command(n, what, number);
      if (answer) return true;
    }
    return false;
  });
  return answer;
}

result<std::string> shard_cluster::status(std::uint64_t node, std::uint16_t number) {
  capnp::MallocMessageBuilder query;
  query.initRoot<schema::Query>().setStatus();
  caf::scoped_actor self(system(node));
  result<frame> answer = failure{errc::internal, "no answer"};
  self->request(shard(node, number), answer_within, storage::peek_atom::value,
                frame::of(frame_kind::query, to_bytes(query)))
      .receive([&](frame& f) { answer = std::move(f); },
               [&](const caf::error& e) { answer = lost_answer(e); });
  return answer ? storage::payload_of_query_result(*answer) : result<std::string>(answer.error());
}

result<std::string> shard_cluster::transfer(std::uint64_t node, std::uint64_t to, std::uint16_t number) {
  caf::scoped_actor self(system(node));
  result<frame> answer = failure{errc::internal, "no answer"};
  self->request(shard(node, number), answer_within, storage::transfer_atom::value, to)
      .receive([&](frame& f) { answer = std::move(f); },
               [&](const caf::error& e) { answer = lost_answer(e); });
  return answer ? storage::payload_of_reply(*answer) : result<std::string>(answer.error());
}

std::uint64_t shard_cluster::digest(std::uint64_t node, std::uint16_t number) {
  // Any query makes the store show what was applied.
  capnp::MallocMessageBuilder query;
  query.initRoot<schema::Query>().setDueTimers(0);
  caf::scoped_actor self(system(node));
  self->request(shard(node, number), answer_within, storage::peek_atom::value,
                frame::of(frame_kind::query, to_bytes(query)))
      .receive([](frame&) {}, [](const caf::error&) {});
  return storage::digest(store(node).latest(), shard_id(number));
}

}  // namespace troupe::test

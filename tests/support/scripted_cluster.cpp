#include "tests/support/scripted_cluster.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <future>

#include "node/membership_messages.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "storage/shard_client.hpp"

namespace troupe::test {

namespace {

constexpr auto minute = std::chrono::seconds(60);
// A newcomer has pulled when it was asked so often how it is.
constexpr int looks_to_pull = 2;

bool contains(const std::vector<node_id>& voters, node_id id) {
  return std::find(voters.begin(), voters.end(), id) != voters.end();
}

}  // namespace

// A client that asks the script.
class scripted_cluster::face final : public client {
 public:
  face(scripted_cluster& world, node_id self) : world_(world), self_(self) {}

  void command(shard_id shard, std::string command, answer done) override {
    // CAF's actors made of a function need an argument.
    world_.system_.spawn(
        [this, shard, done = std::move(done)](caf::event_based_actor*, const std::string& bytes) {
          done(world_.take(self_, shard, bytes));
        },
        std::move(command));
  }
  void query(shard_id, std::string, consistency, answer done) override {
    done(failure{errc::unsupported, "not scripted"});
  }
  void query_each(std::vector<shard_id>, std::string, consistency, answers done) override {
    done(failure{errc::unsupported, "not scripted"});
  }
  std::unique_ptr<subscription> subscribe(feed_sink) override { return nullptr; }
  std::uint16_t shard_count() const override { return static_cast<std::uint16_t>(world_.shards_.size()); }
  epoch history() const override { return epoch(1); }

 private:
  scripted_cluster& world_;
  node_id self_;
};

scripted_cluster::scripted_cluster(std::uint16_t shards, std::chrono::milliseconds leaders_rest)
    : system_((config_.set("scheduler.max-threads", 2), config_)),
      shards_(shards),
      leaders_rest_(leaders_rest) {}

scripted_cluster::~scripted_cluster() {
  for (auto& [id, n] : nodes_) net_.leave(id);
  for (auto& [id, n] : nodes_) n->member.reset();
  for (auto& [id, n] : nodes_)
    for (auto& s : n->shards) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  system_.await_all_actors_done();
}

cluster::node_facts scripted_cluster::facts_of(node_id id, std::string zone) const {
  auto name = "n" + std::to_string(id.value);
  return {id, name, name + ":7400", name + ":8080", std::move(zone), "1.0.0", 1};
}

void scripted_cluster::start(node_id id, std::string zone) {
  auto fresh = std::make_unique<machine_node>();
  for (std::uint16_t at_shard = 0; at_shard < shards_.size(); ++at_shard)
    fresh->shards.push_back(system_.spawn(
        [this, id](caf::event_based_actor*, std::uint16_t s) -> caf::behavior {
          return {[this, id, s](storage::peek_atom, const frame& query) { return answer(id, s, query); },
                  [this, id, s](storage::learn_atom, std::uint64_t, std::uint64_t of) {
                    std::lock_guard lock(mutex_);
                    shards_[s].learning[id] = generation(of);
                  },
                  [this, id, s](node::transfer_atom, std::uint64_t to) {
                    {
                      std::lock_guard lock(mutex_);
                      if (shards_[s].leader != id)
                        return storage::reply_of({errc::not_leader, "another node leads this shard"});
                      shards_[s].leader = node_id(to);
                      ++shards_[s].term;
                      handed_.push_back({shard_id(s), std::chrono::steady_clock::now()});
                    }
                    happened();
                    return frame::of(frame_kind::reply, done_reply());
                  }};
        },
        at_shard));
  fresh->actors = std::make_unique<face>(*this, id);
  node::membership_sources from;
  from.actors = fresh->actors.get();
  from.peers = &net_.join(id);
  from.shards = fresh->shards;
  from.cluster_id = "scripted";
  from.self = facts_of(id, std::move(zone));
  from.figures = [] { return node::own_figures{true, {}, 1, 1ULL << 40, 0}; };
  from.map_changed = [this](const cluster::cluster_map&) { happened(); };
  from.look_changing = from.look_acting = from.look_idle = std::chrono::milliseconds(5);
  from.leaders_rest = leaders_rest_;
  auto* made = fresh.get();
  {
    std::lock_guard lock(mutex_);
    if (nodes_.empty() && shards_.front().voters.empty())
      for (auto& s : shards_) s = {generation(1), {id}, id, 1, {}, {}, {}};
    nodes_[id] = std::move(fresh);
    elect();
  }
  made->member = std::make_unique<node::membership>(system_, std::move(from));
  net_.start(id);
}

void scripted_cluster::kill(node_id id) {
  net_.leave(id);
  std::unique_ptr<machine_node> dead;
  {
    std::lock_guard lock(mutex_);
    dead = std::move(nodes_.at(id));
    nodes_.erase(id);
    elect();
  }
  dead->member.reset();
  for (auto& s : dead->shards) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  happened();
  // What it asked may still be answered: its face stays.
  static_cast<void>(dead->actors.release());
}

void scripted_cluster::happened() { wake_.notify_all(); }

bool scripted_cluster::wait(const std::function<bool()>& holds) {
  auto until = std::chrono::steady_clock::now() + minute;
  while (!holds()) {
    std::unique_lock lock(mutex_);
    if (std::chrono::steady_clock::now() > until) return false;
    // Whoever looks at its shards wakes this up too.
    wake_.wait_until(lock, until);
  }
  return true;
}

result<cluster::cluster_map> scripted_cluster::command(
    node_id where, const std::function<void(schema::ClusterCommand::Builder)>& fill) {
  auto answered = std::make_shared<std::promise<result<cluster::cluster_map>>>();
  at(where).command(fill, [answered](auto r) { answered->set_value(std::move(r)); });
  auto got = answered->get_future();
  if (got.wait_for(minute) != std::future_status::ready) return failure{errc::timed_out, "no answer"};
  return got.get();
}

result<cluster::cluster_map> scripted_cluster::admit(node_id where, node_id who,
                                                     std::optional<node::shown_invitation> with) {
  auto answered = std::make_shared<std::promise<result<cluster::cluster_map>>>();
  at(where).admit(facts_of(who, ""), with, [answered](auto r) { answered->set_value(std::move(r)); });
  auto got = answered->get_future();
  if (got.wait_for(minute) != std::future_status::ready) return failure{errc::timed_out, "no answer"};
  return got.get();
}

void scripted_cluster::join(node_id by, node_id id, std::string zone) {
  std::string hash(32, 'h'), name = "n" + std::to_string(id.value);
  auto invited = command(by, [&](schema::ClusterCommand::Builder c) {
    auto i = c.initInvite();
    i.setId(name);
    i.setSecretHash(data_of(hash));
    i.setNodeId(id.value);
    i.setName(name);
    std::lock_guard lock(mutex_);
    i.setExpiresUs(map_.now.time_us + 1'000'000);
  });
  must(static_cast<bool>(invited), "the invitation is given");
  must(static_cast<bool>(admit(by, id, node::shown_invitation{name, hash})), "the node is let in");
  start(id, std::move(zone));
}

std::vector<scripted_cluster::scripted_shard> scripted_cluster::shards() {
  std::lock_guard lock(mutex_);
  return shards_;
}

std::vector<shard_id> scripted_cluster::sealed() {
  std::lock_guard lock(mutex_);
  return sealed_;
}

std::vector<scripted_cluster::hand_over> scripted_cluster::handed() {
  std::lock_guard lock(mutex_);
  return handed_;
}

std::size_t scripted_cluster::changing_at_once_max() {
  std::lock_guard lock(mutex_);
  return changing_max_;
}

// With the lock held: whoever can leads.
void scripted_cluster::elect() {
  for (auto& s : shards_) {
    std::vector<node_id> able;
    for (auto v : s.voters)
      if (lives(v) && !s.pulling.contains(v)) able.push_back(v);
    if (contains(able, s.leader)) continue;
    s.leader = able.size() * 2 > s.voters.size() || (able.size() == 1 && !s.pulling.empty()) ? able.front()
                                                                                             : node_id();
    ++s.term;
  }
}

frame scripted_cluster::answer(node_id where, std::uint16_t shard, const frame& query) {
  std::string reply;
  {
    std::lock_guard lock(mutex_);
    auto bytes = query.open(frame_kind::query);
    bool map = message_reader(*bytes).root<schema::Query>().isClusterMap();
    if (!map) {
      reply = status_of(where, shard);
    } else if (contains(shards_[0].voters, where) && !shards_[0].pulling.contains(where)) {
      reply = map_.query([](auto q) { q.setClusterMap(); }).bytes();
    } else {
      capnp::MallocMessageBuilder message;
      message.initRoot<schema::QueryResult>().setNothing();
      reply = to_bytes(message);
    }
  }
  happened();
  return frame::of(frame_kind::query_result, reply);
}

std::string scripted_cluster::status_of(node_id where, std::uint16_t shard) {
  auto& s = shards_[shard];
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::QueryResult>().initStatus();
  out.setShard(shard);
  if (!contains(s.voters, where)) {
    auto learner = s.learning.find(where);
    bool learns = learner != s.learning.end() && learner->second == s.generation;
    out.setRole(learns ? "learning" : "vacant");
    if (learns) out.setGeneration(s.generation.value);
    if (learns) out.setAppliedIndex(1);
    return to_bytes(message);
  }
  auto newcomer = s.pulling.find(where);
  if (newcomer != s.pulling.end() && --newcomer->second == 0) {
    s.pulling.erase(newcomer);
    elect();
  }
  out.setRole(s.pulling.contains(where) ? "pulling" : s.leader == where ? "leader" : "follower");
  out.setGeneration(s.generation.value);
  out.setTerm(s.term);
  out.setLeader(s.leader.value);
  auto voters = out.initVoters(static_cast<unsigned>(s.voters.size()));
  for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, s.voters[i].value);
  auto other = s.digests.find(where);
  out.setDigestIndex(1);
  out.setDigest(other == s.digests.end() ? 1 : other->second);
  return to_bytes(message);
}

void scripted_cluster::alter(shard_id shard, node_id replica) {
  std::lock_guard lock(mutex_);
  shards_[shard.value].digests[replica] = 2;
}

result<std::string> scripted_cluster::take(node_id where, shard_id id, const std::string& command) {
  result<std::string> reply = failure{errc::unavailable, "no majority"};
  {
    std::lock_guard lock(mutex_);
    auto& s = shards_[id.value];
    bool linked = lives(where) && s.leader.value != 0;
    message_reader reader(command);
    auto body = reader.root<schema::Command>().getBody();
    if (linked && body.isSeal()) {
      reply = take_seal(s, id, body.getSeal());
    } else if (linked) {
      map_.pass(1);
      reply = map_.run(command).bytes();
    }
  }
  happened();
  return reply;
}

result<std::string> scripted_cluster::take_seal(scripted_shard& s, shard_id id, schema::Seal::Reader seal) {
  if (seal.getGeneration() != s.generation.value + 1) return refusal(errc::conflict, "look again");
  auto before = s.voters;
  s.generation = generation(seal.getGeneration());
  s.voters.clear();
  for (auto v : seal.getVoters()) s.voters.emplace_back(v);
  s.pulling.clear();
  for (auto v : s.voters)
    if (!contains(before, v)) s.pulling[v] = looks_to_pull;
  sealed_.push_back(id);
  elect();
  changing_max_ = std::max(
      changing_max_, static_cast<std::size_t>(std::count_if(shards_.begin(), shards_.end(),
                                                            [](auto& x) { return !x.pulling.empty(); })));
  return done_reply();
}

}  // namespace troupe::test

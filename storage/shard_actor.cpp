#include "storage/shard_actor.hpp"

#include <sys/random.h>

#include <caf/actor_pool.hpp>
#include <caf/all.hpp>

#include <chrono>

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "protocol/message.hpp"
#include "protocol/schema/raft_message.capnp.h"
#include "storage/shard_client.hpp"

namespace troupe::storage {

namespace {

using namespace std::chrono;

using tick_atom = caf::atom_constant<caf::atom("tick")>;
using written_atom = caf::atom_constant<caf::atom("written")>;
using failed_atom = caf::atom_constant<caf::atom("failed")>;
using reopen_atom = caf::atom_constant<caf::atom("reopen")>;

constexpr auto reopen_after = seconds(1);

instant clock_now() {
  return {
      static_cast<std::uint64_t>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()),
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

failure disk_full() {
  return {errc::no_space, "the disk is full: make space, writes are taken again by themselves",
          milliseconds(5000)};
}

frame_kind kind_of(const frame& f) {
  auto opened = f.bytes.size() < envelope_bytes ? 0 : static_cast<unsigned char>(f.bytes[0]);
  return static_cast<frame_kind>(opened);
}

class shard_body final : public caf::event_based_actor, private shard_host {
 public:
  shard_body(caf::actor_config& cfg, shard_config config, std::shared_ptr<const shard_surroundings> around)
      : caf::event_based_actor(cfg), config_(std::move(config)), around_(std::move(around)) {
    set_down_handler([this](caf::down_msg& down) { followers_.erase(down.source); });
    set_default_handler(caf::drop);
  }

  const char* name() const override { return "shard"; }
  // Whoever still holds a handle must not keep the store's users alive.
  void on_exit() override {
    shard_.reset();
    waiting_.clear();
    reading_.clear();
    followers_.clear();
    timers_to_ = nullptr;
    stopping_ = caf::response_promise();
    around_.reset();
  }

 protected:
  caf::behavior make_behavior() override {
    open();
    return {
        [this](frame& f) { return on_frame(f); },
        [this](read_atom, frame& f) { return on_read(f); },
        [this](peek_atom, frame& f) { return answer(make_response_promise(), std::move(f)); },
        [this](follow_atom, const caf::actor& who) { follow(who); },
        [this](taken_atom, std::uint64_t bytes) { taken(bytes); },
        [this](timers_atom, const caf::actor& who) { timers_to_ = who; },
        [this](written_atom, std::uint64_t instance, std::uint64_t ticket) {
          if (instance != instance_) return;
          shard_->written(clock_now(), write_ticket(ticket));
          settle();
        },
        [this](failed_atom, std::uint64_t instance, std::uint16_t code, const std::string& detail) {
          if (instance != instance_) return;
          shard_->write_failed({static_cast<errc>(code), detail});
          settle();
        },
        [this](tick_atom) {
          armed_for_ = 0;
          shard_->tick(clock_now());
          settle();
        },
        [this](reopen_atom) { reopen(); },
        [this](stop_atom) {
          stopping_ = make_response_promise();
          settle();
        },
    };
  }

 private:
  // --- opening, and opening again after a failed write

  void open() {
    ++instance_;
    shard_ =
        std::make_unique<shard>(config_, around_->store, around_->machines, static_cast<shard_host&>(*this));
    auto started = shard_->start(clock_now());
    if (!started) {
      spdlog::error("shard {} did not start: {}", config_.raft.shard.value, started.error().detail);
      shard_->write_failed(started.error());
    }
    settle();
  }

  void reopen() {
    if (around_->space.is_low(clock_now().mono_ms) || !around_->store.resume()) {
      delayed_send(this, reopen_after, reopen_atom::value);
      return;
    }
    spdlog::info("shard {} takes up again", config_.raft.shard.value);
    open();
    for (auto& [address, f] : followers_) send_position(f);
  }

  void halted(const failure& why) override {
    spdlog::error("shard {} halted: {}", config_.raft.shard.value, why.detail);
    if (why.code == errc::no_space || why.code == errc::internal)
      delayed_send(this, reopen_after, reopen_atom::value);
  }

  // --- commands

  caf::result<frame> on_frame(frame& f) {
    if (kind_of(f) == frame_kind::raft) {
      on_raft(f);
      return frame{};
    }
    auto promise = make_response_promise();
    auto command = f.open(frame_kind::command);
    if (!command) {
      promise.deliver(reply_of(command.error()));
    } else if (stopping_.pending()) {
      promise.deliver(reply_of({errc::unavailable, "this node is stopping: send again", milliseconds(500)}));
    } else {
      auto now = clock_now();
      shard_->refuse_writes(around_->space.is_low(now.mono_ms) ? std::optional(disk_full()) : std::nullopt);
      request_id id(++requests_);
      waiting_.emplace(id, promise);
      shard_->propose(now, id, std::string(*command));
    }
    settle();
    return promise;
  }

  void replied(request_id id, troupe::result<std::string> reply) override {
    auto it = waiting_.find(id);
    if (it == waiting_.end()) return;
    it->second.deliver(reply ? frame::of(frame_kind::reply, *reply) : reply_of(reply.error()));
    waiting_.erase(it);
  }

  std::pair<std::uint64_t, std::uint64_t> entropy() override {
    std::uint64_t bits[2] = {};
    must(::getrandom(bits, sizeof bits, 0) == sizeof bits, "the kernel gives random bits");
    return {bits[0], bits[1]};
  }

  void write(std::unique_ptr<kv_batch> batch, write_ticket ticket) override {
    caf::actor self(this);
    around_->writer.write(std::move(batch),
                          [self, instance = instance_, ticket](const troupe::result<storage::done>& r) {
                            if (r)
                              caf::anon_send(self, written_atom::value, instance, ticket.value);
                            else
                              caf::anon_send(self, failed_atom::value, instance,
                                             static_cast<std::uint16_t>(r.error().code), r.error().detail);
                          });
  }

  // --- queries

  caf::result<frame> on_read(frame& f) {
    auto promise = make_response_promise();
    read_id id(++reads_);
    reading_.emplace(id, std::pair{promise, std::move(f)});
    shard_->read(clock_now(), id);
    settle();
    return promise;
  }

  void read_ready(read_id id) override {
    auto it = reading_.find(id);
    if (it == reading_.end()) return;
    auto [promise, query] = std::move(it->second);
    reading_.erase(it);
    answer(std::move(promise), std::move(query));
  }

  void read_failed(read_id id) override {
    auto it = reading_.find(id);
    if (it == reading_.end()) return;
    it->second.first.deliver(
        query_result_of(shard_ && shard_->fault()
                            ? failure{errc::unavailable, "this shard has halted: " + shard_->fault()->detail}
                            : failure{errc::not_leader, "another node leads this shard", milliseconds(100)}));
    reading_.erase(it);
  }

  caf::result<frame> answer(caf::response_promise promise, frame query) {
    auto opened = query.open(frame_kind::query);
    if (!opened) {
      promise.deliver(query_result_of(opened.error()));
      return promise;
    }
    message_reader reader(*opened);
    if (reader.root<schema::Query>().which() == schema::Query::STATUS)
      promise.deliver(frame::of(frame_kind::query_result, status()));
    else
      promise.delegate(around_->queries, config_.raft.shard.value, config_.history.value, std::move(query));
    return promise;
  }

  std::string status() const {
    static constexpr const char* roles[] = {"follower", "candidate", "leader"};
    capnp::MallocMessageBuilder message;
    auto result = message.initRoot<schema::QueryResult>();
    result.setShard(config_.raft.shard.value);
    result.setEpoch(config_.history.value);
    result.setLastSeq(shard_->last_seq().value);
    auto out = result.initStatus();
    auto s = shard_->status();
    out.setShard(config_.raft.shard.value);
    out.setRole(shard_->fault() ? "closed" : roles[static_cast<int>(s.role)]);
    out.setTerm(s.term.value);
    out.setLeader(s.leader.value);
    auto voters = out.initVoters(static_cast<unsigned>(config_.raft.voters.size()));
    for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, config_.raft.voters[i].value);
    out.setCommitIndex(s.commit.value);
    out.setAppliedIndex(shard_->applied().value);
    out.setLastIndex(s.last.value);
    out.setFirstIndex(s.first.value);
    out.setLastSeq(shard_->last_seq().value);
    if (shard_->fault()) out.setFault(shard_->fault()->detail);
    return to_bytes(message);
  }

  // --- the feed

  struct follower {
    caf::actor who;
    std::uint64_t ahead_bytes = 0;  // sent, not taken yet
    bool skipping = false;          // too far ahead: misses entries until it has taken all
  };

  void follow(const caf::actor& who) {
    monitor(who);
    auto& f = followers_[who.address()];
    f = {who};
    send_position(f);
  }

  void send_position(follower& f) {
    capnp::MallocMessageBuilder message;
    auto feed = message.initRoot<schema::Feed>();
    feed.setShard(config_.raft.shard.value);
    feed.setIndex(shard_->applied().value);
    feed.setEpoch(config_.history.value);
    feed.setLastSeq(shard_->last_seq().value);
    auto position = frame::of(frame_kind::feed, to_bytes(message));
    f.ahead_bytes += position.bytes.size();
    send(f.who, std::move(position));
  }

  void published(std::string feed) override {
    message_reader reader(feed);
    auto root = reader.root<schema::Feed>();
    if (root.getTimerUs() != 0 && timers_to_) send(timers_to_, timers_atom::value, root.getTimerUs());
    if (followers_.empty() || root.getFacts().size() == 0) return;
    auto message = caf::make_message(frame::of(frame_kind::feed, feed));
    auto bytes = feed.size() + envelope_bytes;
    for (auto& [address, f] : followers_) {
      if (f.ahead_bytes + bytes > limits::feed_bytes_ahead_max) f.skipping = true;
      if (f.skipping) continue;
      f.ahead_bytes += bytes;
      send(f.who, message);
    }
  }

  void taken(std::uint64_t bytes) {
    auto it = followers_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
    if (it == followers_.end()) return;
    auto& f = it->second;
    f.ahead_bytes -= std::min(bytes, f.ahead_bytes);
    if (!f.skipping || f.ahead_bytes != 0) return;
    f.skipping = false;
    send_position(f);
  }

  // --- between replicas

  void on_raft(const frame& f) {
    auto message = f.open(frame_kind::raft);
    if (!message) return;
    message_reader reader(*message);
    node_id from(reader.root<schema::RaftMessage>().getFrom());
    shard_->receive(clock_now(), from, *message);
    settle();
  }

  void send(node_id to, std::string message) override {
    if (around_->send) around_->send(to, frame::of(frame_kind::raft, message));
  }
  using caf::event_based_actor::send;

  void role_changed(raft_role role, term at, node_id leader) override {
    spdlog::debug("shard {}: role {} in term {}, leader {}", config_.raft.shard.value, static_cast<int>(role),
                  at.value, leader.value);
  }

  void pull_snapshot(node_id from, const snapshot_point& point) override {
    // Reached only with other voters, which this version does not form: membership comes with the cluster.
    spdlog::error("shard {}: node {} asks to install a snapshot at {}", config_.raft.shard.value, from.value,
                  point.index.value);
  }

  // --- after every message: timers, and the end

  void settle() {
    if (stopping_.pending() && waiting_.empty()) stopping_.deliver(stop_atom::value);
    if (!shard_) return;
    // A leader without others has nobody to beat to and nobody to miss.
    if (config_.raft.voters.size() == 1 && shard_->status().role == raft_role::leader) return;
    auto due = shard_->next_timeout_ms();
    if (due == ~std::uint64_t{0} || (armed_for_ != 0 && armed_for_ <= due)) return;
    armed_for_ = due;
    auto now = clock_now().mono_ms;
    delayed_send(this, milliseconds(due > now ? due - now : 0), tick_atom::value);
  }

  shard_config config_;
  std::shared_ptr<const shard_surroundings> around_;
  std::unique_ptr<shard> shard_;
  std::uint64_t instance_ = 0;  // of shard_: completions for an earlier one are dropped
  std::uint64_t requests_ = 0, reads_ = 0;
  std::uint64_t armed_for_ = 0;
  std::map<request_id, caf::response_promise> waiting_;
  std::map<read_id, std::pair<caf::response_promise, frame>> reading_;
  std::map<caf::actor_addr, follower> followers_;
  caf::actor timers_to_;
  caf::response_promise stopping_;
};

caf::behavior query_worker(caf::event_based_actor*, const kv* store, const machine_set* machines) {
  return {[=](std::uint16_t shard, std::uint64_t history, const frame& query) -> frame {
    auto opened = query.open(frame_kind::query);
    if (!opened) return query_result_of(opened.error());
    try {
      auto snapshot = store->snapshot();
      return frame::of(frame_kind::query_result,
                       applier::answer(*snapshot, shard_id(shard), epoch(history), *machines, *opened));
    } catch (const storage_fault& e) {
      return query_result_of({errc::corrupt, e.what()});
    } catch (const machine_fault& e) {
      return query_result_of({errc::corrupt, e.what()});
    } catch (const kj::Exception& e) {
      return query_result_of(
          {errc::invalid_argument,
           std::string("the query or a record cannot be decoded: ") + e.getDescription().cStr()});
    }
  }};
}

}  // namespace

caf::actor spawn_query_workers(caf::actor_system& system, std::size_t n, const kv& store,
                               const machine_set& machines) {
  return caf::actor_pool::make(
      system.dummy_execution_unit(), n,
      [&] { return system.spawn<caf::detached>(query_worker, &store, &machines); },
      caf::actor_pool::round_robin());
}

caf::actor spawn_shard(caf::actor_system& system, shard_config config,
                       std::shared_ptr<const shard_surroundings> around) {
  return system.spawn<shard_body>(std::move(config), std::move(around));
}

}  // namespace troupe::storage

// One node's part in one shard, through the shard's generations (docs/decisions/0002). The owner, an actor or the simulation,
// brings time, disk and messages as it would to a storage::shard; a member holds one while it votes.
//
//            began(g, me)            pulled           the seal of g is applied, next has me
//   vacant -------------> pulling ----------> voting -------------------------------------> entering --> voting (g+1)
//      ^                                        | next has not me
//      +---------- all of next entered --- retired
//
// (A pull that leads nowhere goes back to where it began.) Who has applied a seal tells the voters of the next generation that it began, until each has answered that it entered;
// who is past a generation tells whoever still speaks in it. Who holds no data, or too old data, pulls the state from
// the one that told it.
//
// Invariants:
// - a node never votes or acknowledges in a generation that it has left: the memory of that outlives the data;
// - the state at a seal is kept by every old voter that has it until all the next voters have entered;
// - a voter has entered when its new term, log and state are durable, not before.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "storage/change_journal.hpp"
#include "storage/generation.hpp"
#include "storage/shard.hpp"
#include "storage/state_import.hpp"

namespace troupe::storage {

// What a node pulls for; they do not disturb each other. On the wire: never renumber.
enum class state_purpose : std::uint8_t {
  replica = 0,
  backup = 1,
  ahead = 2,    // of a seal: what changes from then on follows
  changes = 3,  // no snapshot, but what has changed since
};

// The state that a member wants: of that generation, at that point or later.
struct state_request {
  node_id from;
  troupe::generation generation;
  snapshot_point point = {};
  std::uint64_t number = 0;  // of this pull on this member
  state_purpose purpose = state_purpose::replica;
  journal_place place = {};  // where the changes begin, or go on once it has been pulled
};

class member_host : public shard_host {
 public:
  // May be lost, doubled, reordered.
  virtual void send_generation(node_id to, std::string message) = 0;
  // Fetch it into column::incoming (state_transfer.hpp), then call pulled() or pull_failed(). A later request makes an
  // earlier one void.
  virtual void pull_state(const state_request& wanted) = 0;
  // Call import_more() soon, not at once: there is a step to do, and other things may come between.
  virtual void import_soon() = 0;
  // The shard has this generation here now, or none.
  virtual void generation_changed(troupe::generation now, const std::vector<node_id>& voters) = 0;

  // Members pull by pull_state().
  void pull_snapshot(node_id, const snapshot_point&) final;
};

enum class member_phase : std::uint8_t { vacant, pulling, voting, entering, retired };
std::string_view to_string(member_phase p);

class member final : private shard_host {
 public:
  // config.raft.voters: the founders, who make generation 1 if this node holds nothing; empty on a node that joined.
  member(shard_config config, kv& store, const machine_set& machines, member_host& host,
         replica_guards guards = {});
  ~member();

  result<done> start(instant now);
  void tick(instant now);
  std::uint64_t next_timeout_ms() const;

  // As of storage::shard. Without a replica here, a request fails with errc::not_leader.
  void propose(instant now, request_id id, std::string command);
  void read(instant now, read_id id);
  result<term> transfer(instant now, node_id to);
  // The connection to 'peer' is gone.
  void lost(instant now, node_id peer);
  void refuse_writes(std::optional<failure> why);
  void write_out();
  void written(instant now, write_ticket ticket);
  void write_failed(const failure& why);

  void receive(instant now, node_id from, std::string_view raft_message);
  void receive_generation(instant now, node_id from, std::string_view message);
  // That many chunks are in the store.
  void pulled(instant now, const state_request& wanted, std::uint64_t chunks);
  void import_more(instant now);
  void pull_failed(instant now, const state_request& wanted);
  // A seal may make this node a voter, which holds nothing yet: it pulls the state of that generation ahead of it, and follows
  // what changes, for as long as it is told so again.
  void learn(instant now, node_id from, troupe::generation of);
  // How far it is: nothing where it does not learn. Index 0: it is still pulling.
  struct learnt {
    troupe::generation of;
    log_index reached;
  };
  std::optional<learnt> learning() const;
  // What those who learn from here follow by.
  change_journal& journal() { return journal_; }
  // The records here can serve that request now.
  bool can_give(const state_request& wanted) const;

  shard_id id() const { return config_.raft.shard; }
  member_phase phase() const { return phase_; }
  // Of the replica, or of the one that this node waits to enter or has left.
  generation current() const { return generation_; }
  const std::vector<node_id>& voters() const { return voters_; }
  // The same, or of a node that has no part in the shard any more: who votes as far as it knows.
  const std::vector<node_id>& known_voters() const {
    return voters_.empty() && change_ ? change_->voters : voters_;
  }
  const std::optional<failure>& fault() const { return fault_; }
  // Null unless voting.
  const storage::shard* replica() const { return shard_.get(); }
  // The records here are those of this replica: not while another state takes their place.
  bool readable() const { return shard_ && !import_; }
  bool importing() const { return import_.has_value(); }
  // Others may not have entered yet.
  bool settled() const { return phase_ == member_phase::vacant || !change_; }

 private:
  // shard_host: what the replica of this generation wants
  void write(std::unique_ptr<kv_batch> batch, write_ticket ticket) override;
  void send(node_id to, std::string message) override { host_.send(to, std::move(message)); }
  void applied(log_index at, term of, std::string_view changes) override { host_.applied(at, of, changes); }
  void take_digest(log_index at) override { host_.take_digest(at); }
  void replied(request_id id, result<std::string> reply) override { host_.replied(id, std::move(reply)); }
  void published(std::string feed) override { host_.published(std::move(feed)); }
  void role_changed(raft_role role, term at, node_id leader) override {
    host_.role_changed(role, at, leader);
  }
  void read_ready(read_id id) override { host_.read_ready(id); }
  void read_failed(read_id id) override { host_.read_failed(id); }
  void pull_snapshot(node_id from, const snapshot_point& point) override;
  void halted(const failure& why) override;
  std::pair<std::uint64_t, std::uint64_t> entropy() override { return host_.entropy(); }

  result<done> open(instant now);
  write_ticket write_own(std::unique_ptr<kv_batch> batch);
  void after(instant now);
  void take_over(instant now, generation_change next);
  void enter(const generation_change& next, std::unique_ptr<kv_batch> batch);
  void retire(instant now, generation_change next);
  void give_up(const generation_change& without);
  void close_shard();
  void enter_again();
  void pull(instant now, node_id from, const generation_change& wanted);
  void want(state_request wanted);
  void stop_pulling(instant now);
  void import_written();
  void finish_import(instant now);
  bool waits_for_state() const { return wanted_ || import_ || learning_; }
  void ask_for_source(instant now);
  // --- ahead of a seal (member_learning.cpp)
  void learn_on(instant now);
  void learnt_pulled(instant now, const state_request& wanted, std::uint64_t chunks);
  void learnt_import(instant now);
  void learnt_some(instant now);
  void stop_learning(instant now);
  result<done> erase_leftovers();
  void began(instant now, node_id from, const generation_change& change);
  void entered(instant now, node_id from, generation which);
  void catch_up(instant now, node_id from, const generation_change& change);
  bool finish(const generation_change& change);
  void announce(instant now);
  void tell(node_id to, generation_change change);
  bool tells() const;
  bool stands_in(generation g) const;

  shard_config config_;
  kv& store_;
  const machine_set& machines_;
  member_host& host_;
  replica_guards guards_;

  member_phase phase_ = member_phase::vacant;
  troupe::generation generation_;  // 0: never had a part
  std::vector<node_id> voters_;
  std::unique_ptr<storage::shard> shard_;
  std::optional<failure> fault_;
  std::optional<failure> refusing_;

  // How this generation began, or the next one of a retired node, while not all its voters are known to be in it; of a
  // vacant node: the generation without it.
  std::optional<generation_change> change_;
  std::set<node_id> entered_;  // of its voters, as far as is known
  std::uint64_t announce_at_ms_ = 0;
  std::map<node_id, std::uint64_t> told_ms_;  // who spoke in an old generation, and when it was told

  std::uint64_t tickets_ = 0;  // given to the host
  std::deque<std::pair<write_ticket, write_ticket>>
      lanes_;  // the replica's among them: the host's number, its own
  std::optional<write_ticket> entering_;
  std::optional<generation_change> finishing_;  // begins at an entry here that is still being written
  // The records are being replaced: the next chunk to take, 0 until the mark is durable.
  struct running_import {
    state_import what;
    std::uint64_t next = 0;
    std::optional<write_ticket> mark;
  };
  std::optional<running_import> import_;
  std::optional<state_request> wanted_;
  std::optional<write_ticket> pull_after_;  // an earlier write may erase what a pull brings
  std::optional<generation_change> pulling_;
  member_phase before_pulling_ = member_phase::vacant;
  // Ahead of a seal: of a vacant node, or of one that pulls and has begun before.
  struct learner {
    node_id from;
    troupe::generation of;
    journal_place place = {};  // of the changes that come next
    log_index reached = {};    // what the records here are; 0: nothing yet
    state_import import = {};  // under way while chunks is not 0
    std::uint64_t next = 0;    // chunk
    std::uint64_t ask_at_ms = 0, until_ms = 0;
    int rounds = 0;  // since the seal is known
  };
  std::optional<learner> learning_;
  change_journal journal_;
  std::uint64_t pulls_ = 0;
};

}  // namespace troupe::storage

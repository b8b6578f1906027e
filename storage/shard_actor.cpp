#include "storage/shard_actor.hpp"

#include <sys/random.h>

#include <caf/all.hpp>

#include <chrono>
#include <variant>

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "protocol/message.hpp"
#include "protocol/schema/generation.capnp.h"
#include "protocol/schema/raft_message.capnp.h"
#include "protocol/wall_clock.hpp"
#include "storage/shard_client.hpp"
#include "storage/shard_digest.hpp"
#include "storage/shard_feed.hpp"
#include "storage/shard_pull.hpp"
#include "storage/shard_status.hpp"
#include "storage/snapshot.hpp"
#include "storage/state_job.hpp"

namespace troupe::storage {

namespace {

using namespace std::chrono;

using tick_atom = caf::atom_constant<caf::atom("tick")>;
using written_atom = caf::atom_constant<caf::atom("written")>;
using failed_atom = caf::atom_constant<caf::atom("failed")>;
using reopen_atom = caf::atom_constant<caf::atom("reopen")>;
using pulled_atom = caf::atom_constant<caf::atom("pulled")>;
using import_atom = caf::atom_constant<caf::atom("import")>;
using expire_atom = caf::atom_constant<caf::atom("expire")>;

constexpr auto reopen_after = seconds(1);
constexpr int resumes_max = 3;
// Leaders of all shards beat at the same moments, so that what goes to one node goes in one packet.
constexpr std::uint64_t beat_ms = 100;
constexpr std::uint64_t bytes_look_ms = 10'000;
// How long a leader may take to find a successor, when asked to or before it ends.
constexpr std::uint64_t hand_over_ms_max = 2'000;

instant clock_now() {
  return {
      static_cast<std::uint64_t>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()),
      steady_wall_us()};
}

failure disk_full() {
  return {errc::no_space, "the disk is full: make space, writes are taken again by themselves",
          milliseconds(5000)};
}

frame_kind kind_of(const frame& f) {
  auto opened = f.bytes.size() < envelope_bytes ? 0 : static_cast<unsigned char>(f.bytes[0]);
  return static_cast<frame_kind>(opened);
}

class shard_body final : public caf::event_based_actor, private member_host {
 public:
  shard_body(caf::actor_config& cfg, shard_config config, std::shared_ptr<const shard_surroundings> around)
      : caf::event_based_actor(cfg),
        config_(std::move(config)),
        around_(std::move(around)),
        feed_(*this, config_.raft.shard, config_.history),
        pull_(*this, config_.raft.shard),
        digest_(*this, config_.raft.shard) {
    set_down_handler([this](caf::down_msg& down) { feed_.leave(down.source); });
    set_default_handler(caf::drop);
  }

  const char* name() const override { return "shard"; }
  // Whoever still holds a handle must not keep the store's users alive.
  void on_exit() override {
    member_.reset();
    waiting_.clear();
    reading_.clear();
    feed_.clear();
    pull_.clear();
    giver_.clear();
    stopping_ = caf::response_promise();
    handing_over_ = caf::response_promise();
    around_.reset();
  }

 protected:
  caf::behavior make_behavior() override {
    open();
    if (around_->digests) digest_.begin(clock_now().mono_ms, around_->digest_every);
    return {
        [this](frame& f) { return on_frame(f); },
        [this](const local_call_ptr& call) { on_command(call, call->request); },
        [this](read_atom, frame& f) { return on_read(f); },
        [this](peek_atom, frame& f) { return answer(make_response_promise(), std::move(f)); },
        [this](follow_atom, const caf::actor& who) {
          monitor(who);
          feed_.follow(who, position());
        },
        [this](taken_atom, std::uint64_t bytes) {
          feed_.taken(caf::actor_cast<caf::actor_addr>(current_sender()), bytes, position());
        },
        [this](timers_atom, const caf::actor& who) { feed_.send_timers_to(who); },
        [this](peer_atom, std::uint64_t from, const frame& f) { on_peer(node_id(from), f); },
        [this](lost_atom, std::uint64_t peer) {
          member_->lost(clock_now(), node_id(peer));
          settle();
        },
        [this](ask_atom, std::uint64_t number) { pull_.ask(number); },
        [this](chunk_atom, std::uint64_t number, const frame& f) { pulled(pull_.answered(number, f)); },
        [this](pulled_atom, std::uint64_t instance, bool complete, std::uint64_t number) {
          if (instance == instance_) pulled(complete, number);
        },
        [this](import_atom, std::uint64_t instance) {
          if (instance != instance_) return;
          member_->import_more(clock_now());
          settle();
        },
        [this](give_atom, const state_asked& asked) { give(asked); },
        [this](expire_atom) { expire(); },
        [this](compare_atom) { compare(); },
        [this](digested_atom, std::uint64_t at, std::uint64_t digest, std::uint64_t took_ms) {
          digest_.taken(log_index(at), digest, took_ms);
        },
        [this](transfer_atom, std::uint64_t to) { return transfer(node_id(to)); },
        [this](learn_atom, std::uint64_t from, std::uint64_t of) {
          member_->learn(clock_now(), node_id(from), troupe::generation(of));
          settle();
        },
        [this](written_atom, std::uint64_t instance, std::uint64_t ticket) {
          if (instance != instance_) return;
          member_->written(clock_now(), write_ticket(ticket));
          settle();
        },
        [this](failed_atom, std::uint64_t instance, std::uint16_t code, const std::string& detail) {
          if (instance != instance_) return;
          member_->write_failed({static_cast<errc>(code), detail});
          settle();
        },
        [this](tick_atom) {
          armed_for_ = 0;
          member_->tick(clock_now());
          settle();
        },
        [this](reopen_atom) { reopen(); },
        [this](stop_atom) {
          stopping_ = make_response_promise();
          stop_by_ms_ = clock_now().mono_ms + hand_over_ms_max;
          delayed_send(this, milliseconds(hand_over_ms_max), tick_atom::value);
          settle();
        },
    };
  }

 private:
  // --- opening, and opening again after a failed write

  void open() {
    ++instance_;
    pull_.clear();
    lane_ = around_->writer.open(config_.raft.shard);
    member_ = std::make_unique<member>(config_, around_->store, around_->machines,
                                       static_cast<member_host&>(*this));
    auto started = member_->start(clock_now());
    if (!started) {
      spdlog::error("shard {} did not start: {}", config_.raft.shard.value, started.error().detail);
      member_->write_failed(started.error());
    }
    settle();
  }

  void reopen() {
    bool low = around_->space.is_low(clock_now().mono_ms);
    auto resumed = low ? troupe::result<storage::done>(disk_full()) : around_->store.resume();
    if (!resumed) {
      bool waits = low || resumed.error().code == errc::in_flight;
      resumes_failed_ = waits ? 0 : resumes_failed_ + 1;
      if (resumes_failed_ >= resumes_max && around_->store_lost) around_->store_lost(resumed.error());
      delayed_send(this, reopen_after, reopen_atom::value);
      return;
    }
    resumes_failed_ = 0;
    spdlog::info("shard {} takes up again", config_.raft.shard.value);
    feed_.hold();
    open();
    feed_.tell_all(position());
  }

  void halted(const failure& why) override {
    spdlog::error("shard {} halted: {}", config_.raft.shard.value, why.detail);
    if (around_->leader_changed && member_->replica())
      around_->leader_changed(config_.raft.shard, member_->current(), member_->replica()->status().term, {});
    if (why.code == errc::no_space || why.code == errc::internal)
      delayed_send(this, reopen_after, reopen_atom::value);
  }

  // --- commands

  caf::result<frame> on_frame(frame& f) {
    auto promise = make_response_promise();
    if (auto command = f.open(frame_kind::command)) {
      std::string copy(*command);
      on_command(promise, copy);
    } else {
      promise.deliver(reply_of(command.error()));
    }
    return promise;
  }

  // Who waits for the answer to a command: another actor, or a thread of the edge.
  using asker = std::variant<caf::response_promise, local_call_ptr>;

  static void answer_command(asker& to, troupe::result<std::string> reply) {
    if (auto* call = std::get_if<local_call_ptr>(&to))
      return (*call)->answer(outcome_of_reply(std::move(reply)));
    std::get<caf::response_promise>(to).deliver(reply ? frame::of(frame_kind::reply, *reply)
                                                      : reply_of(reply.error()));
  }

  void on_command(asker from, std::string& command) {
    if (stopping_.pending()) {
      answer_command(from, stopping());
    } else {
      auto now = clock_now();
      bool low = around_->space.is_low(now.mono_ms);
      // While the store still takes it: reads go on when the disk is full.
      if (low) member_->write_out();
      member_->refuse_writes(low ? std::optional(disk_full()) : std::nullopt);
      request_id id(++requests_);
      waiting_.emplace(id, std::move(from));
      member_->propose(now, id, std::move(command));
    }
    settle();
  }

  void replied(request_id id, troupe::result<std::string> reply) override {
    auto it = waiting_.find(id);
    if (it == waiting_.end()) return;
    auto who = std::move(it->second);
    waiting_.erase(it);
    answer_command(who, std::move(reply));
  }

  std::pair<std::uint64_t, std::uint64_t> entropy() override {
    std::uint64_t bits[2] = {};
    must(::getrandom(bits, sizeof bits, 0) == sizeof bits, "the kernel gives random bits");
    return {bits[0], bits[1]};
  }

  void write(std::unique_ptr<kv_batch> batch, write_ticket ticket) override {
    caf::actor self(this);
    // A thread that waits for the disk is no loss where another goes on.
    auto where =
        system().scheduler().num_workers() > 1 ? log_writer::may_write::here : log_writer::may_write::there;
    around_->writer.write(lane_, std::move(batch), where,
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
    member_->read(clock_now(), id);
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
        query_result_of(member_ && member_->fault()
                            ? failure{errc::unavailable, "this shard has halted: " + member_->fault()->detail}
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
    if (reader.root<schema::Query>().which() == schema::Query::STATUS) {
      promise.deliver(frame::of(frame_kind::query_result, status()));
      return promise;
    }
    if (!member_->readable() && !member_->fault()) {
      promise.deliver(query_result_of({errc::not_leader, "this node holds no replica of the shard", {}}));
      return promise;
    }
    // Halted or not: what the store shows may be read.
    member_->write_out();
    promise.delegate(around_->queries, config_.raft.shard.value, config_.history.value, stale_ms(),
                     std::move(query));
    return promise;
  }

  // What the records show may be that old.
  std::uint32_t stale_ms() const {
    auto* replica = member_->replica();
    if (!replica) return UINT32_MAX;
    auto s = replica->status();
    if (s.role == raft_role::leader && !member_->fault()) return 0;
    auto age = clock_now().mono_ms - std::min(clock_now().mono_ms, s.fresh_ms);
    return static_cast<std::uint32_t>(s.fresh_ms == 0 ? UINT32_MAX
                                                      : std::min<std::uint64_t>(age, UINT32_MAX));
  }

  // Seldom looked at: it changes slowly, and whoever asks for the status asks often.
  std::uint64_t bytes() {
    auto now = clock_now().mono_ms;
    if (bytes_looked_ms_ == 0 || now >= bytes_looked_ms_ + bytes_look_ms) {
      bytes_ = about_bytes(around_->store, config_.raft.shard);
      bytes_looked_ms_ = now;
    }
    return bytes_;
  }

  std::string status() {
    return encode_status({config_, *member_, digest_, member_->replica() ? bytes() : 0, pull_.bytes()});
  }

  // --- the feed

  event_seq last_seq() const { return member_->replica() ? member_->replica()->last_seq() : event_seq(); }
  shard_feed::position position() const {
    return {member_->replica() ? member_->replica()->applied() : log_index(), last_seq()};
  }
  void published(std::string feed) override { feed_.publish(feed); }

  // --- between replicas

  void on_peer(node_id from, const frame& f) {
    auto kind = kind_of(f);
    auto message = f.open(kind);
    if (!message) return;
    if (kind == frame_kind::raft)
      member_->receive(clock_now(), from, *message);
    else if (kind == frame_kind::generation_message)
      member_->receive_generation(clock_now(), from, *message);
    settle();
  }

  void post(node_id to, frame_kind kind, const std::string& message) {
    if (around_->peers) around_->peers->post(to, traffic::consensus, frame::of(kind, message));
  }
  void send(node_id to, std::string message) override { post(to, frame_kind::raft, message); }
  using caf::event_based_actor::send;
  void send_generation(node_id to, std::string message) override {
    post(to, frame_kind::generation_message, message);
  }

  void role_changed(raft_role role, term at, node_id leader) override {
    spdlog::debug("shard {}: role {} in term {}, leader {}", config_.raft.shard.value, static_cast<int>(role),
                  at.value, leader.value);
    if (around_->leader_changed) around_->leader_changed(config_.raft.shard, member_->current(), at, leader);
  }

  // --- state, pulled and given

  void pull_state(const state_request& wanted) override {
    pulled(pull_.begin(around_->peers, around_->store, wanted));
  }

  // Not within a call of the member, which may have asked for it.
  void pulled(shard_pull::progress how) {
    if (how != shard_pull::progress::going)
      send(this, pulled_atom::value, instance_, how == shard_pull::progress::complete, pull_.wanted().number);
  }

  void pulled(bool complete, std::uint64_t number) {
    auto wanted = pull_.wanted();
    if (wanted.number != number) return;
    complete ? member_->pulled(clock_now(), wanted, pull_.chunks())
             : member_->pull_failed(clock_now(), wanted);
    settle();
  }

  void import_soon() override {
    if (around_->store.is_flushing())
      delayed_send(this, flush_pause, import_atom::value, instance_);
    else
      send(this, import_atom::value, instance_);
  }

  void give(const state_asked& asked) {
    auto refuse = [&](const failure& why) {
      asked.reply(frame::of(frame_kind::state_answer, refuse_state(why.detail)));
    };
    auto opened = asked.question.open(frame_kind::state_question);
    if (!opened) return refuse(opened.error());
    auto question = decode_state_question(*opened);
    if (!question) return refuse(question.error());
    if (question->shard != config_.raft.shard)
      return refuse({errc::invalid_argument, "that is another shard", {}});
    if (question->purpose == state_purpose::changes) {
      auto answer = answer_changes(*question, asked.from, *member_, clock_now().mono_ms);
      settle();
      return asked.reply(frame::of(frame_kind::state_answer, answer));
    }
    auto held = giver_.accept(*question, asked.from, *member_, around_->store, clock_now().mono_ms,
                              entropy().first | 1);
    settle();
    if (!held) return refuse(held.error());
    send(around_->queries, give_atom::value,
         state_job{std::move(*question), held->first, held->second, asked.reply});
    if (giver_.held() == 1) delayed_send(this, milliseconds(state_idle_ms_max), expire_atom::value);
  }

  void expire() {
    giver_.expire(clock_now().mono_ms);
    if (giver_.held() != 0) delayed_send(this, milliseconds(state_idle_ms_max), expire_atom::value);
  }

  void generation_changed(troupe::generation now, const std::vector<node_id>& voters) override {
    spdlog::debug("shard {}: generation {} of {} voters", config_.raft.shard.value, now.value, voters.size());
    // Also of what a node comes back with after it was replaced.
    if (now.value == 0 && member_ && member_->phase() == member_phase::vacant)
      spdlog::info(
          "shard {}: this node has no part in it any more, since generation {}; its copy is given up",
          config_.raft.shard.value, member_->current().value);
    tell_voters();
  }

  // Also what a node without a replica has learnt from those that have one.
  void tell_voters() {
    if (!member_ || told_voters_ >= member_->current() || member_->known_voters().empty()) return;
    told_voters_ = member_->current();
    if (around_->voters_changed)
      around_->voters_changed(config_.raft.shard, told_voters_, member_->known_voters());
  }

  // --- digests

  // Who has nobody to compare with needs none.
  void take_digest(log_index at) override {
    if (around_->digests && member_->voters().size() > 1) digest_.take(*around_->digests, around_->store, at);
  }

  void compare() {
    digest_.look_again();
    auto now = clock_now();
    bool alone = member_->voters().size() < 2;
    if (alone || !leads() || stopping_.pending()) return;
    if (!digest_.is_due(now.mono_ms, member_->current(), member_->replica()->applied())) return;
    digest_.asked(now.mono_ms, member_->current());
    member_->propose(now, request_id(++requests_), shard_digest::command());
    settle();
  }

  // --- handing leadership over

  bool leads() const {
    auto* replica = member_->replica();
    return replica && !member_->fault() && replica->status().role == raft_role::leader;
  }

  // The voter with most of the log among those that can be reached.
  node_id successor() const {
    node_id best;
    for (auto v : member_->voters()) {
      if (v == config_.raft.self || !around_->peers || !around_->peers->is_connected(v)) continue;
      if (best.value == 0 || member_->replica()->match_of(v) > member_->replica()->match_of(best)) best = v;
    }
    return best;
  }

  caf::result<frame> transfer(node_id to) {
    auto promise = make_response_promise();
    auto refuse = [&](const failure& why) {
      promise.deliver(reply_of(why));
      return promise;
    };
    if (handing_over_.pending()) return refuse({errc::conflict, "leadership is already being handed over"});
    if (!leads()) return refuse({errc::not_leader, "another node leads this shard", milliseconds(100)});
    if (to.value == 0) to = successor();
    if (to.value == 0)
      return refuse({errc::unavailable, "no other voter of this shard can be reached", milliseconds(1000)});
    auto begun = member_->transfer(clock_now(), to);
    if (!begun) return refuse(begun.error());
    handing_over_ = promise;
    hand_over_by_ms_ = clock_now().mono_ms + hand_over_ms_max;
    delayed_send(this, milliseconds(hand_over_ms_max), tick_atom::value);
    settle();
    return promise;
  }

  void settle_hand_over(std::uint64_t now_ms) {
    if (!handing_over_.pending()) return;
    if (!leads())
      handing_over_.deliver(frame::of(frame_kind::reply, done_reply()));
    else if (now_ms >= hand_over_by_ms_)
      handing_over_.deliver(reply_of(
          {errc::timed_out, "that node did not take over: is it well and up to date?", milliseconds(1000)}));
  }

  failure stopping() const {
    if (member_->voters().size() > 1)
      return {errc::not_leader, "this node is stopping: send to another", milliseconds(50)};
    return {errc::unavailable, "this node is stopping: send again", milliseconds(500)};
  }

  // Ends when nothing is in flight and another node leads, or when that takes too long.
  void settle_stop(std::uint64_t now_ms) {
    if (!stopping_.pending()) return;
    bool shared = member_->voters().size() > 1;
    bool late = shared && now_ms >= stop_by_ms_;
    if (!late && !waiting_.empty()) return;
    if (!late && shared && leads()) {
      auto to = successor();
      // A transfer that is under way is refused: it goes on.
      if (to.value != 0) static_cast<void>(member_->transfer(clock_now(), to));
      if (to.value != 0 && leads()) return;
    }
    // The store is flushed when it closes: then the next start has nothing to apply again.
    member_->write_out();
    stopping_.deliver(stop_atom::value);
  }

  // --- after every message: timers, and the end

  void settle() {
    auto now = clock_now().mono_ms;
    settle_hand_over(now);
    settle_stop(now);
    tell_voters();
    // A leader without others has nobody to beat to and nobody to miss.
    bool alone = member_->settled() && member_->voters().size() == 1;
    if (alone && leads()) return;
    auto due = member_->next_timeout_ms();
    if (due == ~std::uint64_t{0}) return;
    if (leads()) due = (due + beat_ms - 1) / beat_ms * beat_ms;
    if (armed_for_ != 0 && armed_for_ <= due) return;
    armed_for_ = due;
    delayed_send(this, milliseconds(due > now ? due - now : 0), tick_atom::value);
  }

  shard_config config_;
  std::shared_ptr<const shard_surroundings> around_;
  std::unique_ptr<member> member_;
  int resumes_failed_ = 0;      // in a row, with room on the disk
  std::uint64_t instance_ = 0;  // of member_: completions for an earlier one are dropped
  log_lane lane_;
  std::uint64_t requests_ = 0, reads_ = 0;
  std::uint64_t armed_for_ = 0;
  std::map<request_id, asker> waiting_;
  std::map<read_id, std::pair<caf::response_promise, frame>> reading_;
  shard_feed feed_;
  shard_pull pull_;
  state_giver giver_;
  shard_digest digest_;
  troupe::generation told_voters_;
  caf::response_promise handing_over_, stopping_;
  std::uint64_t hand_over_by_ms_ = 0, stop_by_ms_ = 0;
  std::uint64_t bytes_ = 0, bytes_looked_ms_ = 0;
};

}  // namespace

caf::actor spawn_shard(caf::actor_system& system, shard_config config,
                       std::shared_ptr<const shard_surroundings> around) {
  return system.spawn<shard_body>(std::move(config), std::move(around));
}

}  // namespace troupe::storage

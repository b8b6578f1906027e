// The way of a request from an edge, or from another node, to the shard or entity that answers it: on this node, or by a
// question to the node that leads the shard. Asks again, within the deadline, when a leader is lost. Pure: its host brings
// time and answers, and carries out what it asks; it belongs to the host's thread. In a node that is the gateway's actor.
//
//   take --> attempt --> here, or a peer --> answered: done
//               ^                |
//               |                v in doubt
//               +---- probe --- line of the shard --> deadline: done
//
// Invariants:
// - a call is answered once, at its deadline at the latest;
// - a command of which it is not known whether it took effect is sent again only under an identity: see identity.hpp;
// - while the leader of a shard is not known, its calls wait here, and one of them at a time tries;
// - what a peer is asked is bounded (peer_links); what comes from a peer is served here, or passed on once.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/client.hpp"
#include "actors/runtime/peer_links.hpp"
#include "actors/runtime/route.hpp"
#include "protocol/limits.hpp"

namespace troupe {

struct shard_call {
  shard_id shard;
  request_kind kind = request_kind::command;
  bool for_shard = false;  // a command that need not pass the router
  frame request;
  std::chrono::milliseconds wait;
  client::answer done;
  // Of a question from another node: gets the answer as it is, and 'done' is empty.
  std::function<void(frame)> served;
  bool again = false;
  std::uint8_t relays = 2;

  // The dispatch's own.
  std::chrono::steady_clock::time_point deadline = {};
  std::uint32_t tries = 0;
  bool is_trying = false;
  bool is_unknown = false;    // an earlier try may have taken effect
  bool is_elsewhere = false;  // this node's replica cannot show its state
  bool has_identity = false;
  failure last = {};
};
using call_ptr = std::shared_ptr<shard_call>;

// Of a peer's question; its answer goes to 'reply', with the shard's place as this node knows it then.
call_ptr call_of(shard_question question, const shard_directory& directory, network::reply_to reply);

// What a cluster adds; null members when the node is alone.
struct gateway_peers {
  network* peers = nullptr;
  shard_directory* directory = nullptr;
  std::shared_ptr<peer_links> links;
};

class dispatch_host {
 public:
  virtual ~dispatch_host() = default;

  virtual std::chrono::steady_clock::time_point now() const = 0;
  // Asks the shard or the entity on this node, then calls answered() or failed(), not within this call. 'again': the
  // command may have taken effect before.
  enum class asked : std::uint8_t { first, again };
  virtual void ask_here(const call_ptr& call, frame request, asked how) = 0;
  // Takes a peer's answer on any thread, and brings it to peer_answered() if the host still lives.
  virtual std::function<void(result<frame>)> mailbox(const call_ptr& call) = 0;
  // Then probe(), repeat() and sweep().
  virtual void probe_after(std::chrono::milliseconds wait, shard_id shard) = 0;
  virtual void repeat_after(std::chrono::milliseconds wait, const call_ptr& call) = 0;
  virtual void sweep_after(std::chrono::milliseconds wait) = 0;
  // As of identity.hpp.
  virtual std::string draw_text() = 0;
};

class dispatch {
 public:
  dispatch(dispatch_host& host, std::uint16_t shards, gateway_peers cluster, unsigned seed,
           std::chrono::milliseconds wait_max = std::chrono::milliseconds(limits::command_deadline_ms));

  static constexpr auto sweep_every = std::chrono::milliseconds(1000);

  void take(const call_ptr& call);
  // What this node's shard or entity said, or that it did not.
  void answered(const call_ptr& call, const frame& answer) { on_answer(call, answer, origin::here); }
  void failed(const call_ptr& call, const failure& why) { on_failure(call, why); }
  void peer_answered(const call_ptr& call, const result<frame>& got);
  // More is known of the shard: all that wait try.
  void place_changed(shard_id shard);
  void probe(shard_id shard);
  void repeat(const call_ptr& call) { attempt(call); }
  void sweep();
  // Nothing is answered any more.
  void clear();

  // What a call is told that may have taken effect.
  static failure no_answer();

 private:
  enum class origin : std::uint8_t { here, peer };

  // The calls of a shard whose leader is in doubt.
  struct line {
    bool in_doubt = false;
    bool is_armed = false;
    std::chrono::milliseconds pause{0};
    std::deque<call_ptr> waiting;
  };

  route choose(const shard_call& call);
  bool is_alone(shard_id shard) const;
  void attempt(const call_ptr& call);
  bool identify(shard_call& call);
  void ask_here(const call_ptr& call);
  void ask_peer(const call_ptr& call, node_id who, std::uint8_t relays);
  void on_answer(const call_ptr& call, const frame& f, origin from);
  void on_failure(const call_ptr& call, const failure& why);
  static void finish(shard_call& call, result<std::string> answer);
  void wait(const call_ptr& call);
  void arm(shard_id shard);
  void refuse_all(shard_id shard, const call_ptr& first, const failure& why);
  void sound(shard_id shard);

  dispatch_host& host_;
  const gateway_peers cluster_;
  const std::chrono::milliseconds wait_max_;
  std::vector<line> lines_;
  std::minstd_rand random_;
  std::size_t turns_ = 0;
  // In the order of their deadlines; those that were answered fall out when they are the oldest.
  std::deque<std::pair<std::chrono::steady_clock::time_point, std::weak_ptr<shard_call>>> open_;
  bool sweeping_ = false;
};

}  // namespace troupe

// The conversation with one peer, without what carries it: posts, questions and answers in both directions, within the room
// that each side gives the other. Its link (link.hpp) sends what comes out of next_packet() and brings what arrives.
//
// Invariants:
// - a question is settled once: by its answer, its deadline, or the end of the session, and never before ask() has returned;
// - packets of a session come in order and without gap, or the session ends; those of another session are dropped;
// - room is given back when a handler has returned from a post, or a question has been answered or let go.
// Thread-safe; handlers, listeners and answers are called on the link's thread, without the lock.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "node/cluster/peer_packet.hpp"

namespace troupe::node {

// Who takes what comes from peers. Complete before the first session.
struct peer_handlers {
  std::map<frame_kind, std::function<void(node_id, frame)>> posts;
  std::map<frame_kind, std::function<void(node_id, frame, network::reply_to)>> asks;
  std::vector<std::function<void(node_id, peer_event)>> listeners;
};

struct peer_counters {
  std::uint64_t packets_sent = 0, packets_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;  // of packets
  std::uint64_t frames_sent = 0, frames_received = 0;
  std::uint64_t no_room = 0;  // frames refused or dropped because the peer did not keep up
};

class peer_channel : public std::enable_shared_from_this<peer_channel> {
 public:
  using clock = std::chrono::steady_clock;

  // 'wake' makes the link call work() soon; called from any thread, without the lock.
  // 'now' tells the deadlines of questions.
  peer_channel(node_id peer, std::shared_ptr<const peer_handlers> handlers, const outbox_limits& limits = {},
               std::function<clock::time_point()> now = clock::now);
  void on_work(std::function<void()> wake);

  node_id peer() const { return peer_; }
  bool is_connected() const;
  peer_counters counters() const;
  std::size_t waiting_bytes() const;

  // --- from any thread

  void post(traffic kind, frame message);
  // False: it is over here, and 'done' was left alone.
  bool ask(traffic kind, frame& question, std::chrono::milliseconds deadline, network::answer& done);

  // --- by the link

  void begin(std::uint64_t session);
  void end(const failure& why);
  // Nothing is taken any more: ask() says false.
  void close(const failure& why);

  // What is to be sent now; nothing: wait for the next wake.
  std::optional<frame> next_packet();
  // A failure ends the session.
  result<bool> take(const frame& packet);
  // Settles what was refused and what is too late; when to come back, if there is anything.
  std::optional<clock::time_point> settle_due();

 private:
  struct asked {
    network::answer done;
    clock::time_point deadline;
  };
  struct ticket;

  void wake();
  void take_one(std::uint64_t session, peer_frame f);
  void take_answer(peer_frame f);
  void answer(std::uint64_t session, traffic kind, std::uint64_t number, std::size_t charge,
              std::optional<frame> with);
  bool owes_room() const;  // with the lock held

  const node_id peer_;
  const std::shared_ptr<const peer_handlers> handlers_;
  const std::function<clock::time_point()> now_;
  std::function<void()> wake_;

  mutable std::mutex mutex_;
  bool closed_ = false, woken_ = false;
  std::uint64_t session_ = 0;  // 0: none
  std::uint64_t sent_ = 0, received_ = 0;
  outbox out_;
  room taken_{};
  std::uint64_t arrived_ = 0;
  std::uint64_t last_question_ = 0;
  std::map<std::uint64_t, asked> questions_;
  std::multimap<clock::time_point, std::uint64_t> deadlines_;
  std::vector<std::pair<network::answer, failure>> refused_;
  peer_counters counters_;
};

}  // namespace troupe::node

// What one node tells another of who is here, one message at a time, and how the other one follows. Pure.
//
//   teller, for each peer:   [0: everyone, by number] [1: more of them] ... [n: who came, who went]
//   listener, for each peer: takes what follows, and asks to begin anew for anything else
//
// Invariants:
// - the next message is made when the last one has been acknowledged; after a failure the stream begins anew;
// - nobody is told of twice in a stream, and of who went before the peer was told of it, nothing is told at all;
// - a message is bounded, and so is what waits to be told: beyond the bound the stream begins anew, which needs no memory.
#pragma once

#include <map>
#include <optional>

#include "actors/presence/session.hpp"

namespace troupe {

inline constexpr std::size_t present_sessions_max = 50'000;

// The sessions at this node's edge.
class presence_roster {
 public:
  void came(present_session who);
  // False if it is not known.
  bool went(std::uint64_t number) { return here_.erase(number) != 0; }
  const std::map<std::uint64_t, present_session>& here() const { return here_; }

 private:
  std::map<std::uint64_t, present_session> here_;
};

struct presence_message {
  std::uint64_t stream = 0, number = 0;
  std::vector<present_session> came;
  std::vector<std::uint64_t> gone;

  bool operator==(const presence_message&) const = default;
};

// To one peer.
class presence_stream {
 public:
  // 'streams': how many this node has begun, to all its peers; outlives this.
  explicit presence_stream(std::uint64_t& streams) : streams_(streams), stream_(++streams) {}

  void went(std::uint64_t number);
  // Nothing while one is under way, or when the peer knows all.
  std::optional<presence_message> next(const presence_roster& roster);
  // The answer to the message of that stream; a later stream does not listen to it.
  void acknowledged(std::uint64_t stream);
  void failed(std::uint64_t stream);

 private:
  void begin_anew();

  std::uint64_t& streams_;
  std::uint64_t stream_;         // no other one of this node has its number
  std::uint64_t number_ = 0;     // of the next message
  std::uint64_t told_upto_ = 0;  // of everybody up to there
  std::vector<std::uint64_t> gone_;
  bool is_under_way_ = false;
};

// From one peer.
class presence_ear {
 public:
  // Nothing if the message does not follow what was heard before.
  std::optional<presence_news> take(node_id from, presence_message m);

 private:
  std::optional<std::uint64_t> stream_;
  std::uint64_t next_ = 0;
};

}  // namespace troupe
